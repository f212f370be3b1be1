package train

import (
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// windows is a Source over datasets.Windows.
type windows struct {
	w     *datasets.Windows
	batch []*tensor.Dense
}

// FromWindows makes a Source of windows of text; its batches are the inputs and the targets, ids [T, B] each.
func FromWindows(w *datasets.Windows) Source {
	if w == nil {
		return &batches{BatchSource: nothing("train: FromWindows: the windows are nil")}
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
