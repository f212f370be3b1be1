package xla

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"gorgonia.org/tensor"
)

// Engine is a train.Engine: a train.Loop whose Engine it is makes its steps and validates on the device.
type Engine struct {
	client *Client
	train  *Session
	judge  *Session // of the function that was evaluated last, over the weights of train
	stored bool     // the store has what is on the device
}

// NewEngine is one on a device. It serves one loop at a time.
func NewEngine(c *Client) *Engine { return &Engine{client: c} }

// Begin compiles the loss with its optimiser, whose weights go to the device with the first step.
func (e *Engine) Begin(loss *graph.Func, o optim.Optimizer, limit float64, in ...*tensor.Dense) error {
	if e == nil || loss == nil || o == nil {
		return errors.New("xla: Engine: want an engine, a loss and an optimiser")
	}
	e.Close()
	s, err := NewSession(e.client, loss, loss.Params(), stablehlo.Training{Optimizer: o, ClipNorm: limit})
	if err != nil {
		return err
	}
	e.train, e.stored = s, true
	_, err = s.stepOf(in)
	return err
}

// Step trains on a batch.
func (e *Engine) Step(seed uint64, rate float64, in ...*tensor.Dense) (out []*tensor.Dense, norm float64, err error) {
	if err := e.begun(); err != nil {
		return nil, 0, err
	}
	e.stored = false
	e.train.Seed(seed)
	out, err = e.train.Step(rate, in...)
	return out, e.train.norm, err
}

// Evaluate runs another function over the weights on the device.
func (e *Engine) Evaluate(f *graph.Func, in ...*tensor.Dense) ([]*tensor.Dense, error) {
	if err := e.begun(); err != nil {
		return nil, err
	}
	if e.judge == nil || e.judge.f != f {
		if e.judge != nil {
			e.judge.forget()
		}
		s, err := NewSession(e.client, f, e.train.params, stablehlo.Training{})
		if err != nil {
			return nil, err
		}
		s.weights, e.judge = e.train.weights, s
	}
	return e.judge.Run(in...)
}

// Store copies the weights to the store, and the optimiser's vectors to the optimiser, if there have been steps since.
func (e *Engine) Store() error {
	if err := e.begun(); err != nil || e.stored {
		return err
	}
	if err := e.train.Save(); err != nil {
		return err
	}
	e.stored = true
	return nil
}

func (e *Engine) begun() error {
	if e == nil || e.train == nil {
		return errors.New("xla: Engine: nothing has begun: train.Loop.Run begins it")
	}
	return nil
}

// Close frees what the engine has on the device.
func (e *Engine) Close() {
	if e == nil {
		return
	}
	if e.judge != nil {
		e.judge.forget()
	}
	if e.train != nil {
		e.train.Close()
	}
	e.judge, e.train = nil, nil
}
