package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// Window says which places of a tensor [N, C, ...] a convolution or a pooling reads, along the axes after the second, of
// which there may be one to three: result o reads o·Stride + k·Dilation - Before for k from 0 to Size-1. Every list
// has one entry for each of these axes, or is nil.
type Window struct {
	Size     []int // of a pool; a convolution's is its weights'
	Stride   []int // from one result to the next; nil for 1
	Dilation []int // between two places that a result reads; nil for 1
	Before   []int // places of padding before the first one; nil for none
	After    []int // places of padding after the last one; nil for none
	Groups   int   // of channels that a convolution keeps apart; 0 for 1
}

// farthest is the largest entry of a window, small enough that a sum of three and a place fit in 32 bits.
const farthest = 1 << 28

// mostAxes is how many axes a window may move along.
const mostAxes = 3

// over gives the window over axes of the given lengths for a kernel, and the lengths of the result.
func (w Window) over(g *Graph, what string, in, kernel []int) (op.Window, []int, bool) {
	o := op.Window{Stride: ones, Dilation: ones, Kernel: ones, In: ones, Out: ones}
	fail := func(format string, args ...any) (op.Window, []int, bool) {
		g.failf(what, format, args...)
		return op.Window{}, nil, false
	}
	if len(in) < 1 || len(in) > mostAxes || len(kernel) != len(in) {
		return fail("a window of sizes %v over axes of lengths %v; want one to %d axes after the first two, and a size for each",
			kernel, in, mostAxes)
	}
	first := mostAxes - len(in)
	for _, list := range []struct {
		name  string
		given []int
		least int
		to    []int
	}{
		{"size", kernel, 1, o.Kernel[first:]}, {"stride", w.Stride, 1, o.Stride[first:]},
		{"dilation", w.Dilation, 1, o.Dilation[first:]}, {"padding before", w.Before, 0, o.Before[first:]},
		{"padding after", w.After, 0, o.After[first:]}, {"length", in, 1, o.In[first:]},
	} {
		if list.given == nil {
			continue
		}
		if len(list.given) != len(in) || slices.Min(list.given) < list.least || slices.Max(list.given) > farthest {
			return fail("%s %v over %d axes; want a number of at least %d for each", list.name, list.given, len(in), list.least)
		}
		copy(list.to, list.given)
	}
	for i := first; i < mostAxes; i++ {
		reach, all := int64(o.Kernel[i]-1)*int64(o.Dilation[i])+1, int64(o.In[i])+int64(o.Before[i])+int64(o.After[i])
		if reach > all {
			return fail("a window that reaches %d places over an axis of %d with its padding", reach, all)
		}
		o.Out[i] = int((all-reach)/int64(o.Stride[i])) + 1
	}
	return o, op.Clone(o.Out[first:]), true
}

var ones = [mostAxes]int{1, 1, 1}

// Conv is a convolution over the axes after the second, as torch.nn.functional.conv1d, conv2d and conv3d: x [N, C, ...] with
// weights w [M, C/Groups, ...], whose last axes are the window's size, gives [N, M, ...]. bias [M] may be the zero Node, for none.
//
//	y[n, m, o] = bias[m] + Σ_{c, k} w[m, c, k]·x[n, c, o·Stride + k·Dilation - Before]    for the channels c of m's group
func (g *Graph) Conv(x, w, bias Node, o Window) Node {
	in := []Node{x, w}
	if bias.Valid() {
		in = append(in, bias)
	}
	if !g.floats("Conv", in...) {
		return Node{}
	}
	groups := max(o.Groups, 1)
	if x.Rank() < 3 || w.Rank() != x.Rank() {
		return g.failf("Conv", "x %v and weights %v; want [N, C, ...] and [M, C/Groups, ...] of one to three axes more",
			x.shape(), w.shape())
	}
	if w.Dim(1)*groups != x.Dim(1) || w.Dim(0)%groups != 0 {
		return g.failf("Conv", "x %v and weights %v in %d groups; want x [N, C, ...], weights [M, C/Groups, ...], and M a multiple of Groups",
			x.shape(), w.shape(), groups)
	}
	if bias.Valid() && !slices.Equal(bias.shape(), w.shape()[:1]) {
		return g.failf("Conv", "a bias %v for weights %v; want [%d]", bias.shape(), w.shape(), w.Dim(0))
	}
	window, out, ok := o.over(g, "Conv", x.shape()[2:], w.shape()[2:])
	if !ok {
		return Node{}
	}
	c := op.Conv{Window: window, Batch: x.Dim(0), Groups: groups, From: w.Dim(1), To: w.Dim(0) / groups}
	return g.apply(c, append([]int{x.Dim(0), w.Dim(0)}, out...), in...)
}

// ConvTranspose is the transpose of a convolution, as torch.nn.functional.conv_transpose1d to conv_transpose3d: the gradient that Conv with
// the weights w [M, C/Groups, ...] sends back. x [N, M, ...] gives [N, C, ...] with axes of the given lengths, which must be
// such that Conv gives x's from them.
func (g *Graph) ConvTranspose(x, w Node, o Window, lengths ...int) Node {
	if !g.floats("ConvTranspose", x, w) {
		return Node{}
	}
	groups := max(o.Groups, 1)
	if x.Rank() < 3 || w.Rank() != x.Rank() || w.Dim(0) != x.Dim(1) || w.Dim(0)%groups != 0 || len(lengths) != x.Rank()-2 {
		return g.failf("ConvTranspose",
			"x %v, weights %v in %d groups and lengths %v; want x [N, M, ...], weights [M, C/Groups, ...] and a length for each other axis",
			x.shape(), w.shape(), groups, lengths)
	}
	window, out, ok := o.over(g, "ConvTranspose", lengths, w.shape()[2:])
	if !ok {
		return Node{}
	}
	if !slices.Equal(out, x.shape()[2:]) {
		return g.failf("ConvTranspose", "x %v, which a convolution over lengths %v does not give, but %v", x.shape(), lengths, out)
	}
	shape := append([]int{x.Dim(0), w.Dim(1)}, lengths...)
	if !g.validShape("ConvTranspose", append(op.Clone(shape), groups)) { // before the product can overflow
		return Node{}
	}
	shape[1] *= groups
	c := op.Conv{Window: window, Batch: x.Dim(0), Groups: groups, From: w.Dim(1), To: w.Dim(0) / groups}
	return g.apply(op.ConvInput{Conv: c}, shape, x, w)
}

// MaxPool is the largest element that each window covers of x [N, C, ...], padding left out; among equal ones the first gets the
// gradient. (torch.nn.functional.max_pool1d to max_pool3d.)
func (g *Graph) MaxPool(x Node, o Window) Node {
	return g.pool("MaxPool", x, o, func(w op.Window, outer int) op.Op { return op.MaxPool{Window: w, Outer: outer} })
}

// SumPool adds up what each window covers of x [N, C, ...]; padding counts as zero.
func (g *Graph) SumPool(x Node, o Window) Node {
	return g.pool("SumPool", x, o, func(w op.Window, outer int) op.Op { return op.SumPool{Window: w, Outer: outer} })
}

func (g *Graph) pool(what string, x Node, o Window, operator func(w op.Window, outer int) op.Op) Node {
	if !g.floats(what, x) {
		return Node{}
	}
	if x.Rank() < 3 || o.Groups != 0 {
		return g.failf(what, "x %v and %d groups; want [N, C, ...], and no groups", x.shape(), o.Groups)
	}
	w, out, ok := o.over(g, what, x.shape()[2:], o.Size)
	if !ok {
		return Node{}
	}
	if axis, result := w.Uncovered(); axis >= 0 {
		return g.failf(what, "result %d of axis %d covers padding alone: %v", result, axis-mostAxes+x.Rank(), o)
	}
	return g.apply(operator(w, x.Dim(0)*x.Dim(1)), append(op.Clone(x.shape()[:2]), out...), x)
}

func init() {
	differentiate(func(o op.Conv, d derivation) []Node {
		out := []Node{
			d.g.apply(op.ConvInput{Conv: o}, op.Clone(d.in[0].shape()), d.grad, d.in[1]),
			d.g.apply(op.ConvWeight{Conv: o}, op.Clone(d.in[1].shape()), d.in[0], d.grad),
		}
		if len(d.in) > 2 {
			n, m := d.grad.Dim(0), d.grad.Dim(1)
			out = append(out, d.g.Sum(d.g.Reshape(d.grad, n, m, -1), 0, 2))
		}
		return out
	})
	differentiate(func(o op.ConvInput, d derivation) []Node {
		return []Node{
			d.g.apply(o.Conv, op.Clone(d.in[0].shape()), d.grad, d.in[1]),
			d.g.apply(op.ConvWeight(o), op.Clone(d.in[1].shape()), d.grad, d.in[0]),
		}
	})
	differentiate(func(o op.ConvWeight, d derivation) []Node {
		return []Node{
			d.g.apply(op.ConvInput(o), op.Clone(d.in[0].shape()), d.in[1], d.grad),
			d.g.apply(o.Conv, op.Clone(d.in[1].shape()), d.in[0], d.grad),
		}
	})
	differentiate(func(o op.MaxPool, d derivation) []Node {
		return []Node{d.g.apply(op.MaxPoolGrad{MaxPool: o}, op.Clone(d.in[0].shape()), d.in[0], d.grad)}
	})
	differentiate(func(o op.MaxPoolGrad, d derivation) []Node {
		d.g.failf("MaxPool", "it has no second derivative")
		return []Node{{}, {}}
	}, 1)
	differentiate(func(o op.SumPool, d derivation) []Node {
		return []Node{d.g.apply(op.SumPoolGrad{SumPool: o}, op.Clone(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o op.SumPoolGrad, d derivation) []Node {
		return []Node{d.g.apply(o.SumPool, op.Clone(d.in[0].shape()), d.grad)}
	})
}
