package pretrained

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// The parts that networks of several families are made of. Weights have the names and shapes of the files; sequences are
// [T, B, F]. No weight is ever drawn: one that the file lacks is an error.

// weight is a weight of the file, by what its name ends in.
func (b block) weight(name string, shape ...int) graph.Node { return b.g.Param(name, nil, shape...) }

// dense is x·Wᵀ, or x·Wᵀ + b.
func (b block) dense(name string, x graph.Node, out int, bias bool) graph.Node {
	in := b.in(name)
	y := b.g.MatMulT(x, in.weight("weight", out, x.Dim(-1)))
	if bias {
		y = b.g.Add(y, in.weight("bias", out))
	}
	return y
}

// layer is the block of layer i.
func (b block) layer(i int) block { return b.in(strconv.Itoa(i)) }

// rms is the root mean square norm with a weight.
func (b block) rms(name string, x graph.Node, epsilon float64) graph.Node {
	return b.g.Mul(rms(b.g, x, epsilon), b.in(name).weight("weight", x.Dim(-1)))
}

// rmsOne is rms with the weight's distance from 1 in the file.
func (b block) rmsOne(name string, x graph.Node, epsilon float64) graph.Node {
	return b.g.Mul(rms(b.g, x, epsilon), b.g.AddScalar(b.in(name).weight("weight", x.Dim(-1)), 1))
}

// rms is x/√(mean(x²)+ε) along the last axis.
func rms(g *graph.Graph, x graph.Node, epsilon float64) graph.Node {
	return nn.RMSNorm{Epsilon: epsilon, NoAffine: true}.Apply(g, x)
}

// norm is layer normalisation with a weight and a bias.
func (b block) norm(name string, x graph.Node, epsilon float64) graph.Node {
	in, g := b.in(name), b.g
	y := nn.LayerNorm{Epsilon: epsilon, NoAffine: true}.Apply(g, x)
	return g.Add(g.Mul(y, in.weight("weight", x.Dim(-1))), in.weight("bias", x.Dim(-1)))
}

// gatedRMS multiplies x by silu(gate), and then takes the root mean square of each of some groups of equal width.
func (b block) gatedRMS(name string, x, gate graph.Node, groups int, epsilon float64) graph.Node {
	g := b.g
	x = g.Mul(x, silu(g, gate))
	return g.Mul(ungroup(g, rms(g, grouped(g, x, groups), epsilon)), b.in(name).weight("weight", x.Dim(-1)))
}

// grouped cuts the last axis into n groups, [..., n, F/n].
func grouped(g *graph.Graph, x graph.Node, n int) graph.Node {
	shape := x.Shape()
	if len(shape) == 0 || shape[len(shape)-1]%n != 0 {
		return g.Failf("Reshape", "%v does not fall into %d groups", shape, n)
	}
	last := shape[len(shape)-1]
	return g.Reshape(x, append(shape[:len(shape)-1], n, last/n)...)
}

// ungroup joins the last two axes.
func ungroup(g *graph.Graph, x graph.Node) graph.Node {
	shape := x.Shape()
	n := len(shape)
	if n < 2 {
		return x // invalid; the error is in the graph
	}
	return g.Reshape(x, append(shape[:n-2], shape[n-2]*shape[n-1])...)
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
		return g.Square(g.ReLU(x))
	case "relu":
		return g.ReLU(x)
	}
	return g.Failf("Activation", "%q is not known; want silu, gelu, gelu_pytorch_tanh, relu or relu2", name)
}

// larger is the larger of two, element by element.
func larger(g *graph.Graph, a, b graph.Node) graph.Node { return g.Where(g.Less(a, b), b, a) }

// softCap keeps x within ±cap: cap·tanh(x/cap).
func softCap(g *graph.Graph, x graph.Node, limit float64) graph.Node {
	return g.MulScalar(g.Tanh(g.MulScalar(x, 1/limit)), limit)
}

// unit divides the rows of x by their length, √(Σx²+ε).
func unit(g *graph.Graph, x graph.Node, epsilon float64) graph.Node {
	shape := x.Shape()
	if len(shape) == 0 {
		return x
	}
	shape[len(shape)-1] = 1
	return g.Div(x, g.Sqrt(g.AddScalar(g.Reshape(g.Sum(g.Square(x), -1), shape...), epsilon)))
}

// shifted is x [T, B, F] one step later, with the last row of what was before it in front. The state is that row.
func (b block) shifted(name string, x graph.Node) graph.Node {
	g, n := b.g, x.Dim(0)
	s := b.rows(name, 1, x.Dim(-1))
	all := g.Concat(0, s.last, x)
	s.next = g.Slice(all, 0, n, n+1)
	return g.Slice(all, 0, 0, n)
}

// conv is a causal convolution of each feature of x [T, B, F] by itself, with K taps: y_t = Σ_k w_k⊙x_{t-K+1+k} + b. The
// state is the last K-1 rows, [K-1, B, F].
func (b block) conv(name string, x graph.Node, taps int, bias bool) graph.Node {
	g, in, n, width := b.g, b.in(name), x.Dim(0), x.Dim(-1)
	w := g.Reshape(in.weight("weight", width, 1, taps), width, taps)
	all := x
	if taps > 1 {
		s := b.rows(name, taps-1, width)
		all = g.Concat(0, s.last, x)
		s.next = g.Slice(all, 0, n, n+taps-1)
	}
	terms := make([]graph.Node, taps, taps+1)
	for k := range terms {
		terms[k] = g.Mul(g.Slice(all, 0, k, k+n), g.Reshape(g.Slice(w, 1, k, k+1), width))
	}
	if bias {
		terms = append(terms, in.weight("bias", width))
	}
	return g.Add(terms...)
}

// each runs a recurrence over the steps of sequences [T, B, ...], and joins what it gives for each of them.
func each(g *graph.Graph, step func(at []graph.Node) graph.Node, sequences ...graph.Node) graph.Node {
	var parts [][]graph.Node
	for _, x := range sequences {
		parts = append(parts, g.Unstack(x))
	}
	if g.Err() != nil {
		return graph.Node{}
	}
	out := make([]graph.Node, len(parts[0]))
	for t := range out {
		at := make([]graph.Node, len(parts))
		for i := range parts {
			at[i] = parts[i][t]
		}
		out[t] = step(at)
		if g.Err() != nil {
			return graph.Node{}
		}
	}
	return g.Stack(out...)
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
