package xla

import (
	"fmt"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/losses/distribution"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/linear"
	"gorgonia.org/tensor"
)

// cells are those of package recurrent. Their inputs have six features.
var cells = map[string]recurrent.Cell{
	"RNN":                 recurrent.RNN{Hidden: 4},
	"RNN ReLU":            recurrent.RNN{Hidden: 4, ReLU: true, Identity: true},
	"LSTM":                recurrent.LSTM{Hidden: 4},
	"LSTM all":            recurrent.LSTM{Hidden: 4, Peepholes: true, LayerNorm: true, Projection: 2},
	"LSTM coupled":        recurrent.LSTM{Hidden: 4, Coupled: true},
	"GRU":                 recurrent.GRU{Hidden: 4},
	"GRU reset before":    recurrent.GRU{Hidden: 4, LayerNorm: true, ResetBefore: true},
	"MGU":                 recurrent.MGU{Hidden: 4},
	"LiGRU":               recurrent.LiGRU{Hidden: 4, LayerNorm: true},
	"GRU-D":               recurrent.GRUD{Hidden: 4, Features: 2},
	"IndRNN":              recurrent.IndRNN{Hidden: 4},
	"coRNN":               recurrent.CoRNN{Hidden: 4},
	"SRU":                 recurrent.SRU{Hidden: 4, Peepholes: true},
	"QRNN":                recurrent.QRNN{Hidden: 4},
	"QRNN window 4":       recurrent.QRNN{Hidden: 4, Window: 4},
	"multiplicative LSTM": recurrent.MultiplicativeLSTM{Hidden: 4},
	"minGRU":              recurrent.MinGRU{Hidden: 4},
	"minLSTM":             recurrent.MinLSTM{Hidden: 4},
	"LRU":                 recurrent.LRU{Hidden: 4, State: 3},
	"sLSTM":               recurrent.SLSTM{Hidden: 4, Heads: 2, Exponential: true},
	"mLSTM":               recurrent.MLSTM{Hidden: 4, Heads: 2},
	"sLSTM block":         recurrent.SLSTMBlock{Hidden: 6, Heads: 2, Kernel: 3},
	"ConvLSTM":            recurrent.ConvLSTM{Places: 2, Channels: 2, Peepholes: true},
	"window attention":    recurrent.WindowAttention{Hidden: 4, Heads: 2, Width: 2, Window: 3},
	"Mamba":               linear.Mamba{Hidden: 4},
	"Mamba 2":             linear.Mamba2{Hidden: 4},
	"HGRN":                linear.HGRN{Hidden: 4},
	"DeltaNet":            linear.DeltaNet{Hidden: 4, Heads: 2},
}

// layers are how a cell is used.
var layers = map[string]func(recurrent.Cell) recurrent.Layer{
	"alone":           func(c recurrent.Cell) recurrent.Layer { return recurrent.Unidirectional{Cell: c} },
	"both directions": func(c recurrent.Cell) recurrent.Layer { return recurrent.Bidirectional{Cell: c} },
	"stacked": func(c recurrent.Cell) recurrent.Layer {
		return recurrent.Unidirectional{Cell: recurrent.Stack{Cells: []recurrent.Cell{recurrent.GRU{Hidden: 6}, c}}}
	},
}

// padded is a layer over a batch of two, of which one sequence is short.
func padded(layer recurrent.Layer) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := layer.Apply(g.Scope("layer"), in[0], recurrent.Options{Lengths: in[1]})
		return []graph.Node{g.Mean(g.Square(y)), y}
	}
}

func paddedInput(steps int) []*tensor.Dense {
	return []*tensor.Dense{graphtest.Float32(graphtest.Random(1, steps, 2, 6)), graph.Ints([]int{steps, (steps + 1) / 2})}
}

// Every kind of cell, of lengths that have no loop, some of the steps in one, and all.
func TestCells(t *testing.T) {
	c := client(t)
	// Plugins take a second and more to compile a cell. Of those that are made of the same operations, one is enough for every day:
	// TestOperations has all of these, TestTextIsFlat the texts of all cells.
	quick := []string{"LSTM", "GRU", "Mamba", "DeltaNet", "QRNN window 4", "window attention", "GRU-D"}
	for name, cell := range cells {
		lengths := []int{1, 2, 3, 8, 64, 257}
		if testing.Short() {
			if !slices.Contains(quick, name) {
				continue
			}
			lengths = []int{8}
		}
		for how, layer := range layers {
			for _, steps := range lengths {
				if how != "alone" && (steps != 8 || testing.Short() && name != "LSTM") {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d", name, how, steps), func(t *testing.T) {
					t.Parallel()
					p, in, limit := graph.NewParams(1), paddedInput(steps), 1e-5
					if steps > 8 { // where some cells make much of a rounding
						p, limit = graph.NewParams64(1), 1e-9
						in[0] = graphtest.Random(1, steps, 2, 6)
					}
					worst := compareGradients(t, c, p, padded(layer(cell)), in, 0)
					t.Logf("difference %.1e", worst)
					if worst > limit && steps <= 8 {
						limit = max(limit, 3*rounding(t, p, padded(layer(cell)), in))
					}
					if !(worst <= limit) {
						t.Errorf("difference %g; want %g at most", worst, limit)
					}
				})
			}
		}
	}
}

// rounding is how far our own program in float32 is from float64, with the same weights and inputs, as compareGradients measures: what
// is asked of the plugin where a cell makes much of a rounding.
func rounding(t *testing.T, p *graph.Params, build graph.Build, in []*tensor.Dense) float64 {
	t.Helper()
	double := func(x *tensor.Dense) *tensor.Dense {
		if x.Dtype() == tensor.Int {
			return x
		}
		return tensor.New(tensor.WithShape(x.Shape()...), tensor.WithBacking(graphtest.Float64s(x)))
	}
	want, err := graph.NewFunc(p, build).Grad(in...)
	check(t, err)
	wide, wideIn := graph.NewParams64(1), []*tensor.Dense{}
	for i := range p.Len() {
		q, err := wide.Add(p.At(i).Name(), double(p.At(i).Value()))
		check(t, err)
		check(t, q.Freeze(p.At(i).Frozen()))
	}
	for _, x := range in {
		wideIn = append(wideIn, double(x))
	}
	exact, err := graph.NewFunc(wide, build).Grad(wideIn...)
	check(t, err)
	worst := 0.0
	for i := range want {
		worst = max(worst, difference(t, "output", double(want[i]), exact[i]))
	}
	for i := range p.Len() {
		if q := wide.At(i); !q.Frozen() {
			worst = max(worst, difference(t, q.Name(), double(p.At(i).Grad()), q.Grad()))
		}
	}
	t.Logf("rounding %.1e", worst)
	return worst
}

// A text does not grow with the number of steps, but for the digits of sizes.
func TestTextIsFlat(t *testing.T) {
	for name, cell := range cells {
		for how, layer := range layers {
			if testing.Short() && how != "alone" {
				continue
			}
			t.Run(name+"/"+how, func(t *testing.T) {
				size := map[int]int{}
				for _, steps := range []int{24, 96} {
					p := graph.NewParams(1)
					m, err := stablehlo.Gradients(graph.NewFunc(p, padded(layer(cell))), p, paddedInput(steps)...)
					check(t, err)
					size[steps] = len(m.Text)
				}
				t.Logf("%d bytes for 24 steps, %d for 96", size[24], size[96])
				if float64(size[96]) > 1.05*float64(size[24]) {
					t.Errorf("%d bytes for 24 steps, %d for 96; want about as many", size[24], size[96])
				}
			})
		}
	}
}

// Every loss, of a parameter.
func TestLosses(t *testing.T) {
	c := client(t)
	var numbers, targets, tags = []int{3, 2}, graphtest.Float32(graphtest.Random(5, 3, 2)), graphtest.RandomIDs(2, 4, 3, 2)
	positive := graph.Floats([]float32{0.2, 0.9, 0.5, 0.1, 0.7, 0.3}, 3, 2)
	for _, l := range []struct {
		name  string
		shape []int
		in    []*tensor.Dense
		apply func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node
	}{
		{"MSE", numbers, []*tensor.Dense{targets}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node { return losses.MSE{}.Apply(g, x, in[0]) }},
		{"MAE", numbers, []*tensor.Dense{targets}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node { return losses.MAE{}.Apply(g, x, in[0]) }},
		{"Huber", numbers, []*tensor.Dense{targets}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.Huber{}.Apply(g, x, in[0])
		}},
		{"cosine", numbers, []*tensor.Dense{targets}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.Cosine{}.Apply(g, x, in[0])
		}},
		{"quantile", []int{3, 2, 2}, []*tensor.Dense{targets}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.Quantile{Levels: []float64{0.1, 0.5}}.Apply(g, x, in[0])
		}},
		{"binary cross-entropy", numbers, []*tensor.Dense{positive}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.BinaryCrossEntropy{}.Apply(g, x, in[0])
		}},
		{"cross-entropy smoothed", []int{3, 2, 4}, []*tensor.Dense{tags}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.CrossEntropy{Smoothing: 0.1}.Apply(g, x, in[0])
		}},
		{"focal", []int{3, 2, 4}, []*tensor.Dense{tags}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.Focal{Gamma: 2}.Apply(g, x, in[0])
		}},
		{"NLL", []int{3, 2, 4}, []*tensor.Dense{tags}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.NLL{}.Apply(g, g.LogSoftmax(x, -1), in[0])
		}},
		{"negative binomial", []int{3, 2, 2}, []*tensor.Dense{graph.Floats([]float32{0, 1, 2, 3, 4, 5}, 3, 2)}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.Likelihood{Family: distribution.NegativeBinomial}.Apply(g, x, in[0])
		}},
		{"transducer", []int{3, 2, 3, 5}, []*tensor.Dense{graphtest.RandomIDs(2, 4, 2, 2), graph.Ints([]int{3, 2}), graph.Ints([]int{2, 1})}, func(g *graph.Graph, x graph.Node, in []graph.Node) graph.Node {
			return losses.Transducer{Blank: 4}.Apply(g, x, in[0], in[1], in[2])
		}},
	} {
		t.Run(l.name, func(t *testing.T) {
			p := graph.NewParams(1)
			_, err := p.Add("x", graphtest.Float32(graphtest.Random(9, l.shape...)))
			check(t, err)
			build := func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{l.apply(g, g.Param("x", nil, l.shape...), in)}
			}
			worst := compareGradients(t, c, p, build, l.in, 0)
			t.Logf("difference %.1e", worst)
			if !(worst <= 1e-5) {
				t.Errorf("difference %g; want 1e-5 at most", worst)
			}
		})
	}
}
