package graph

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/op"
)

// A batch that is cut into parts has, as a whole, the mean Σ s_p / Σ w_p of its parts' sums s_p and weights w_p, which is
// not the mean of the parts' means. So a loss says what it divides by (MeanOver), and whoever computes it in parts asks
// (Weights) and has every part divide by the weight of all (Parts).

// mean is a mean that a graph knows of: its value is sum over weight, three scalars.
type mean struct{ value, sum, weight Node }

// MeanOver is the mean sum/weight, two scalars, or 0 where the weight is 0. The weight says what the mean is over, and by
// what parts of a batch are joined: a number of targets, of sequences, of frames, or a sum of class weights. It must depend
// on data alone, not on parameters that are trained or on chance. Losses are made of such means, so that a batch in shards,
// accumulated batches and the batches of a validation have the loss and the gradients of one large batch.
func (g *Graph) MeanOver(sum, weight Node) Node {
	if !g.floats("MeanOver", sum, weight) {
		return Node{}
	}
	if sum.Rank() != 0 || weight.Rank() != 0 {
		return g.failf("MeanOver", "want a sum and a weight that are scalars, found %v and %v", sum.shape(), weight.shape())
	}
	if what := g.notData(weight); what != "" {
		return g.failf("MeanOver", "the weight depends on %s; want one that depends on data alone", what)
	}
	m := mean{sum: sum, weight: weight}
	constant := weight.n.leaf
	switch {
	case g.scales.Valid():
		m.value = g.scaled(sum)
	case constant != nil && constant.Kind == compile.FromConstant:
		m.value = g.MulScalar(sum, inverse(constant))
	default:
		m.value = g.Div(sum, g.Where(weight, weight, g.Full(math.Inf(1)))) // over infinity, everything is 0
	}
	if m.value.Valid() {
		g.means = append(g.means, m)
	}
	return m.value
}

// inverse is one over a fixed number, as it was before it was rounded to the graph's element type; 0 of 0.
func inverse(l *compile.Leaf) float64 {
	n := l.Number
	if !l.Uniform {
		n = Scalar(l.Value)
	}
	if n == 0 {
		return 0
	}
	return 1 / n
}

// scaled is the next mean's sum times its scale, in a function of Parts.
func (g *Graph) scaled(sum Node) Node {
	at := len(g.means)
	if at >= g.scales.Dim(0) {
		return g.failf("Parts", "%d scales; the function has more means than that", at)
	}
	return g.Mul(sum, g.Reshape(g.Slice(g.scales, 0, at, at+1)))
}

// notData names the first thing below a node that is neither an input nor fixed, "" if there is none.
func (g *Graph) notData(n Node) string {
	for _, k := range reachable(n) {
		if l := k.n.leaf; l != nil && l.Kind == compile.FromWeight && !g.owners[k.n].frozen {
			return "the parameter " + l.Name
		}
		switch k.n.op.(type) {
		case op.RandomMask, op.LogUniform:
			return "chance (" + k.label() + ")"
		}
	}
	return ""
}

// factors are the derivatives of the loss with respect to its means. It is false if one of them depends on a mean, so that
// the loss is not a sum of means, each times a factor, and something else.
func (g *Graph) factors(loss Node) ([]Node, bool) {
	values := make([]Node, len(g.means))
	is := map[*entry]bool{}
	for i, m := range g.means {
		values[i], is[m.value.n] = m.value, true
	}
	factors := g.Grad(loss, values...)
	if g.err != nil {
		return nil, false
	}
	return factors, !slices.ContainsFunc(reachable(factors...), func(n Node) bool { return is[n.n] })
}

// Params is the store that the function takes its parameters from.
func (f *Func) Params() *Params { return f.params }

// Weights returns the function that computes, from f's arguments, the weights of the means that f's loss is made of: a
// scalar for each MeanOver, in their order, and nothing for a loss that has none. It computes nothing else. It shares f's
// memory: one of them runs at a time.
func (f *Func) Weights() *Func {
	return f.derive(func(g *Graph, in []Node) []Node {
		g.training = true // what f does in Grad is to be known
		f.build(g, in)
		out := make([]Node, len(g.means))
		for i, m := range g.means {
			out[i] = m.weight
		}
		return out
	})
}

// Parts returns the function for a part of a batch. It takes f's arguments and after them scales [J], one for each MeanOver
// of f's loss, by which it multiplies their sums instead of dividing by their own weights. With n/Σ w_j for each of n
// parts, where w_j are the weights of all of them (see Weights), the mean of the parts' losses is the loss of the whole,
// and so are the gradients. What the loss adds to its means, such as a penalty on the weights, counts in every part alike.
// A loss that is not a sum of means, each times a factor, is an error. It shares f's memory: one of them runs at a time.
func (f *Func) Parts() *Func {
	return f.derive(func(g *Graph, in []Node) []Node {
		n := len(in) - 1
		if n < 0 || in[n].Rank() != 1 || in[n].IsIDs() {
			g.failf("Parts", "want scales [J] as the last argument")
			return nil
		}
		g.scales = in[n]
		out := f.build(g, in[:n])
		switch {
		case g.err != nil || len(out) == 0:
			return out
		case len(g.means) != in[n].Dim(0):
			g.failf("Parts", "%d scales; the function has %d means", in[n].Dim(0), len(g.means))
		default:
			if _, ok := g.factors(out[0]); !ok {
				g.failf("Parts", "the loss is not a sum of means, each times a factor, so a batch's loss is not made of its parts'")
			}
		}
		return out
	})
}

// Means returns the function that gives, after f's outputs, a table [1+J, 3] of what the loss is made of: for each MeanOver
// its value, its weight and its sum, the value and the sum times their factor in the loss. The first row has what the loss
// adds to them, 0 and 0. If the loss is not a sum of means, each times a factor, the first row has all of it. It shares
// f's memory: one of them runs at a time.
func (f *Func) Means() *Func {
	return f.derive(func(g *Graph, in []Node) []Node {
		out := f.build(g, in)
		if g.err != nil || len(out) == 0 {
			return out
		}
		rest, zero := out[0], g.Full(0)
		var rows []Node
		if factors, ok := g.factors(out[0]); ok {
			for i, m := range g.means {
				value := g.Mul(factors[i], m.value)
				rest = g.Sub(rest, value)
				rows = append(rows, value, m.weight, g.Mul(factors[i], m.sum))
			}
		}
		rows = append([]Node{rest, zero, zero}, rows...)
		return append(out, g.Reshape(g.Stack(rows...), -1, 3))
	})
}

// derive returns another function over the same parameters and memory.
func (f *Func) derive(build Build) *Func {
	if f.build == nil {
		build = nil // a call says so
	}
	d := NewFunc(f.params, build)
	d.limit, d.memory, d.profile, d.weights, d.precision = f.limit, f.memory, f.profile, f.weights, f.precision
	return d
}
