package linear_test

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/celltest"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// matrixCells lists every cell whose state is a matrix, at a given width, and with all its options.
func matrixCells(hidden int) map[string]recurrent.Scanner {
	return map[string]recurrent.Scanner{
		"mamba2":            linear.Mamba2{Hidden: hidden, Inner: 4, Heads: 4, State: 3, Groups: 2},
		"mamba2 plain":      linear.Mamba2{Hidden: hidden, Inner: 2, State: 2, Kernel: 1, NoNorm: true, NoConvBias: true},
		"mamba2 bounds":     linear.Mamba2{Hidden: hidden, Inner: 6, Heads: 2, State: 2, Kernel: 2, NormFirst: true, Bias: true, MinStep: 1e-4, MaxStep: 5, Epsilon: 0.01},
		"gated delta":       linear.GatedDeltaNet{Hidden: hidden, Heads: 2, KeyHeads: 1, Key: 3, Value: 2},
		"gated delta plain": linear.GatedDeltaNet{Hidden: hidden, Kernel: 1, Negative: true, Epsilon: 0.01},
		"rwkv7":             linear.RWKV7{Hidden: hidden, Head: max(hidden/2, 1), Layers: 2, Forward: 5, DecayRank: 2, RateRank: 3, ValueRank: 1, GateRank: 2},
		"delta":             linear.DeltaNet{Hidden: hidden, Heads: 2, Key: 3, Value: 2},
		"delta plain":       linear.DeltaNet{Hidden: hidden, Kernel: 1, Negative: true, Epsilon: 0.01},
		"kda":               linear.KDA{Hidden: hidden, Heads: 2, Head: 3},
		"kda plain":         linear.KDA{Hidden: hidden, Kernel: 1, Epsilon: 0.01},
		"gla":               linear.GLA{Hidden: hidden, Heads: 2, Key: 3, Value: 2, Rank: 2, Slow: 2},
		"gla plain":         linear.GLA{Hidden: hidden, Epsilon: 0.01},
		"hgrn2":             linear.HGRN2{Hidden: hidden, Heads: max(hidden/2, 1), Key: 3, Least: 0.4},
		"hgrn2 plain":       linear.HGRN2{Hidden: hidden, Epsilon: 0.01},
		"lightning":         linear.LightningAttention{Hidden: hidden, Heads: 2, Head: 3, Layer: 1, Layers: 3},
		"lightning plain":   linear.LightningAttention{Hidden: hidden, Epsilon: 0.01},
		"retnet":            linear.RetNet{Hidden: hidden, Heads: 2, Key: 4, Value: 3},
		"retnet plain":      linear.RetNet{Hidden: hidden, Epsilon: 0.01},
		"xlstm":             widened{linear.XLSTM{Hidden: hidden, Heads: 2, Key: 3, Value: 4, Forward: 5, Cap: 4}, hidden},
		"xlstm plain":       widened{linear.XLSTM{Hidden: hidden, Epsilon: 0.01}, hidden},
		"mlstm block":       widened{linear.MLSTMBlock{Hidden: hidden, Heads: 2, Inner: 8, Block: 2}, hidden},
		"mlstm block plain": widened{linear.MLSTMBlock{Hidden: hidden, Kernel: 1}, hidden},
	}
}

// widened is a cell that wants an input as wide as its output, behind a layer that makes one of any.
type widened struct {
	recurrent.Scanner
	width int
}

func (c widened) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return c.Scanner.Step(g, nn.Dense{Units: c.width}.Apply(g.Scope("in"), x), s)
}

func (c widened) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	return c.Scanner.Scan(g, nn.Dense{Units: c.width}.Apply(g.Scope("in"), x), s, o)
}

// Every cell at several sizes, ones among them: gradients, Step against Unroll, padding, Scan.
func TestMatrixCells(t *testing.T) {
	for _, size := range []struct{ T, B, I, H int }{{1, 1, 1, 1}, {4, 2, 1, 4}, {5, 3, 4, 6}} {
		for name, cell := range matrixCells(size.H) {
			c := celltest.Case{Cell: cell, Input: size.I, Steps: size.T, Batch: size.B, Samples: 5}
			t.Run(fmt.Sprintf("%s/T%dB%dI%dH%d", name, size.T, size.B, size.I, size.H), func(t *testing.T) { celltest.Check(t, c) })
		}
	}
}
