package model

import (
	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// Trainer trains one batch again and again.
type Trainer struct {
	First, Last float64 // loss of the first step, of the latest

	params *graph.Params
	loss   *graph.Func
	adam   *optim.Adam
	in     []*tensor.Dense
	steps  int
}

// NewTrainer prepares training with the given cell, the work's own or one like it.
func NewTrainer(w work.Work, cell recurrent.Cell) *Trainer {
	return TrainerOf(Loss(w, cell), Batch(w)...)
}

// TrainerOf prepares training any loss on one batch.
func TrainerOf(loss graph.Build, in ...*tensor.Dense) *Trainer {
	p := graph.NewParams(1)
	return &Trainer{params: p, loss: graph.NewFunc(p, loss), adam: &optim.Adam{}, in: in}
}

// Round has products round what they multiply. It is an error if the machine has no instructions for that.
func (t *Trainer) Round(p graph.Precision) error { return t.loss.SetPrecision(p) }

// Step is one step of training; the first compiles, and makes the optimiser's state.
func (t *Trainer) Step() error {
	out, err := t.loss.Grad(t.in...)
	if err != nil {
		return err
	}
	t.Last = graph.Scalar(out[0])
	if t.steps == 0 {
		t.First = t.Last
	}
	t.steps++
	_, err = optim.Update(t.adam, t.params, 1e-3, 1)
	return err
}
