package main

import (
	"fmt"
	"io"
	"math"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/xla"
	"gorgonia.org/tensor"
)

// settings of a benchmark.
type settings struct {
	plugin, cell                string
	hidden, length, batch, runs int
}

func benchCommand() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use: "bench", Short: "Train a language model on random bytes, here and on a PJRT plugin, and compare", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if min(s.hidden, s.length, s.batch, s.runs) < 1 {
				return errors.New("want --hidden, --length, --batch and --runs of 1 at least")
			}
			return bench(s, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&s.plugin, "plugin", "", pluginUsage)
	flags.StringVar(&s.cell, "cell", "lstm", "lstm, gru or rnn")
	flags.IntVar(&s.hidden, "hidden", 128, "width")
	flags.IntVar(&s.length, "length", 16, "steps of time in a sequence")
	flags.IntVar(&s.batch, "batch", 32, "sequences in a batch")
	flags.IntVar(&s.runs, "runs", 10, "steps of training to time")
	return cmd
}

// tokens is the size of the vocabulary.
const tokens = 64

func (s settings) build() (graph.Build, error) {
	cells := map[string]recurrent.Cell{"lstm": recurrent.LSTM{Hidden: s.hidden}, "gru": recurrent.GRU{Hidden: s.hidden},
		"rnn": recurrent.RNN{Hidden: s.hidden}}
	cell := cells[s.cell]
	if cell == nil {
		return nil, errors.Errorf("--cell %q; want lstm, gru or rnn", s.cell)
	}
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: tokens, Size: s.hidden}.Apply(g.Scope("embedding"), in[0])
		y, _ := recurrent.Unidirectional{Cell: cell}.Apply(g.Scope("layer"), x, recurrent.Options{})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Dense{Units: tokens}.Apply(g.Scope("head"), y), in[1])}
	}, nil
}

// random are ids, the same ones in every run.
func random(seed uint32, shape ...int) *tensor.Dense {
	ids := make([]int, tensor.Shape(shape).TotalSize())
	for i := range ids {
		seed = seed*1664525 + 1013904223
		ids[i] = int(seed>>16) % tokens
	}
	return graph.Ints(ids, shape...)
}

func bench(s settings, out io.Writer) error {
	build, err := s.build()
	if err != nil {
		return err
	}
	c, err := xla.Open(s.plugin)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	fmt.Fprintf(out, "device: %v\n", c)
	in := []*tensor.Dense{random(1, s.length, s.batch), random(2, s.length, s.batch)}

	p := graph.NewParams(1)
	f := graph.NewFunc(p, build)
	here := &optim.Adam{}
	var ours float64
	own, err := timed(s.runs, func() error {
		loss, err := f.Grad(in...)
		if err != nil {
			return err
		}
		ours = graph.Scalar(loss[0])
		return here.Step(p, 0.001)
	})
	if err != nil {
		return err
	}

	q := graph.NewParams(1)
	g, training := graph.NewFunc(q, build), stablehlo.Training{Optimizer: &optim.Adam{}}
	m, err := stablehlo.Step(g, q, training, in...)
	if err != nil {
		return err
	}
	session, err := xla.NewSession(c, g, q, training)
	if err != nil {
		return err
	}
	defer session.Close()
	var theirs float64
	there, err := timed(s.runs, func() error {
		loss, err := session.Step(0.001, in...)
		if err != nil {
			return err
		}
		theirs = graph.Scalar(loss[0])
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "text: %d bytes\nfirst step, compilation included: here %v, there %v\n", len(m.Text), own.first, there.first)
	fmt.Fprintf(out, "a step after that, median: here %v, there %v\n", own.median, there.median)
	fmt.Fprintf(out, "loss after %d steps: here %.7f, there %.7f, difference %.1e\n", s.runs+1, ours, theirs, math.Abs(ours-theirs))
	return nil
}
