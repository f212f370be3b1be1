//go:build amd64 && !noasm && traffic

package kernel

// access is what is done with memory.
type access int

const (
	reads access = iota
	writes
)

// caches are those of one core: two levels, each of sets of lines of which the one used least recently makes room.
// They count what moves in whole lines. Prefetching moves the same lines at other times, and is left out.
type caches struct {
	first, second level

	// Lines that were read from the second level, and from beyond it; that were made for writing alone beyond it;
	// and that were written back there.
	fromSecond, fromBeyond, made, back int
}

const lineBytes = 64

// level is one cache. Ways of a set are in the order of their use, the latest first.
type level struct {
	ways, sets int
	lines      []cached
}

type cached struct {
	line  uintptr // its address divided by lineBytes; 0 for none
	dirty bool
}

func newCaches(firstBytes, firstWays, secondBytes, secondWays int) *caches {
	make := func(bytes, ways int) level {
		sets := bytes / lineBytes / ways
		return level{ways: ways, sets: sets, lines: make([]cached, ways*sets)}
	}
	return &caches{first: make(firstBytes, firstWays), second: make(secondBytes, secondWays)}
}

// access reads or writes n bytes.
func (c *caches) access(at, n uintptr, kind access) {
	for line := at / lineBytes; line <= (at+n-1)/lineBytes; line++ {
		hit, out := c.first.use(line, kind == writes)
		if out.dirty {
			if _, out = c.second.use(out.line, true); out.dirty {
				c.back++
			}
		}
		if hit {
			continue
		}
		hit, out = c.second.use(line, false)
		if out.dirty {
			c.back++
		}
		switch {
		case kind == writes && !hit:
			c.made++
		case kind == reads && !hit:
			c.fromBeyond++
			fallthrough
		case kind == reads:
			c.fromSecond++
		}
	}
}

// use brings a line to the front of its set. It tells whether it was there, and what had to go otherwise.
func (l *level) use(line uintptr, dirty bool) (hit bool, out cached) {
	at := int(line%uintptr(l.sets)) * l.ways
	set := l.lines[at : at+l.ways]
	n := len(set) - 1
	for i := range set {
		if set[i].line == line {
			hit, n = true, i
			dirty = dirty || set[i].dirty
			break
		}
	}
	if !hit {
		out = set[n]
	}
	copy(set[1:n+1], set[:n])
	set[0] = cached{line, dirty}
	return hit, out
}

// flush writes back what is still there.
func (c *caches) flush() {
	for _, x := range c.first.lines {
		if x.dirty {
			c.second.use(x.line, true)
		}
	}
	for _, x := range c.second.lines {
		if x.dirty {
			c.back++
		}
	}
}
