package hdf5

import (
	"encoding/binary"
	"math/bits"

	"github.com/pkg/errors"
)

// Kinds of trees that index a heap, with the place of the heap's id in their records (section III.A.2).
const (
	linkByName      = 5 // hash, id
	attributeByName = 8 // id, ...
)

// dense visits what a group keeps in a fractal heap: links or attributes. Info is the message with the heap's address
// and its index's, which come after a number of width bytes if bit of its flags is set.
func (f *File) dense(info []byte, bit, width int, kind byte, visit func(data []byte) error) error {
	if len(info) < 2 || info[0] != 0 {
		return errors.New("a group's index is not of version 0")
	}
	at := 2
	if info[1]&(1<<bit) != 0 {
		at += width
	}
	if len(info) < at+16 {
		return errors.New("a group's index has no end")
	}
	address, index := binary.LittleEndian.Uint64(info[at:]), binary.LittleEndian.Uint64(info[at+8:])
	if address == undefined {
		return nil // all are in the header
	}
	h, err := f.fractal(address)
	if err != nil {
		return err
	}
	return f.index(index, kind, func(record []byte) error {
		start := 0
		if kind == linkByName {
			start = 4
		}
		if len(record) < start+h.idSize {
			return errors.New("a record of an index is too short")
		}
		data, err := h.object(record[start : start+h.idSize])
		if err != nil {
			return err
		}
		return visit(data)
	})
}

// fractal is a fractal heap (section III.G): blocks in rows, the first two of one size, each further row twice that.
type fractal struct {
	f          *File
	idSize     int
	offsetSize int    // bytes of an offset in an id
	lengthSize int    // bytes of a length in an id
	width      uint64 // blocks in a row
	first      uint64 // bytes of a block of the first row
	largest    uint64 // bytes of the largest block that holds objects
	root       uint64
	rows       int // of the root; 0 when it is a single block
}

func (f *File) fractal(at uint64) (*fractal, error) {
	b, err := f.bytes(at, 142)
	if err != nil {
		return nil, err
	}
	if string(b[:4]) != "FRHP" || b[4] != 0 {
		return nil, errors.Errorf("no fractal heap at %d", at)
	}
	if binary.LittleEndian.Uint16(b[7:]) != 0 {
		return nil, errors.New("a fractal heap with filters, which is not supported")
	}
	h := &fractal{
		f: f, idSize: int(binary.LittleEndian.Uint16(b[5:])),
		width: uint64(binary.LittleEndian.Uint16(b[110:])), first: binary.LittleEndian.Uint64(b[112:]),
		largest: binary.LittleEndian.Uint64(b[120:]), root: binary.LittleEndian.Uint64(b[132:]),
		rows: int(binary.LittleEndian.Uint16(b[140:])),
	}
	h.offsetSize = (int(binary.LittleEndian.Uint16(b[128:])) + 7) / 8
	object := min(h.largest, uint64(binary.LittleEndian.Uint32(b[10:])))
	if object == 0 || h.width == 0 || h.first == 0 || h.first > 1<<32 || h.rows > 64 || h.offsetSize > 8 {
		return nil, errors.Errorf("the fractal heap at %d has sizes of 0", at)
	}
	h.lengthSize = (bits.Len64(object)-1)/8 + 1
	if h.idSize < 1+h.offsetSize+h.lengthSize {
		return nil, errors.Errorf("the fractal heap at %d has ids of %d bytes", at, h.idSize)
	}
	return h, nil
}

// object finds what an id stands for.
func (h *fractal) object(id []byte) ([]byte, error) {
	if id[0]&0x30 != 0 {
		return nil, errors.New("a huge or tiny object in a fractal heap, which is not supported")
	}
	offset := uintOf(id[1 : 1+h.offsetSize])
	n := uintOf(id[1+h.offsetSize : 1+h.offsetSize+h.lengthSize])
	if h.rows == 0 {
		return h.f.bytes(h.root+offset, n)
	}
	start, size, child := uint64(0), h.first, uint64(0)
	for row := range h.rows {
		if row > 1 {
			size *= 2
		}
		if size > h.largest {
			break
		}
		if offset < start+h.width*size {
			child += (offset - start) / size
			at, err := h.f.bytes(h.root+13+uint64(h.offsetSize)+8*child, 8)
			if err != nil {
				return nil, err
			}
			return h.f.bytes(binary.LittleEndian.Uint64(at)+(offset-start)%size, n)
		}
		start, child = start+h.width*size, child+h.width
	}
	return nil, errors.New("a fractal heap with blocks of blocks, which is not supported")
}

// index visits the records of a version 2 B-tree (section III.A.2) of at most two levels, which has room for a thousand.
func (f *File) index(at uint64, kind byte, visit func(record []byte) error) error {
	b, err := f.bytes(at, 34)
	if err != nil {
		return err
	}
	if string(b[:4]) != "BTHD" || b[4] != 0 || b[5] != kind {
		return errors.Errorf("no index of kind %d at %d", kind, at)
	}
	node, record := uint64(binary.LittleEndian.Uint32(b[6:])), uint64(binary.LittleEndian.Uint16(b[10:]))
	depth, root, n := binary.LittleEndian.Uint16(b[12:]), binary.LittleEndian.Uint64(b[16:]), uint64(binary.LittleEndian.Uint16(b[24:]))
	if depth > 1 || record == 0 || node < 10+record {
		return errors.Errorf("an index with %d levels and records of %d bytes; want 0 or 1 levels", depth, record)
	}
	if n == 0 {
		return nil
	}
	if depth == 0 {
		return f.records(root, "BTLF", n, record, visit)
	}
	if err := f.records(root, "BTIN", n, record, visit); err != nil {
		return err
	}
	width := uint64(8 + (bits.Len64((node-10)/record)+7)/8) // of a pointer: address and number of records
	pointers, err := f.bytes(root+6+n*record, (n+1)*width)
	for ; err == nil && len(pointers) > 0; pointers = pointers[width:] {
		err = f.records(binary.LittleEndian.Uint64(pointers), "BTLF", uintOf(pointers[8:width]), record, visit)
	}
	return err
}

// records visits the records of one node.
func (f *File) records(at uint64, signature string, n, size uint64, visit func(record []byte) error) error {
	if err := f.first(at); err != nil {
		return err
	}
	b, err := f.bytes(at, 6+n*size)
	if err != nil {
		return err
	}
	if string(b[:4]) != signature {
		return errors.Errorf("no node of an index at %d", at)
	}
	for b = b[6:]; len(b) > 0 && err == nil; b = b[size:] {
		err = visit(b[:size])
	}
	return err
}
