package linear_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// lessened is an S5 whose Lambda_re is 1 less than the recorded parameter, so that all of its states decay.
type lessened struct{ linear.S5 }

func (c lessened) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	return c.S5.Scan(g.Transform(func(name string, w graph.Node) graph.Node { // with the number of its layer behind it
		if strings.HasPrefix(name, "Lambda_re") {
			return g.AddScalar(w, -1)
		}
		return w
	}), x, s, o)
}

// Scans against the papers' loops in float64, values and gradients, at 1, 2, 63, 65 and 257 steps. The recorded values come
// from testdata/record_diagonal.py.
func TestDiagonalAgreesWithLoops(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/diagonal_f64.safetensors")
	for name, cell := range map[string]recurrent.Scanner{
		"mamba":           linear.Mamba{Hidden: 4},
		"mamba_one":       linear.Mamba{Hidden: 3, Inner: 5, State: 1, Kernel: 2, Rank: 2, NoConvBias: true},
		"falcon_mamba":    linear.Mamba{Hidden: 4, State: 5, Kernel: 3, Rank: 2, Norm: linear.PlainNorm},
		"jamba":           linear.Mamba{Hidden: 4, State: 5, Rank: 2, Bias: true, Norm: linear.WeightedNorm, Epsilon: 1e-5},
		"rwkv4":           linear.RWKV4TimeMix{Hidden: 4, Inner: 6},
		"rwkv4_channels":  linear.RWKV4ChannelMix{Hidden: 4, Inner: 9},
		"rglru":           linear.RGLRU{Hidden: 6, Heads: 3},
		"griffin":         linear.Griffin{Hidden: 4, Heads: 2, Activation: nn.GELU{Tanh: true}},
		"complex_lru":     linear.ComplexLRU{Hidden: 3, State: 5},
		"s5":              lessened{linear.S5{Hidden: 3, State: 4}},
		"s5_bilinear":     lessened{linear.S5{Hidden: 3, State: 4, Discretisation: linear.Bilinear}},
		"s4d":             linear.S4D{Hidden: 3, State: 4},
		"s4d_wide":        linear.S4D{Hidden: 3, State: 4},
		"s4d_bilinear":    linear.S4D{Hidden: 3, State: 4, Discretisation: linear.Bilinear, Plain: true},
		"linoss":          linear.LinOSS{Hidden: 3, State: 4},
		"linoss_explicit": linear.LinOSS{Hidden: 3, State: 4, Explicit: true},
		"hgrn":            linear.HGRN{Hidden: 3, State: 4, Lowest: 0.3},
	} {
		for _, size := range []string{"one", "two", "odd", "past", "long"} {
			t.Run(name+"/"+size, func(t *testing.T) {
				graphtest.Recorded{Values: rec, Case: name + "." + size, Tolerance: 1e-10,
					Build: func(g *graph.Graph, in map[string]graph.Node) graph.Node {
						y, _ := recurrent.Scan(g, cell, in["x"], recurrent.Options{})
						return y
					}}.Compare(t)
			})
		}
	}
}
