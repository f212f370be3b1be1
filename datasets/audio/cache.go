package audio

import (
	"os"
	"slices"
	"sync"
	"time"
)

// Cache keeps the frames of recordings in memory, so that what is heard again, in every pass of a training, is read and computed once.
// It changes no result: a file that has another size or time of change by then is read anew, and so is what there was no room for. It
// serves several goroutines at once, and any Features; NewCache makes one. The zero value and nil keep nothing.
type Cache struct {
	mu      sync.Mutex
	most    int64 // bytes
	taken   int64
	shelves map[Features]*shelf
}

// shelf has what belongs to the same features.
type shelf struct {
	kept map[string]*kept // by path
	idle []*hearer
}

// kept is what was heard in a file, as the file was before it was read.
type kept struct {
	size    int64
	changed time.Time
	values  []float32 // [T, F]
	long    time.Duration
}

// NewCache makes a cache of so many bytes: an hour of LogMel takes 115 MB. When it is full, it stays as it is, since a pass over more
// recordings than fit would drive out each of them before it comes again.
func NewCache(bytes int64) *Cache { return &Cache{most: bytes, shelves: map[Features]*shelf{}} }

// Hear gives the frames of a WAV or FLAC file, as Features.Hear does, which are the caller's own, and how long it is.
func (c *Cache) Hear(f Features, path string) (frames *Frames, long time.Duration, err error) {
	if c == nil || c.shelves == nil || f.check() != nil {
		h, err := newHearer(f)
		if err != nil {
			return nil, 0, err
		}
		return h.file(path)
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		info = nil // what is wrong with it, the reader says; a pipe is read as often as it is asked for
	}
	h, k := c.look(f, path, info)
	if k != nil {
		found := Frames{Width: f.Width(), Values: k.values}
		return found.clone(), k.long, nil
	}
	if h == nil {
		if h, err = newHearer(f); err != nil {
			return nil, 0, err
		}
	}
	if frames, long, err = h.file(path); err != nil {
		return nil, 0, err
	}
	frames = frames.clone()
	c.keep(f, path, kept{values: frames.Values, long: long}, info, h)
	return frames, long, nil
}

func (f *Frames) clone() *Frames {
	return &Frames{Width: f.Width, Values: append([]float32{}, f.Values...)}
}

// look finds what was heard in a file that is still the same, or who may hear it.
func (c *Cache) look(f Features, path string, info os.FileInfo) (*hearer, *kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.shelves[f]
	if s == nil {
		s = &shelf{kept: map[string]*kept{}}
		c.shelves[f] = s
	}
	if k := s.kept[path]; k != nil && info != nil && k.size == info.Size() && k.changed.Equal(info.ModTime()) {
		return nil, k
	}
	n := len(s.idle)
	if n == 0 {
		return nil, nil
	}
	h := s.idle[n-1]
	s.idle = s.idle[:n-1]
	return h, nil
}

// keep keeps a copy of what was heard, in place of what was heard before the file changed, if there is room. The hearer is free again.
func (c *Cache) keep(f Features, path string, one kept, info os.FileInfo, h *hearer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.shelves[f]
	if cap(h.frames) <= mostIdle {
		s.idle = append(s.idle, h)
	}
	if info == nil {
		return
	}
	if old, ok := s.kept[path]; ok {
		c.taken -= old.bytes(path)
		delete(s.kept, path)
	}
	if bytes := one.bytes(path); c.taken+bytes <= c.most {
		one.size, one.changed, one.values = info.Size(), info.ModTime(), slices.Clone(one.values)
		s.kept[path] = &one
		c.taken += bytes
	}
}

// mostIdle bounds what a hearer that is not used may hold, in frames' values.
const mostIdle = 1 << 20

// bytes is about what an entry takes.
func (k *kept) bytes(path string) int64 { return int64(4*len(k.values) + len(path) + 256) }
