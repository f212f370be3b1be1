package model

import (
	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Reader computes the logits of one batch, [T, B, V], again and again, without gradients.
type Reader struct {
	logits *graph.Func
	ids    *tensor.Dense // [T, B]
}

// NewReader draws the batch. The weights are as drawn: speed does not depend on them.
func NewReader(w work.Work) *Reader {
	return &Reader{logits: graph.NewFunc(graph.NewParams(1), Logits(w, Cell(w))), ids: Batch(w)[0]}
}

// Read computes the logits once; the first call compiles.
func (r *Reader) Read() error {
	_, err := r.logits.Run(r.ids)
	return err
}
