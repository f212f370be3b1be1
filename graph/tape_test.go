package graph_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// tapeCells has every cell with its options, and what is made of cells.
func tapeCells() map[string]recurrent.Cell {
	lstm, gru := recurrent.LSTM{Hidden: 4}, recurrent.GRU{Hidden: 4}
	return map[string]recurrent.Cell{
		"rnn": recurrent.RNN{Hidden: 6}, "rnn relu": recurrent.RNN{Hidden: 6, ReLU: true}, "irnn": recurrent.RNN{Hidden: 6, ReLU: true, Identity: true},
		"lstm": recurrent.LSTM{Hidden: 6}, "lstm hidden 300": recurrent.LSTM{Hidden: 300}, "lstm span": recurrent.LSTM{Hidden: 6, ChronoSpan: 9},
		"lstm all norm": recurrent.LSTM{Hidden: 4, Peepholes: true, Projection: 3, LayerNorm: true},
		"lstm coupled":  recurrent.LSTM{Hidden: 4, Coupled: true, Peepholes: true}, "lstm no forget": recurrent.LSTM{Hidden: 4, NoForget: true},
		"gru": recurrent.GRU{Hidden: 6}, "gru reset before": recurrent.GRU{Hidden: 6, ResetBefore: true}, "gru norm": recurrent.GRU{Hidden: 4, LayerNorm: true},
		"mgu": recurrent.MGU{Hidden: 4}, "ligru": recurrent.LiGRU{Hidden: 4, LayerNorm: true}, "indrnn": recurrent.IndRNN{Hidden: 4, Limit: 0.6}, "cornn": recurrent.CoRNN{Hidden: 4},
		"sru": recurrent.SRU{Hidden: 4}, "sru peepholes": recurrent.SRU{Hidden: 3, Peepholes: true}, "qrnn": recurrent.QRNN{Hidden: 4, Window: 3},
		"min gru": recurrent.MinGRU{Hidden: 4}, "min lstm": recurrent.MinLSTM{Hidden: 4}, "multiplicative": recurrent.MultiplicativeLSTM{Hidden: 4}, "lru": recurrent.LRU{Hidden: 4, State: 3}, "grud": recurrent.GRUD{Hidden: 4, Features: 2},
		"slstm": recurrent.SLSTM{Hidden: 4, Heads: 2}, "slstm exponential": recurrent.SLSTM{Hidden: 4, Exponential: true},
		"mlstm": recurrent.MLSTM{Hidden: 4, Heads: 2}, "mlstm exponential": recurrent.MLSTM{Hidden: 4, Exponential: true},
		"conv lstm": recurrent.ConvLSTM{Places: 2, Channels: 2, Peepholes: true}, "window attention": recurrent.WindowAttention{Hidden: 4, Heads: 2, Window: 3},
		"slstm block norm": recurrent.SLSTMBlock{Hidden: 4, Heads: 2},
		"stack":            recurrent.Stack{Cells: []recurrent.Cell{lstm, gru}, Dropout: 0.3}, "zoneout": recurrent.Zoneout{Cell: lstm, HiddenRate: 0.3, MemoryRate: 0.4},
		"attentive": recurrent.Attentive{Cell: gru, Attention: recurrent.Bahdanau}, "attentive luong": recurrent.Attentive{Cell: lstm, Attention: recurrent.LuongGeneral, InputFeeding: true},
	}
}

// tapeLayers has the layers that are more than a cell: both directions, and depth.
func tapeLayers() map[string]recurrent.Layer {
	both := recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 2}}
	return map[string]recurrent.Layer{
		"one": recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: 3}}, "both": both, "both multiplied": recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 2}, Merge: recurrent.MergeMultiply},
		"deep": recurrent.Deep{Layers: []recurrent.Layer{both, both}, Residual: true, Dropout: 0.3}, "highway": recurrent.Deep{Layers: []recurrent.Layer{both, both}, Highway: true},
		"scanned": recurrent.Scanned{Cell: recurrent.MinGRU{Hidden: 3}},
		"latency": recurrent.LatencyControlled{Cells: []recurrent.Cell{recurrent.GRU{Hidden: 2}, recurrent.LSTM{Hidden: 2}}, Chunk: 2, Ahead: 1},
	}
}

// Every cell and layer, unrolled over time, on Gorgonia's TapeMachine with Gorgonia's differentiation and on Program, with
// and without lengths: outputs and final states are read, each with weights of its own.
func TestCellsOnTapeMachine(t *testing.T) {
	all := tapeLayers()
	for name, cell := range tapeCells() {
		all["cell "+name] = recurrent.Unidirectional{Cell: cell}
	}
	for name, layer := range all {
		x := graphtest.Random(1, 4, 3, 4)
		if name == "cell grud" { // values, marks and gaps
			x = graphtest.Random(1, 4, 3, 6)
		}
		for _, lengths := range [][]int{nil, {4, 0, 2}} {
			if lengths == nil && testing.Short() {
				continue // one of the sequences with lengths is whole, too
			}
			t.Run(name, func(t *testing.T) {
				in := []*tensor.Dense{x}
				if lengths != nil {
					in = append(in, graph.Ints(lengths))
				}
				build := func(g *graph.Graph, in []graph.Node) []graph.Node {
					var o recurrent.Options
					if len(in) > 1 {
						o.Lengths = in[1]
					}
					return readAll(g, layer, in[0], o)
				}
				compareWithTape(t, graph.NewParams64(1), in, build)
				if strings.HasSuffix(name, "norm") {
					return // which divides a row's rounding by its deviation, however small that is
				}
				in[0] = graphtest.Float32(x)
				compareWithTape(t, graph.NewParams(1), in, build)
			})
		}
	}
}

// readAll is a loss of every output and every entry of the final state.
func readAll(g *graph.Graph, l recurrent.Layer, x graph.Node, o recurrent.Options) []graph.Node {
	if one, ok := l.(recurrent.Unidirectional); ok {
		if a, ok := one.Cell.(recurrent.Attentive); ok { // the input is what it looks at, too
			l = recurrent.Unidirectional{Cell: a.Remember(g, x, o.Lengths)}
		}
	}
	y, final := l.Apply(g, x, o)
	var terms []graph.Node
	for i, n := range append(recurrent.State{y}, final...) {
		weights := graphtest.Random(uint64(i), n.Shape()...).Float64s()
		terms = append(terms, g.Mean(g.Mul(n, g.Const(graph.Floats64(weights, n.Shape()...)))))
	}
	return []graph.Node{g.Add(terms...)}
}

// A cell or layer that is new belongs into the tables above.
func TestTapeMachineRunsEveryCell(t *testing.T) {
	known := map[string]bool{}
	for _, c := range tapeCells() {
		known[reflect.TypeOf(c).Name()] = true
	}
	for _, l := range tapeLayers() {
		known[reflect.TypeOf(l).Name()] = true
	}
	files, err := filepath.Glob("../recurrent/*.go")
	if err != nil {
		t.Fatal(err)
	}
	cells := 0
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		// a cell has Begin with a batch, and Step or Run; topologies are made of cells
		for _, m := range regexp.MustCompile(`func \(\w+ (\w+)\) Begin\(g \*graph.Graph, batch int\)`).FindAllStringSubmatch(string(source), -1) {
			if cells++; !known[m[1]] && m[1] != "OneToOne" {
				t.Errorf("recurrent.%s does not run on Gorgonia's machine in any test", m[1])
			}
		}
	}
	if cells < 19 {
		t.Errorf("found %d cells and layers only", cells)
	}
}

// A language model: gather, cells, head and cross-entropy, with the gradients of its weights.
func TestLanguageModelOnTapeMachine(t *testing.T) {
	ids, targets := graphtest.RandomIDs(1, 9, 6, 4), graphtest.RandomIDs(2, 9, 6, 4)
	p := graph.NewParams(1)
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		e := nn.Embedding{Tokens: 9, Size: 5}
		table := e.Weight(g.Scope("embedding"))
		y, _ := recurrent.Unroll(g.Scope("gru"), recurrent.GRU{Hidden: 5}, e.Lookup(g, table, in[0]), recurrent.Options{})
		logits := nn.Head{Classes: 9, Tied: table}.Apply(g.Scope("head"), y)
		pad := 3
		return []graph.Node{losses.CrossEntropy{Ignore: &pad, Smoothing: 0.1}.Apply(g, logits, in[1])}
	}
	compareWithTape(t, p, []*tensor.Dense{ids, targets}, build)
}
