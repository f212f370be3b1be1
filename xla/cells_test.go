package xla

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/losses/distribution"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// Every kind of cell, over a padded batch.
func TestCells(t *testing.T) {
	c := client(t)
	for name, cell := range map[string]recurrent.Cell{
		"RNN": recurrent.RNN{Hidden: 4}, "LSTM all": recurrent.LSTM{Hidden: 4, Peepholes: true, LayerNorm: true, Projection: 2},
		"GRU norm": recurrent.GRU{Hidden: 4, LayerNorm: true}, "MGU": recurrent.MGU{Hidden: 4}, "LiGRU": recurrent.LiGRU{Hidden: 4},
		"GRU-D": recurrent.GRUD{Hidden: 4, Features: 2}, "IndRNN": recurrent.IndRNN{Hidden: 4}, "SRU": recurrent.SRU{Hidden: 4},
		"QRNN": recurrent.QRNN{Hidden: 4}, "multiplicative LSTM": recurrent.MultiplicativeLSTM{Hidden: 4}, "minGRU": recurrent.MinGRU{Hidden: 4},
		"minLSTM": recurrent.MinLSTM{Hidden: 4}, "LRU": recurrent.LRU{Hidden: 4, State: 3}, "sLSTM": recurrent.SLSTM{Hidden: 4},
		"mLSTM": recurrent.MLSTM{Hidden: 4, Heads: 2}, "ConvLSTM": recurrent.ConvLSTM{Places: 2, Channels: 2},
		"window attention": recurrent.WindowAttention{Hidden: 4, Heads: 2, Width: 2, Window: 2},
	} {
		t.Run(name, func(t *testing.T) {
			build := func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, _ := recurrent.Unidirectional{Cell: cell}.Apply(g.Scope("layer"), in[0], recurrent.Options{Lengths: in[1]})
				return []graph.Node{g.Mean(g.Square(y)), y}
			}
			in := []*tensor.Dense{graphtest.Float32(graphtest.Random(1, 3, 2, 6)), graph.Ints([]int{3, 1})}
			worst := compareGradients(t, c, graph.NewParams(1), build, in, 0)
			t.Logf("difference %.1e", worst)
			if !(worst <= 1e-5) {
				t.Errorf("difference %g; want 1e-5 at most", worst)
			}
		})
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
