// Package train has the training loop: truncated backpropagation through time over windows of data, with clipping,
// schedules, validation, early stopping, and checkpoints from which a run continues bit for bit.
package train

import (
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Source gives a pass over data in batches, always in the same order.
type Source interface {
	// Len is the number of batches in a pass.
	Len() int
	// Seek makes the next batch the one of that number, counted from 0.
	Seek(batch int) error
	// Next returns the next batch, the first arguments of the loss function, or false at the end of the pass. The
	// tensors hold until the next call.
	Next() ([]*tensor.Dense, bool)
	// Tokens is the number of tokens, or whatever the model predicts, in a batch: for reporting speed.
	Tokens() int
}

// windows is a Source over datasets.Windows.
type windows struct {
	w     *datasets.Windows
	batch []*tensor.Dense
}

// FromWindows makes a Source of windows of text; its batches are the inputs and the targets, ids [T, B] each.
func FromWindows(w *datasets.Windows) Source {
	steps, batch := w.Shape()
	return &windows{w: w, batch: []*tensor.Dense{graph.Ints(w.Inputs, steps, batch), graph.Ints(w.Targets, steps, batch)}}
}

func (s *windows) Len() int             { return s.w.Len() }
func (s *windows) Seek(batch int) error { return s.w.Seek(batch) }
func (s *windows) Tokens() int          { return len(s.w.Inputs) }
func (s *windows) Err() error           { return s.w.Err() }

func (s *windows) Next() ([]*tensor.Dense, bool) {
	if !s.w.Next() {
		return nil, false
	}
	return s.batch, true
}
