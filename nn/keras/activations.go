package keras

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// activation is a function of a layer's results.
type activation func(g *graph.Graph, x graph.Node) graph.Node

// The constants of selu (Klambauer et al., 2017, arXiv 1706.02515).
const (
	seluAlpha = 1.6732632423543772848170429916717
	seluScale = 1.0507009873554804934193349852946
)

// activations are those of keras.activations by their names; hard_sigmoid is the one of Keras 3.
var activations = map[string]activation{
	"linear":  func(_ *graph.Graph, x graph.Node) graph.Node { return x },
	"relu":    (*graph.Graph).ReLU,
	"relu6":   func(g *graph.Graph, x graph.Node) graph.Node { return g.Clamp(x, 0, 6) },
	"sigmoid": (*graph.Graph).Sigmoid,
	"tanh":    (*graph.Graph).Tanh,
	"softmax": func(g *graph.Graph, x graph.Node) graph.Node { return g.Softmax(x, -1) },

	"log_softmax": func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSoftmax(x, -1) },
	"exponential": (*graph.Graph).Exp,
	"softplus":    (*graph.Graph).Softplus,
	"softsign": func(g *graph.Graph, x graph.Node) graph.Node {
		return g.Div(x, g.AddScalar(g.Abs(x), 1))
	},
	"elu":  func(g *graph.Graph, x graph.Node) graph.Node { return elu(g, x, 1) },
	"selu": func(g *graph.Graph, x graph.Node) graph.Node { return g.MulScalar(elu(g, x, seluAlpha), seluScale) },
	"gelu": func(g *graph.Graph, x graph.Node) graph.Node { return nn.GELU{}.Apply(g, x) },

	"silu":         silu,
	"swish":        silu,
	"hard_sigmoid": hardSigmoid3,
	"hard_silu":    func(g *graph.Graph, x graph.Node) graph.Node { return g.Mul(x, hardSigmoid3(g, x)) },
	"hard_swish":   func(g *graph.Graph, x graph.Node) graph.Node { return g.Mul(x, hardSigmoid3(g, x)) },
	"hard_tanh":    func(g *graph.Graph, x graph.Node) graph.Node { return g.Clamp(x, -1, 1) },
	"mish":         func(g *graph.Graph, x graph.Node) graph.Node { return g.Mul(x, g.Tanh(g.Softplus(x))) },
	"leaky_relu":   func(g *graph.Graph, x graph.Node) graph.Node { return leaky(g, x, 0.2) },
}

func silu(g *graph.Graph, x graph.Node) graph.Node { return nn.SiLU{}.Apply(g, x) }

// hardSigmoid3 is relu6(x+3)/6.
func hardSigmoid3(g *graph.Graph, x graph.Node) graph.Node {
	return g.MulScalar(g.Clamp(g.AddScalar(x, 3), 0, 6), 1.0/6)
}

// hardSigmoid2 is the one of Keras 1 and 2.
func hardSigmoid2(g *graph.Graph, x graph.Node) graph.Node {
	return g.Clamp(g.Affine(x, 0.2, 0.5), 0, 1)
}

// leaky is x, and slope·x below zero.
func leaky(g *graph.Graph, x graph.Node, slope float64) graph.Node {
	return g.Sub(g.ReLU(x), g.MulScalar(g.ReLU(g.Neg(x)), slope))
}

// elu is x, and alpha·(exp(x)-1) below zero (Clevert et al., 2015, arXiv 1511.07289).
func elu(g *graph.Graph, x graph.Node, alpha float64) graph.Node {
	below := g.AddScalar(g.Exp(g.Clamp(x, -math.MaxFloat32, 0)), -1)
	return g.Add(g.ReLU(x), g.MulScalar(below, alpha))
}

// activation is a setting that names a function: by itself, or in an object.
func (s settings) activation(key, unless string) activation {
	v := s.values[key]
	if m, ok := v.(map[string]any); ok { // {"class_name": "function", "config": "relu"}
		if name, ok := m["config"].(string); ok {
			v = name
		}
	}
	name, ok := v.(string)
	if v == nil {
		name, ok = unless, true
	}
	f := activations[name]
	if !ok || f == nil {
		s.problem("%s is %s, which is no function of Keras that is supported", key, brief(v))
		return activations["linear"]
	}
	if name == "hard_sigmoid" && !s.keras3() {
		return hardSigmoid2
	}
	return f
}
