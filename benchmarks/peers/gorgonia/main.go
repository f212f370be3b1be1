// Command gorgonia trains the benchmarks' LSTM language models on Gorgonia alone: built-in operations, gorgonia.Grad, a
// TapeMachine and the Adam solver, and reports it as the other peers do.
//
//	cd benchmarks/peers/gorgonia && GOMAXPROCS=1 go run . Train/lstm/B32T50I128H128L1V65
//
// It is the plain way of Gorgonia's examples, a row of the comparison to show what this library adds, and nothing like
// the best that could be made of it. Two differences from the other peers: the solver clips each element of the
// gradient to ±1, not the norm, and a gate has one bias. It lives in a module of its own.
package main

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	G "gorgonia.org/gorgonia"
)

// largest vocabulary times time steps times layers that is offered: the tape machine's compile time grows with the
// square of the number of nodes, and its memory with every one-hot row.
const largest = 100_000

func main() {
	work.Program{
		Module: "gorgonia.org/gorgonia",
		Build:  "gonum " + work.Version("gonum.org/v1/gonum"),
		Lacks: func(w work.Work) string {
			if w.Kind != work.Train || w.Cell != "lstm" || w.V*w.T*w.L > largest {
				return "only training of LSTMs in one direction with a small vocabulary is written here"
			}
			return ""
		},
		Start: func(w work.Work) (func() (float64, error), error) {
			t, err := newTrainer(w)
			if err != nil {
				return nil, err
			}
			return t.step, nil
		},
	}.Main()
}

// trainer is a network with its machine and solver.
type trainer struct {
	machine G.VM
	solver  G.Solver
	params  []G.ValueGrad
	loss    *G.Node
}

func newTrainer(w work.Work) (*trainer, error) {
	n := &network{g: G.NewGraph(), rng: rand.New(rand.NewPCG(1, 1))}
	var xs, targets G.Nodes
	for t := range w.T {
		xs = append(xs, n.oneHot(fmt.Sprintf("x%d", t), w.B, w.V))
		targets = append(targets, n.oneHot(fmt.Sprintf("target%d", t), w.B, w.V))
	}
	loss := n.loss(xs, targets, w.I, w.H, w.L)
	if _, err := G.Grad(loss, n.params...); err != nil {
		return nil, err
	}
	return &trainer{
		machine: G.NewTapeMachine(n.g, G.BindDualValues(n.params...)),
		solver:  G.NewAdamSolver(G.WithLearnRate(1e-3), G.WithClip(1)),
		params:  G.NodesToValueGrads(n.params), loss: loss,
	}, nil
}

// step is one step of training. It returns the loss before it.
func (t *trainer) step() (float64, error) {
	if err := t.machine.RunAll(); err != nil {
		return 0, err
	}
	loss, ok := t.loss.Value().Data().(float32)
	if !ok {
		return 0, errors.New("the loss is no float32")
	}
	if err := t.solver.Step(t.params); err != nil {
		return 0, err
	}
	t.machine.Reset()
	return float64(loss), nil
}
