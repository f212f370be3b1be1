package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"slices"

	"github.com/pkg/errors"
)

// filter is a step that a chunk went through when it was written.
type filter struct {
	id   uint16
	size int // shuffle: bytes of an element
}

// The filters that can be undone.
const (
	filterDeflate  = 1
	filterShuffle  = 2
	filterFletcher = 3
)

// filters reads the list of filters (section IV.A.2.l), in the order in which they were applied.
func filters(m []byte) ([]filter, error) {
	short := errors.New("its list of filters has no end")
	if len(m) < 2 || m[0] != 1 && m[0] != 2 {
		return nil, errors.New("its list of filters is not of version 1 or 2")
	}
	n, rest := int(m[1]), m[2:]
	if m[0] == 1 {
		if len(rest) < 6 {
			return nil, short
		}
		rest = rest[6:]
	}
	var out []filter
	for range n {
		if len(rest) < 8 {
			return nil, short
		}
		one, name, head := filter{id: binary.LittleEndian.Uint16(rest)}, 0, 8
		if m[0] == 1 || one.id >= 256 {
			name = int(binary.LittleEndian.Uint16(rest[2:]))
		} else {
			head = 6 // without the length of a name
		}
		values := int(binary.LittleEndian.Uint16(rest[head-2:]))
		used := head + name + 4*values
		if m[0] == 1 {
			used = head + (name+7)/8*8 + (4*values+7)/8*8
		}
		if used > len(rest) || head+name+4*values > len(rest) {
			return nil, short
		}
		switch {
		case one.id < filterDeflate || one.id > filterFletcher:
			return nil, errors.Errorf("its data went through filter %d, which is not supported; gzip, shuffle and fletcher32 are", one.id)
		case one.id == filterShuffle && values > 0:
			start := used - 4*values
			if m[0] == 1 {
				start = head + (name+7)/8*8
			}
			one.size = int(min(binary.LittleEndian.Uint32(rest[start:]), 64))
		}
		out, rest = append(out, one), rest[used:]
	}
	return out, nil
}

// chunked gathers data that is in chunks, which a version 1 B-tree lists (section III.A.1). Chunks that were never written
// hold zeros.
func (f *File) chunked(s storage, shape []int, size int) ([]byte, error) {
	rank := len(shape)
	if len(s.layout) < 11 || int(s.layout[2]) != rank+1 || len(s.layout) < 11+4*rank {
		return nil, errors.Errorf("chunks of another number of dimensions than shape %v", shape)
	}
	c := chunks{f: f, filters: s.filters, shape: shape, chunk: make([]int, rank), size: size}
	bytes := size
	for i := range c.chunk {
		c.chunk[i] = int(binary.LittleEndian.Uint32(s.layout[11+4*i:]))
		if c.chunk[i] < 1 || bytes > (decodedFixed+decodedTimes*len(f.data))/c.chunk[i] {
			return nil, errors.Errorf("chunks of %d in dimension %d", c.chunk[i], i)
		}
		bytes *= c.chunk[i]
	}
	c.bytes = bytes
	total := size
	for _, d := range shape {
		total *= d
	}
	c.out = make([]byte, total)
	root := binary.LittleEndian.Uint64(s.layout[3:])
	if root == undefined {
		return c.out, nil
	}
	f.seen = map[uint64]bool{}
	return c.out, c.walk(root, 1<<16)
}

// chunks is an array that is put together.
type chunks struct {
	f            *File
	filters      []filter
	shape, chunk []int
	size         int // bytes of an element
	bytes        int // of a whole chunk
	out          []byte
}

// walk visits a node of the tree. A key is the chunk's size in the file, a mask of filters that were left out, and the place
// of its first element.
func (c *chunks) walk(at uint64, above int) error {
	if err := c.f.first(at); err != nil {
		return err
	}
	head, err := c.f.bytes(at, 24)
	if err != nil {
		return err
	}
	level, n := int(head[5]), uint64(binary.LittleEndian.Uint16(head[6:]))
	if string(head[:4]) != "TREE" || head[4] != 1 || level >= above {
		return errors.Errorf("no node of a tree of chunks at %d", at)
	}
	key := uint64(8 + 8*(len(c.shape)+1))
	body, err := c.f.bytes(at+24, n*(key+8))
	if err != nil {
		return err
	}
	for ; len(body) > 0; body = body[key+8:] {
		child := binary.LittleEndian.Uint64(body[key:])
		if level > 0 {
			err = c.walk(child, level)
		} else {
			err = c.one(child, body[:key])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// one reads a chunk and puts it where it belongs.
func (c *chunks) one(at uint64, key []byte) error {
	data, err := c.f.bytes(at, uint64(binary.LittleEndian.Uint32(key)))
	if err != nil {
		return err
	}
	if err := c.f.take(c.bytes); err != nil {
		return err
	}
	skipped := binary.LittleEndian.Uint32(key[4:])
	for i, o := range slices.Backward(c.filters) {
		if i < 32 && skipped&(1<<i) != 0 {
			continue
		}
		if data, err = o.undo(data, c.bytes); err != nil {
			return err
		}
	}
	if len(data) != c.bytes {
		return errors.Errorf("a chunk of %d bytes; want %d", len(data), c.bytes)
	}
	start := make([]int, len(c.shape))
	for i := range start {
		v := binary.LittleEndian.Uint64(key[8+8*i:])
		if v >= uint64(c.shape[i]) {
			return errors.Errorf("a chunk at %d of %d in dimension %d", v, c.shape[i], i)
		}
		start[i] = int(v)
	}
	c.place(data, start, 0, 0)
	return nil
}

// place copies rows of a chunk, of which to is the place in the array and from that in the chunk up to dimension d, in
// elements.
func (c *chunks) place(data []byte, start []int, d, to int) {
	if d == len(c.shape) {
		copy(c.out[to*c.size:(to+1)*c.size], data)
		return
	}
	inner := len(data) / c.chunk[d]
	n := min(c.chunk[d], c.shape[d]-start[d])
	if d == len(c.shape)-1 {
		at := (to*c.shape[d] + start[d]) * c.size
		copy(c.out[at:at+n*c.size], data)
		return
	}
	for i := range n {
		c.place(data[i*inner:(i+1)*inner], start, d+1, to*c.shape[d]+start[d]+i)
	}
}

// undo turns a chunk into what it was before the filter.
func (o filter) undo(data []byte, most int) ([]byte, error) {
	switch o.id {
	case filterDeflate:
		r, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, errors.Wrap(err, "a compressed chunk")
		}
		out, err := io.ReadAll(io.LimitReader(r, int64(most)+5)) // with a checksum, and one byte too many
		return out, errors.Wrap(err, "a compressed chunk")
	case filterFletcher:
		if len(data) < 4 {
			return nil, errors.New("a chunk without its checksum")
		}
		return data[:len(data)-4], nil
	}
	if o.size < 2 {
		return data, nil
	}
	out, n := make([]byte, len(data)), len(data)/o.size
	for i := range n {
		for k := range o.size {
			out[i*o.size+k] = data[k*n+i]
		}
	}
	copy(out[n*o.size:], data[n*o.size:])
	return out, nil
}
