// Package train has the training loop: truncated backpropagation through time over windows of data, with clipping,
// schedules, validation, early stopping, and checkpoints from which a run continues bit for bit.
package train

import (
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Source gives passes over data in batches. The same batch of the same pass is always the same, so that a run can be
// resumed; passes may differ, see EpochSource. What else a source may offer: EpochSource, FallibleSource, CountingSource.
type Source interface {
	// Len is the number of batches in a pass.
	Len() int
	// Seek makes the next batch the one of that number, counted from 0.
	Seek(batch int) error
	// Next returns the next batch, the first arguments of the loss function, or false at the end of the pass. The
	// tensors hold until the next call.
	Next() ([]*tensor.Dense, bool)
	// Tokens is the number of tokens, or whatever the model predicts, in the batch that Next returned last: for reporting
	// speed, and to weigh batches by if the loss does not say what it is a mean over (see graph.MeanOver).
	Tokens() int
}

// EpochSource is a Source whose passes differ, in the order of their examples, say. A Loop calls SetEpoch and then Seek
// before each pass, and when it resumes. What the pass holds must depend on its number alone.
type EpochSource interface {
	Source
	// SetEpoch has the next Seek begin in that pass, counted from 0.
	SetEpoch(epoch int)
}

// FallibleSource is a Source whose Next may end a pass with an error: a file that cannot be read. The error ends the run.
type FallibleSource interface {
	Source
	// Err is the error that ended the pass, or nil.
	Err() error
}

// CountingSource is a Source that knows the tokens of a part of a batch: by them Parallel weighs shards if the loss does
// not say what it is a mean over.
type CountingSource interface {
	Source
	// TokensOf is the number of tokens in examples from to to, without to, of the batch that Next returned last.
	TokensOf(from, to int) int
}

// windows is a Source over datasets.Windows.
type windows struct {
	w     *datasets.Windows
	batch []*tensor.Dense
}

// FromWindows makes a Source of windows of text; its batches are the inputs and the targets, ids [T, B] each. Without
// windows there is no source: the result is nil, as if none were set.
func FromWindows(w *datasets.Windows) Source {
	if w == nil {
		return nil
	}
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
