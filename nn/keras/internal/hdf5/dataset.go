package hdf5

import (
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
	if err != nil {
		return d, errors.Wrapf(err, "hdf5: %q", path)
	}
	var e elements
	var s storage
	for _, m := range list {
		if m.shared && (m.kind == msgDatatype || m.kind == msgDataspace || m.kind == msgFilter) {
			err = errors.New("what it holds is described elsewhere, which is not supported")
		}
		if err != nil {
			break
		}
		switch m.kind {
		case msgDataspace:
			d.Shape, err = dataspace(m.data)
		case msgDatatype:
			e, err = datatype(m.data)
		case msgLayout:
			s.layout = m.data
		case msgExternal:
			err = errors.New("its data is in other files, which is not supported")
		case msgFilter:
			s.filters, err = filters(m.data)
		}
	}
	var n int
	if err == nil {
		n, err = f.count(d.Shape, e)
	}
	var raw []byte
	if err == nil {
		raw, err = f.stored(s, d.Shape, e.size)
	}
	if err != nil {
		return d, errors.Wrapf(err, "hdf5: %q", path)
	}
	if n*e.size != len(raw) {
		return d, errors.Errorf("hdf5: %q: shape %v of elements of %d bytes in %d bytes", path, d.Shape, e.size, len(raw))
	}
	d.Bits, d.Data = e.bits(), make([]float64, n)
	for i := range d.Data {
		d.Data[i] = e.at(raw[e.size*i:])
	}
	return d, nil
}

// count is the number of elements of a shape, within what the file may take when it is decoded.
func (f *File) count(shape []int, e elements) (int, error) {
	if e.size == 0 {
		return 0, errors.New("its elements have no type")
	}
	n, most := 1, decodedFixed+decodedTimes*len(f.data)
	for _, s := range shape {
		if s > 0 && n > most/s {
			return 0, errors.Errorf("shape %v is too large for a file of %d bytes", shape, len(f.data))
		}
		n *= s
	}
	return n, f.take(n)
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

// storage is what a header says of where the data is.
type storage struct {
	layout  []byte
	filters []filter
}

// stored finds the data (section IV.A.2.i).
func (f *File) stored(s storage, shape []int, size int) ([]byte, error) {
	m := s.layout
	if len(m) < 2 || m[0] != 3 && m[0] != 4 {
		return nil, errors.New("its data layout is not of version 3 or 4")
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
	case m[1] == 2 && m[0] == 3:
		return f.chunked(s, shape, size)
	case m[1] == 2:
		return nil, errors.New("its data is in chunks with an index of the newest form, which is not supported; " +
			"h5py writes the older one unless libver says otherwise")
	}
	return nil, errors.Errorf("a data layout of class %d", m[1])
}
