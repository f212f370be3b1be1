package hdf5

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/pkg/errors"
)

// Dataset decodes one dataset.
func (f *File) Dataset(path string) (Dataset, error) {
	d := Dataset{Path: path}
	at, ok := f.at[path]
	if !ok {
		return d, errors.Errorf("hdf5: no dataset is called %q", path)
	}
	list, err := f.messages(at)
	var raw []byte
	for _, m := range list {
		if err != nil {
			break
		}
		switch m.kind {
		case msgDataspace:
			d.Shape, err = dataspace(m.data)
		case msgDatatype:
			d.Bits, err = datatype(m.data)
		case msgLayout:
			raw, err = f.layout(m.data)
		case msgExternal:
			err = errors.New("its data is in other files, which is not supported")
		case msgFilter:
			err = errors.New("its data is compressed, which is not supported")
		}
	}
	if err != nil {
		return d, errors.Wrapf(err, "hdf5: %q", path)
	}
	n := 1
	for _, s := range d.Shape {
		if s > 0 && n > len(raw)/s {
			return d, errors.Errorf("hdf5: %q: shape %v does not fit in %d bytes", path, d.Shape, len(raw))
		}
		n *= s
	}
	if d.Bits == 0 || n*d.Bits/8 != len(raw) {
		return d, errors.Errorf("hdf5: %q: shape %v of %d-bit floats in %d bytes", path, d.Shape, d.Bits, len(raw))
	}
	d.Data = make([]float64, n)
	for i := range d.Data {
		if d.Bits == 64 {
			d.Data[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		} else {
			d.Data[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
		}
	}
	return d, nil
}

// dataspace reads a shape (section IV.A.2.b).
func dataspace(m []byte) ([]int, error) {
	if len(m) < 4 || m[0] != 1 && m[0] != 2 {
		return nil, errors.New("its dataspace is not of version 1 or 2")
	}
	start, rank := 8, int(m[1]) // version 1 has four bytes more
	if m[0] == 2 {
		start = 4
	}
	if len(m) < start+8*rank {
		return nil, errors.Errorf("its dataspace has %d bytes for %d dimensions", len(m), rank)
	}
	shape := make([]int, rank)
	for i := range shape {
		v := binary.LittleEndian.Uint64(m[start+8*i:])
		if v > math.MaxInt32 {
			return nil, errors.Errorf("a dimension of %d", v)
		}
		shape[i] = int(v)
	}
	return shape, nil
}

// float32Type and float64Type are IEEE little-endian floats (section IV.A.2.d): class and version, the places of the
// sign, then size, bit offset, precision, and places and sizes of exponent and mantissa, and the bias.
var (
	float32Type = []byte{0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0}
	float64Type = []byte{0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0}
)

func datatype(m []byte) (bits int, err error) {
	switch {
	case bytes.HasPrefix(m, float32Type):
		return 32, nil
	case bytes.HasPrefix(m, float64Type):
		return 64, nil
	case len(m) >= 8:
		return 0, errors.Errorf("its elements are of class %d with %d bytes; want little-endian floats of 4 or 8",
			m[0]&15, binary.LittleEndian.Uint32(m[4:]))
	}
	return 0, errors.New("its elements have no type")
}

// layout finds the data (section IV.A.2.i), which must be in one piece.
func (f *File) layout(m []byte) ([]byte, error) {
	if len(m) < 2 || m[0] != 3 {
		return nil, errors.New("its data layout is not of version 3")
	}
	switch {
	case m[1] == 0 && len(m) >= 4: // compact: in the header
		n := int(binary.LittleEndian.Uint16(m[2:]))
		if n <= len(m)-4 {
			return m[4 : 4+n], nil
		}
	case m[1] == 1 && len(m) >= 18: // contiguous
		at, n := binary.LittleEndian.Uint64(m[2:]), binary.LittleEndian.Uint64(m[10:])
		if at == undefined {
			return nil, errors.New("it was never written")
		}
		return f.bytes(at, n)
	case m[1] == 2:
		return nil, errors.New("its data is in chunks, which is not supported")
	}
	return nil, errors.Errorf("a data layout of class %d", m[1])
}
