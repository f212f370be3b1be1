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

// diagonalCells lists every cell whose state decays element by element, at a given width.
func diagonalCells(hidden int) map[string]recurrent.Scanner {
	heads := 1
	if hidden%2 == 0 {
		heads = 2
	}
	return map[string]recurrent.Scanner{
		"mamba":            linear.Mamba{Hidden: hidden, State: 3, Rank: 2},
		"mamba plain":      linear.Mamba{Hidden: hidden, Inner: 1, State: 1, Kernel: 1, NoConvBias: true},
		"falcon mamba":     linear.Mamba{Hidden: hidden, Inner: 3, State: 4, Kernel: 2, Rank: 3, Norm: linear.PlainNorm, Epsilon: 0.01},
		"jamba":            linear.Mamba{Hidden: hidden, Inner: 3, State: 4, Kernel: 3, Norm: linear.WeightedNorm, Bias: true},
		"rwkv 4":           fitted{linear.RWKV4TimeMix{Hidden: hidden, Place: 0.3}, hidden},
		"rwkv 4 wider":     fitted{linear.RWKV4TimeMix{Hidden: hidden, Inner: hidden + 3, Place: 1}, hidden},
		"rwkv 4 channels":  fitted{linear.RWKV4ChannelMix{Hidden: hidden, Place: 0.5}, hidden},
		"rg-lru":           fitted{linear.RGLRU{Hidden: hidden, Heads: heads}, hidden},
		"griffin":          linear.Griffin{Hidden: hidden, Width: 2 * heads, Heads: heads},
		"complex lru":      linear.ComplexLRU{Hidden: hidden, State: 3},
		"s5":               linear.S5{Hidden: hidden, State: 4, Blocks: 2},
		"s5 bilinear":      linear.S5{Hidden: hidden, State: 3, Discretisation: linear.Bilinear},
		"s4d lin":          linear.S4D{Hidden: hidden, State: 2},
		"s4d inv":          linear.S4D{Hidden: hidden, State: 3, Start: linear.SpectrumInv, Discretisation: linear.Bilinear},
		"s4d legs":         linear.S4D{Hidden: hidden, State: 1, Start: linear.SpectrumLegS, Plain: true},
		"linoss":           linear.LinOSS{Hidden: hidden, State: 3},
		"linoss explicit":  linear.LinOSS{Hidden: hidden, Explicit: true},
		"hgrn":             linear.HGRN{Hidden: hidden, State: 3, Lowest: 0.2},
		"griffin kernel 1": linear.Griffin{Hidden: hidden, Kernel: 1, Activation: nn.SiLU{}},
	}
}

// fitted is a cell behind a layer that makes its input as wide as it wants it.
type fitted struct {
	recurrent.Scanner
	width int
}

func (c fitted) input(g *graph.Graph, x graph.Node) graph.Node {
	if x.Rank() == 0 {
		return x
	}
	return g.MatMulT(x, g.Param("weight_in", graph.GlorotUniform(), c.width, x.Dim(-1)))
}

func (c fitted) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return c.Scanner.Step(g, c.input(g, x), s)
}

func (c fitted) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	return c.Scanner.Scan(g, c.input(g, x), s, o)
}

// Every cell at several sizes, ones among them: gradients, Step against Unroll, padding, Scan.
func TestDiagonalCells(t *testing.T) {
	for _, size := range []struct{ T, B, I, H int }{{1, 1, 1, 1}, {5, 3, 2, 4}} {
		for name, cell := range diagonalCells(size.H) {
			c := celltest.Case{Cell: cell, Input: size.I, Steps: size.T, Batch: size.B, Samples: 5}
			t.Run(fmt.Sprintf("%s/T%dB%dI%dH%d", name, size.T, size.B, size.I, size.H), func(t *testing.T) { celltest.Check(t, c) })
		}
	}
}
