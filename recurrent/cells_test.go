package recurrent_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/celltest"
)

// allCells lists every cell at a given width.
func allCells(hidden int) map[string]recurrent.Cell {
	heads := 1
	if hidden%2 == 0 {
		heads = 2
	}
	return map[string]recurrent.Cell{
		"rnn tanh":        recurrent.RNN{Hidden: hidden},
		"rnn relu":        recurrent.RNN{Hidden: hidden, ReLU: true},
		"irnn":            recurrent.RNN{Hidden: hidden, ReLU: true, Identity: true},
		"lstm":            recurrent.LSTM{Hidden: hidden},
		"lstm peepholes":  recurrent.LSTM{Hidden: hidden, Peepholes: true},
		"lstm projection": recurrent.LSTM{Hidden: hidden, Projection: max(hidden/2, 1)},
		"lstm coupled":    recurrent.LSTM{Hidden: hidden, Coupled: true},
		"lstm no forget":  recurrent.LSTM{Hidden: hidden, NoForget: true},
		"lstm norm":       recurrent.LSTM{Hidden: hidden, LayerNorm: true},
		"lstm coupled all": recurrent.LSTM{Hidden: hidden, Coupled: true, Peepholes: true, LayerNorm: true,
			Projection: hidden + 1},
		"lstm all":              recurrent.LSTM{Hidden: hidden, Peepholes: true, LayerNorm: true, Projection: 2},
		"gru":                   recurrent.GRU{Hidden: hidden},
		"gru reset before":      recurrent.GRU{Hidden: hidden, ResetBefore: true},
		"gru norm":              recurrent.GRU{Hidden: hidden, LayerNorm: true},
		"gru norm reset before": recurrent.GRU{Hidden: hidden, LayerNorm: true, ResetBefore: true},
		"gru d":                 GRUD{recurrent.GRUD{Hidden: hidden, Features: 2}},
		"mgu":                   recurrent.MGU{Hidden: hidden},
		"ligru":                 recurrent.LiGRU{Hidden: hidden},
		"ligru norm":            recurrent.LiGRU{Hidden: hidden, LayerNorm: true},
		"indrnn":                recurrent.IndRNN{Hidden: hidden},
		"indrnn tanh limit":     recurrent.IndRNN{Hidden: hidden, Tanh: true, Limit: 0.6},
		"cornn":                 recurrent.CoRNN{Hidden: hidden},
		"cornn all":             recurrent.CoRNN{Hidden: hidden, Interval: 0.3, Stiffness: 2, Friction: 0.7},
		"sru":                   recurrent.SRU{Hidden: hidden},
		"sru peepholes":         recurrent.SRU{Hidden: hidden, Peepholes: true, HighwayBias: -1},
		"qrnn":                  recurrent.QRNN{Hidden: hidden},
		"qrnn window 1":         recurrent.QRNN{Hidden: hidden, Window: 1},
		"qrnn window 4":         recurrent.QRNN{Hidden: hidden, Window: 4},
		"multiplicative lstm":   recurrent.MultiplicativeLSTM{Hidden: hidden},
		"min gru":               recurrent.MinGRU{Hidden: hidden},
		"min lstm":              recurrent.MinLSTM{Hidden: hidden},
		"lru":                   recurrent.LRU{Hidden: hidden, State: hidden + 2},
		"slstm":                 recurrent.SLSTM{Hidden: hidden},
		"slstm heads":           recurrent.SLSTM{Hidden: hidden, Heads: heads, Exponential: true},
		"mlstm":                 recurrent.MLSTM{Hidden: hidden},
		"mlstm heads":           recurrent.MLSTM{Hidden: hidden, Heads: heads, Exponential: true},
		"slstm block":           SLSTMBlock{recurrent.SLSTMBlock{Hidden: hidden, Heads: heads, Kernel: 3}},
		"conv lstm":             recurrent.ConvLSTM{Places: 1, Channels: hidden},
		"conv lstm peepholes":   recurrent.ConvLSTM{Places: 1, Channels: hidden, Kernel: 5, Peepholes: true},
		"window attention":      recurrent.WindowAttention{Hidden: hidden, Heads: heads, Width: 2, Window: 3},
		"window attention all": recurrent.WindowAttention{Hidden: hidden, Heads: 2 * heads, KeyHeads: heads, Width: 4, Window: 4,
			Positions: nn.RoPE{Width: 2, Base: 100}, Scale: 0.7, Cap: 2, Norm: nn.RMSNorm{OnePlus: true}, Gated: true, Bias: true, OutBias: true},
		"window attention norm": recurrent.WindowAttention{Hidden: hidden, Width: 3, Window: 2, NoPositions: true, Norm: nn.RMSNorm{}, NormAll: true},
		"lstm stack":            recurrent.StackOf(2, recurrent.LSTM{Hidden: hidden}),
		"mixed stack": recurrent.Stack{Cells: []recurrent.Cell{
			recurrent.GRU{Hidden: hidden}, recurrent.StackOf(2, recurrent.RNN{Hidden: hidden})}},
		"projection stack": recurrent.StackOf(2, recurrent.LSTM{Hidden: hidden, Projection: 2}),
	}
}

// SLSTMBlock is recurrent.SLSTMBlock, which wants an input as wide as its output, behind a layer that makes one of any.
type SLSTMBlock struct{ recurrent.SLSTMBlock }

func (c SLSTMBlock) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	if !x.Valid() || x.Rank() != 2 {
		return c.SLSTMBlock.Step(g, x, s)
	}
	return c.SLSTMBlock.Step(g, g.MatMulT(x, g.Param("weight_in", graph.GlorotUniform(), c.Hidden, x.Dim(1))), s)
}

// GRUD is recurrent.GRUD behind a layer that makes values, a mask and gaps of an input of any width.
type GRUD struct{ recurrent.GRUD }

func (c GRUD) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	if !x.Valid() || x.Rank() != 2 {
		return c.GRUD.Step(g, x, s)
	}
	in := g.Split(g.MatMulT(x, g.Param("weight_in", graph.GlorotUniform(), 3*c.Features, x.Dim(1))), 1, 3)
	return c.GRUD.Step(g, g.Concat(1, in[0], g.Sigmoid(in[1]), g.Softplus(in[2])), s)
}

// Every cell at several sizes, ones among them: gradients, Step against Unroll, padding, Scan.
func TestCells(t *testing.T) {
	for _, size := range []struct{ T, B, I, H int }{{1, 1, 1, 1}, {4, 2, 1, 5}, {5, 3, 4, 6}} {
		for name, cell := range allCells(size.H) {
			c := celltest.Case{Cell: cell, Input: size.I, Steps: size.T, Batch: size.B}
			if sru, ok := cell.(recurrent.SRU); ok {
				c.NoScan = sru.Peepholes
			}
			t.Run(fmt.Sprintf("%s/T%dB%dI%dH%d", name, size.T, size.B, size.I, size.H), func(t *testing.T) { celltest.Check(t, c) })
		}
	}
}

// Random stacks of one to three cells, of any kind and width, at random sizes.
func TestRandomStacks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 8))
	names := slices.Sorted(maps.Keys(allCells(1)))
	for i := range 40 {
		var stack recurrent.Stack
		var parts []string
		for range 1 + rng.IntN(3) {
			name, width := names[rng.IntN(len(names))], 1+rng.IntN(6)
			stack.Cells = append(stack.Cells, allCells(width)[name])
			parts = append(parts, fmt.Sprint(name, " ", width))
		}
		c := celltest.Case{Cell: stack, Input: 1 + rng.IntN(4), Steps: 1 + rng.IntN(6), Batch: 1 + rng.IntN(4), Samples: 3}
		t.Run(fmt.Sprintf("%d %s T%dB%dI%d", i, strings.Join(parts, ", "), c.Steps, c.Batch, c.Input), func(t *testing.T) {
			celltest.Check(t, c)
		})
	}
}

func TestCFN(t *testing.T) {
	celltest.Check(t, celltest.Case{Cell: CFN{Hidden: 6}, Input: 4})
}

// What these pages show is code that runs: every block of custom-cells.md, and those of a section of topologies.md.
func TestDocsShowRunningCode(t *testing.T) {
	var code strings.Builder
	for _, name := range []string{"example_custom_test.go", "example_forecast_test.go", "wrapper_test.go", "cells_test.go", "scan_test.go"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(b)
	}
	for _, c := range []struct {
		file, section string
		least         int
	}{{"custom-cells.md", "", 4}, {"topologies.md", "### Forecasts", 2}} {
		doc, err := os.ReadFile("../docs/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(doc), c.section)
		if c.section != "" {
			text, _, _ = strings.Cut(text, "\n## ")
		}
		blocks := strings.Split(text, "```go\n")[1:]
		if len(blocks) < c.least {
			t.Errorf("%s: %d blocks of code; want at least %d", c.file, len(blocks), c.least)
		}
		for _, b := range blocks {
			b, _, _ = strings.Cut(b, "```")
			if !strings.Contains(code.String(), b) {
				t.Errorf("%s: no file has this code:\n%s", c.file, b)
			}
		}
	}
}

// The page of layers lists every cell with its paper.
func TestDocsListTheCells(t *testing.T) {
	page, err := os.ReadFile("../docs/layers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## The cells")
	table, _, _ = strings.Cut(table, "\n## ")
	kinds := map[string]bool{}
	for _, cell := range allCells(2) {
		if name := reflect.TypeOf(cell).Name(); name != "Stack" {
			kinds[name] = true
			if !strings.Contains(table, "`"+name+"`") {
				t.Errorf("docs/layers.md does not list %s", name)
			}
		}
	}
	if len(kinds) != 19 {
		t.Errorf("there are %d cells; the package's comment says nineteen", len(kinds))
	}
}
