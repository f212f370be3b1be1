package hdf5

import (
	"encoding/binary"
	"slices"

	"github.com/pkg/errors"
)

// message is one message of an object header.
type message struct {
	kind   uint16
	shared bool // the data is elsewhere: a named datatype, say
	data   []byte
}

// block is a piece of an object header.
type block struct{ at, n uint64 }

// messages reads an object header, with its continuation blocks.
func (f *File) messages(at uint64) ([]message, error) {
	head, err := f.bytes(at, 16)
	if err != nil {
		return nil, err
	}
	switch {
	case head[0] == 1:
		return f.messages1(at, head)
	case string(head[:4]) == "OHDR" && head[4] == 2:
		return f.messages2(at, head[5])
	}
	return nil, errors.Errorf("no object header of version 1 or 2 at %d", at)
}

// messages1 reads a header of version 1 (section IV.A.1.a): 16 bytes, then messages whose heads have 8 bytes.
func (f *File) messages1(at uint64, head []byte) ([]message, error) {
	left := int(binary.LittleEndian.Uint16(head[2:]))
	blocks := []block{{at + 16, uint64(binary.LittleEndian.Uint32(head[8:]))}}
	var out []message
	for len(blocks) > 0 && left > 0 {
		data, err := f.bytes(blocks[0].at, blocks[0].n)
		if err != nil {
			return nil, err
		}
		blocks = blocks[1:]
		for len(data) >= 8 && left > 0 {
			m := message{kind: binary.LittleEndian.Uint16(data), shared: data[4]&2 != 0}
			size := int(binary.LittleEndian.Uint16(data[2:]))
			if size > len(data)-8 {
				return nil, errors.Errorf("a message of %d bytes in the header at %d", size, at)
			}
			m.data, data = data[8:8+size], data[8+size:]
			left--
			out, blocks = m.sorted(out, blocks)
		}
	}
	return out, nil
}

// messages2 reads a header of version 2 (section IV.A.1.b). Its first block and those that continue it end in a
// checksum of 4 bytes, the latter begin with a signature.
func (f *File) messages2(at uint64, flags byte) ([]message, error) {
	start := at + 6
	if flags&0x20 != 0 {
		start += 16 // four times
	}
	if flags&0x10 != 0 {
		start += 4 // when attributes move to a heap
	}
	width := uint64(1) << (flags & 3)
	size, err := f.bytes(start, width)
	if err != nil {
		return nil, err
	}
	blocks := []block{{start + width, uintOf(size)}}
	head := 4
	if flags&4 != 0 {
		head = 6 // with the order of creation
	}
	var out []message
	seen := map[uint64]bool{}
	for first := true; len(blocks) > 0; first = false {
		b := blocks[0]
		blocks = blocks[1:]
		if seen[b.at] || len(out) > len(f.data)/4 {
			return nil, errors.Errorf("the header at %d goes on in itself", at)
		}
		seen[b.at] = true
		data, err := f.bytes(b.at, b.n)
		if err != nil {
			return nil, err
		}
		if !first {
			if len(data) < 8 || string(data[:4]) != "OCHK" {
				return nil, errors.Errorf("the header at %d goes on at %d, where nothing of it is", at, b.at)
			}
			data = data[4 : len(data)-4]
		}
		for len(data) >= head {
			m := message{kind: uint16(data[0]), shared: data[3]&2 != 0}
			size := int(binary.LittleEndian.Uint16(data[1:]))
			if size > len(data)-head {
				return nil, errors.Errorf("a message of %d bytes in the header at %d", size, at)
			}
			m.data, data = data[head:head+size], data[head+size:]
			out, blocks = m.sorted(out, blocks)
		}
	}
	return out, nil
}

// sorted appends a message to those of the header, or, if that is what it says, a block to those to be read.
func (m message) sorted(out []message, blocks []block) ([]message, []block) {
	if m.kind == msgContinuation && len(m.data) >= 16 {
		return out, append(blocks, block{binary.LittleEndian.Uint64(m.data), binary.LittleEndian.Uint64(m.data[8:])})
	}
	return append(out, m), blocks
}

// uintOf reads a number of up to 8 bytes.
func uintOf(b []byte) uint64 {
	var v uint64
	for _, c := range slices.Backward(b) {
		v = v<<8 | uint64(c)
	}
	return v
}
