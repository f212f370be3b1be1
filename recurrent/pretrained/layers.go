package pretrained

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// The parts that networks of several families are made of. Weights have the names and shapes of the files; sequences are
// [T, B, F]. No weight is ever drawn: the store is sealed, so that one which the file lacks is an error.

// weight is a weight of the file, by what its name ends in.
func (b block) weight(name string, shape ...int) graph.Node { return b.g.Param(name, nil, shape...) }

// layer is the block of layer i.
func (b block) layer(i int) block { return b.in(strconv.Itoa(i)) }

// dense is x·Wᵀ, or x·Wᵀ + b.
func (b block) dense(name string, x graph.Node, out int, bias bool) graph.Node {
	return nn.Dense{Units: out, NoBias: !bias}.Apply(b.in(name).g, x)
}

// rms is the root mean square norm with a weight.
func (b block) rms(name string, x graph.Node, epsilon float64) graph.Node {
	return nn.RMSNorm{Epsilon: epsilon}.Apply(b.in(name).g, x)
}

// rmsOne is rms with the weight's distance from 1 in the file.
func (b block) rmsOne(name string, x graph.Node, epsilon float64) graph.Node {
	return nn.RMSNorm{Epsilon: epsilon, OnePlus: true}.Apply(b.in(name).g, x)
}

// norm is layer normalisation with a weight and a bias.
func (b block) norm(name string, x graph.Node, epsilon float64) graph.Node {
	return nn.LayerNorm{Epsilon: epsilon}.Apply(b.in(name).g, x)
}

// gated is the network of three matrices that most layers have beside their mixer: down(act(gate(x))⊙up(x)).
func (b block) gated(x graph.Node, inner int, act string, bias bool, gate, up, down string) graph.Node {
	width := x.Dim(-1)
	h := b.g.Mul(activation(b.g, act, b.dense(gate, x, inner, bias)), b.dense(up, x, inner, bias))
	return b.dense(down, h, width, bias)
}

// mlp is gated by the names that most families have.
func (b block) mlp(x graph.Node, inner int, act string, bias bool) graph.Node {
	return b.gated(x, inner, act, bias, "gate_proj", "up_proj", "down_proj")
}

func silu(g *graph.Graph, x graph.Node) graph.Node { return nn.SiLU{}.Apply(g, x) }

// activation is a function by its name in config.json.
func activation(g *graph.Graph, name string, x graph.Node) graph.Node {
	switch name {
	case "silu", "swish":
		return silu(g, x)
	case "gelu":
		return nn.GELU{}.Apply(g, x)
	case "gelu_pytorch_tanh", "gelu_new", "gelu_fast":
		return nn.GELU{Tanh: true}.Apply(g, x)
	case "relu2":
		return nn.SquaredReLU{}.Apply(g, x)
	case "relu":
		return g.ReLU(x)
	}
	return g.Failf("Activation", "config.json has %q; want silu, gelu, gelu_pytorch_tanh, relu or relu2", name)
}

// larger is the larger of two, element by element.
func larger(g *graph.Graph, a, b graph.Node) graph.Node { return g.Where(g.Less(a, b), b, a) }

// conv is a causal convolution of each feature of x [T, B, F] by itself. The state is the last K-1 rows, [K-1, B, F].
func (b block) conv(name string, x graph.Node, taps int, bias bool) graph.Node {
	if b.g.Err() == nil {
		b.in(name).wants("weight", x.Dim(-1), 1, taps)
	}
	if b.g.Err() != nil {
		return graph.Node{}
	}
	g, n, views := b.g, x.Dim(0), []graph.Node{x}
	if taps > 1 {
		s := b.rows(name, taps-1, x.Dim(-1))
		all := g.Concat(0, s.last, x)
		s.next = g.Slice(all, 0, n, n+taps-1)
		views = views[:0]
		for k := range taps {
			views = append(views, g.Slice(all, 0, k, k+n))
		}
	}
	return nn.DepthwiseConv1D{Kernel: taps, NoBias: !bias}.Weigh(b.in(name).g, views...)
}

// columns cuts the last axis into parts of these widths, which make it up.
func columns(g *graph.Graph, x graph.Node, widths ...int) []graph.Node {
	out, from := make([]graph.Node, len(widths)), 0
	for i, n := range widths {
		out[i] = g.Slice(x, -1, from, from+n)
		from += n
	}
	return out
}

// grouped cuts the last axis into n groups, [..., n, F/n].
func grouped(g *graph.Graph, x graph.Node, n int) graph.Node {
	shape := x.Shape()
	if len(shape) == 0 || shape[len(shape)-1]%n != 0 {
		return g.Failf("Reshape", "%v does not fall into %d groups", shape, n)
	}
	last := len(shape) - 1
	return g.Reshape(x, append(shape[:last:last], n, shape[last]/n)...)
}

// joined joins the last two axes.
func joined(g *graph.Graph, x graph.Node) graph.Node {
	shape := x.Shape()
	n := len(shape)
	if n < 2 {
		return x // invalid; the error is in the graph
	}
	return g.Reshape(x, append(shape[:n-2:n-2], shape[n-2]*shape[n-1])...)
}

// column is x [..., F] as [..., F, 1].
func column(g *graph.Graph, x graph.Node) graph.Node { return g.Reshape(x, append(x.Shape(), 1)...) }

// repeated has each entry of an axis n times in a row.
func repeated(g *graph.Graph, x graph.Node, axis, n int) graph.Node {
	if n == 1 || g.Err() != nil {
		return x
	}
	places := make([]int, 0, n*x.Dim(axis))
	for i := range x.Dim(axis) {
		for range n {
			places = append(places, i)
		}
	}
	return g.Take(x, axis, places...)
}
