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
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	G "gorgonia.org/gorgonia"
)

// largest vocabulary times time steps times layers that is offered: the tape machine's compile time grows with the
// square of the number of nodes, and its memory with every one-hot row.
const largest = 100_000

func main() {
	seconds := flag.Float64("seconds", 3, "how long to measure")
	threads := flag.Int("threads", runtime.GOMAXPROCS(0), "GOMAXPROCS")
	flag.Parse()
	if flag.NArg() != 1 || *threads < 1 {
		fmt.Fprintln(os.Stderr, "gorgonia: want one name like Train/lstm/B32T50I128H128L1V65 and at least one thread")
		os.Exit(2)
	}
	w, err := work.Parse(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if w.Kind != work.Train || w.Cell != "lstm" || w.V*w.T*w.L > largest {
		fmt.Fprintln(os.Stderr, "gorgonia: only training of LSTMs in one direction with a small vocabulary is written here")
		os.Exit(work.Unsupported)
	}
	runtime.GOMAXPROCS(*threads)
	if err := run(w, time.Duration(*seconds*float64(time.Second))); err != nil {
		fmt.Fprintln(os.Stderr, "gorgonia:", err)
		os.Exit(1)
	}
}

func run(w work.Work, d time.Duration) error {
	base := work.PeakMB()
	t, err := newTrainer(w)
	if err != nil {
		return err
	}
	defer t.machine.Close()
	result, err := work.Measure(w, d, base, t.step)
	if err != nil {
		return err
	}
	if err := work.Falls(t.losses[0], t.losses[len(t.losses)-1]); err != nil {
		return err
	}
	report := work.Report{Library: "gorgonia " + version("gorgonia.org/gorgonia"),
		Build: runtime.Version() + ", gonum " + version("gonum.org/v1/gonum"), Results: []work.Result{result}}
	return report.Write(os.Stdout)
}

// trainer is a network with its machine and solver.
type trainer struct {
	machine G.VM
	solver  G.Solver
	params  []G.ValueGrad
	loss    *G.Node
	losses  []float64
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

// step is one step of training.
func (t *trainer) step() error {
	if err := t.machine.RunAll(); err != nil {
		return err
	}
	loss, ok := t.loss.Value().Data().(float32)
	if !ok {
		return errors.New("the loss is no float32")
	}
	t.losses = append(t.losses, float64(loss))
	if err := t.solver.Step(t.params); err != nil {
		return err
	}
	t.machine.Reset()
	return nil
}

// version of a module that this program was built with.
func version(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == module {
				return m.Version
			}
		}
	}
	return "of unknown version"
}
