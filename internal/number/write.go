package number

import (
	"io"
	"math"

	"gorgonia.org/tensor"
)

// Kept is the type in which files keep the numbers of a tensor: F32, F64, or I64 for int.
func Kept(d tensor.Dtype) Type {
	switch d {
	case tensor.Float64:
		return types["F64"]
	case tensor.Int:
		return types["I64"]
	}
	return types["F32"]
}

// piece is how many bytes are written at a time.
const piece = 1 << 15

// Write writes a tensor's numbers, little-endian and row-major. A tensor without elements has none.
func Write(w io.Writer, t *tensor.Dense) error {
	if t.Shape().TotalSize() == 0 {
		return nil
	}
	var put func(b []byte, i int) []byte
	n := 0
	switch t.Dtype() {
	case tensor.Float64:
		x := t.Float64s()
		n, put = len(x), func(b []byte, i int) []byte { return little.AppendUint64(b, math.Float64bits(x[i])) }
	case tensor.Int:
		x := t.Ints()
		n, put = len(x), func(b []byte, i int) []byte { return little.AppendUint64(b, uint64(x[i])) }
	default:
		x := t.Float32s()
		n, put = len(x), func(b []byte, i int) []byte { return little.AppendUint32(b, math.Float32bits(x[i])) }
	}
	buf := make([]byte, 0, piece)
	for i := range n {
		if buf = put(buf, i); len(buf)+8 > piece || i == n-1 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	return nil
}
