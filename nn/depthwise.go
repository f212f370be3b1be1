package nn

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// DepthwiseConv1D is a causal convolution over time of each channel by itself, as torch.nn.Conv1d(C, C, Kernel, groups=C,
// padding=Kernel-1) without its last Kernel-1 results:
//
//	y_t = Σ_k w_k⊙x_{t+k-(Kernel-1)} + b    for k from 0 to Kernel-1
//
// The short convolution in front of many linear recurrences (Mamba, RG-LRU, Gated DeltaNet) is this one. What it remembers
// between two calls are the last Kernel-1 inputs: Step carries them, and so does recurrent.Order.Convolve.
//
// Parameters: weight [C, 1, Kernel], uniform in ±1/√Kernel unless Init says otherwise, as in PyTorch; bias [C], zero.
type DepthwiseConv1D struct {
	Kernel int // how many steps a result depends on
	NoBias bool
	Init   graph.Init // of the weight; nil for the default
}

// Apply convolves x [T, B, C], before which there are zeros, to [T, B, C].
func (c DepthwiseConv1D) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if !c.fits(g) || !isSequence(g, "DepthwiseConv1D", x) {
		return graph.Node{}
	}
	reach := window{size: c.Kernel, stride: 1, dilation: 1}
	return c.Weigh(g, reach.views(g, "DepthwiseConv1D", padded(g, x, c.Kernel-1, 0))...)
}

// Step convolves one step: x [B, C] and the inputs before it, past [B, (Kernel-1)·C], the oldest first, give y [B, C] and the
// past of the next step. It has the bits of Apply. With a Kernel of 1 there is no past, and the zero Node stands for it.
func (c DepthwiseConv1D) Step(g *graph.Graph, x, past graph.Node) (y, next graph.Node) {
	if !c.fits(g) || !isInput(g, "DepthwiseConv1D", x) {
		return graph.Node{}, past
	}
	if c.Kernel == 1 {
		return c.Weigh(g, x), past
	}
	if n := (c.Kernel - 1) * x.Dim(-1); x.Rank() != 2 || past.Rank() != 2 || past.Dim(0) != x.Dim(0) || past.Dim(1) != n {
		return g.Failf("DepthwiseConv1D", "x %s and a past %s; want [B, C] and [B, %d·C]", described(x), described(past), c.Kernel-1), past
	}
	all := g.Concat(1, past, x)
	return c.Weigh(g, g.Split(all, 1, c.Kernel)...), g.Slice(all, 1, x.Dim(1), all.Dim(1))
}

// Weigh is the sum of the inputs that results depend on, [..., C] each, the oldest of Kernel first, each times its weight, and
// the bias.
func (c DepthwiseConv1D) Weigh(g *graph.Graph, taps ...graph.Node) graph.Node {
	switch {
	case !c.fits(g):
		return graph.Node{}
	case len(taps) != c.Kernel:
		return g.Failf("DepthwiseConv1D", "%d inputs; want %d, its kernel", len(taps), c.Kernel)
	}
	for _, x := range taps {
		if !isInput(g, "DepthwiseConv1D", x) {
			return graph.Node{}
		}
		if x.IsIDs() || x.Rank() < 1 {
			return g.Failf("DepthwiseConv1D", "want numbers [..., C], found %s", described(x))
		}
	}
	init := c.Init
	if init == nil {
		bound := 1 / math.Sqrt(float64(c.Kernel))
		init = graph.Uniform(-bound, bound)
	}
	channels := taps[0].Dim(-1)
	if !weighs(g, "DepthwiseConv1D", channels, c.Kernel) {
		return graph.Node{}
	}
	weight := g.Param("weight", init, channels, 1, c.Kernel)
	rows := g.Transpose(g.Reshape(weight, channels, c.Kernel)) // [Kernel, C]
	terms := make([]graph.Node, c.Kernel, c.Kernel+1)
	for k, w := range g.Unstack(rows) {
		terms[k] = g.Mul(taps[k], w)
	}
	if !c.NoBias {
		terms = append(terms, g.Param("bias", graph.Constant(0), channels))
	}
	return g.Add(terms...)
}

// fits reports a kernel that is no size.
func (c DepthwiseConv1D) fits(g *graph.Graph) bool {
	return g.Err() == nil && inParts(g, "DepthwiseConv1D", "steps in a kernel", c.Kernel)
}
