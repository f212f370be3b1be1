package graph

import (
	"io"

	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/number"
	"gorgonia.org/tensor"
)

// pieceElements is how many elements are read at a time.
const pieceElements = 1 << 13

// read takes the tensor's elements from a file that has been read up to them.
func (e *namedEntry) read(r io.Reader) (*tensor.Dense, error) {
	kind, _ := number.Of(e.Dtype) // checked with the header
	value := dense.New(kind.Dtype(), e.Shape)
	buf := make([]byte, min(e.n, pieceElements)*kind.Width)
	for from := 0; from < e.n; from += pieceElements {
		raw := buf[:(min(from+pieceElements, e.n)-from)*kind.Width]
		if _, err := io.ReadFull(r, raw); err != nil {
			return nil, err
		}
		if err := kind.Put(value, from, raw); err != nil {
			return nil, err
		}
	}
	return value, nil
}
