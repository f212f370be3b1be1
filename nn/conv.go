package nn

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// Padding is what a convolution puts around a sequence of T steps.
type Padding int

// Kinds of padding; all of it is zeros.
const (
	// PadNumber puts Conv1D.Pad steps at both ends, none unless set.
	PadNumber Padding = iota
	// PadSame puts zeros at both ends so that there are T results; an odd one goes to the end, as in PyTorch. It needs
	// Stride 1.
	PadSame
	// PadCausal puts all zeros before the beginning: the result at t depends on steps up to t only. A Stride of 1 gives T
	// results.
	PadCausal
)

// Conv1D is a convolution over time, as torch.nn.Conv1d, but of sequences x [T, B, C]:
//
//	y_t = Σ_k W_k·x_{t·Stride + k·Dilation} + b    for k from 0 to Kernel-1, x after padding
//
// which gives [T', B, Channels] with T' = (T + padding - Dilation·(Kernel-1) - 1)/Stride + 1. It is computed as a sum of
// Kernel matrix products with views of x that are shifted in time. In a batch of sequences of different lengths, a causal
// convolution does not see the padding behind them; before any other convolution, use ClearPadding.
//
// Parameters: weight [Channels, C, Kernel], Glorot uniform unless Init says otherwise; bias [Channels], zero. With
// WeightNorm, weight_g [Channels, 1, 1] and weight_v [Channels, C, Kernel] in place of weight, as torch.nn.utils.weight_norm:
// W = g·v/‖v‖ for each channel (Salimans and Kingma, 2016, arXiv 1602.07868).
type Conv1D struct {
	Channels   int
	Kernel     int     // how many steps a result depends on
	Stride     int     // steps from one result to the next; 0 for 1
	Dilation   int     // distance between two of these steps; 0 for 1
	Padding    Padding // PadNumber, PadSame or PadCausal
	Pad        int     // steps at both ends with PadNumber
	NoBias     bool
	WeightNorm bool
	Init       graph.Init // of the weight; nil for the default
}

// Apply convolves x. A kernel that reaches further than the padded sequence is an error.
func (c Conv1D) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if !c.fits(g, x) {
		return graph.Node{}
	}
	w := window{size: c.Kernel, stride: max(c.Stride, 1), dilation: max(c.Dilation, 1)}
	if c.Padding == PadCausal { // taps that only ever meet padding are left out, and so is their padding
		w.size = min(w.size, (x.Dim(0)-1)/w.dilation+1)
	}
	before, after := c.Pad, c.Pad
	switch reach := w.reach() - 1; c.Padding {
	case PadSame:
		before, after = reach/2, reach-reach/2
	case PadCausal:
		before, after = reach, 0
	}
	views := w.views(g, "Conv1D", padded(g, x, before, after))
	weight := c.weight(g, x.Dim(2))
	if g.Err() != nil {
		return graph.Node{}
	}
	taps := g.Unstack(g.Transpose(weight, 2, 0, 1)) // [Channels, C] for each k
	terms := make([]graph.Node, w.size, w.size+1)
	for k, tap := range taps[c.Kernel-w.size:] {
		terms[k] = g.MatMulT(views[k], tap)
	}
	if !c.NoBias {
		terms = append(terms, g.Param("bias", graph.Constant(0), c.Channels))
	}
	return g.Add(terms...)
}

// weight returns W [Channels, in, Kernel].
func (c Conv1D) weight(g *graph.Graph, in int) graph.Node {
	init := c.Init
	if init == nil {
		init = graph.GlorotUniform()
	}
	if !c.WeightNorm {
		return g.Param("weight", init, c.Channels, in, c.Kernel)
	}
	v := g.Param("weight_v", init, c.Channels, in, c.Kernel)
	// The length that a channel's weight has on average after a Glorot start, of variance 2/(fanIn+fanOut).
	fanIn, fanOut := float64(in*c.Kernel), float64(c.Channels*c.Kernel)
	length := g.Param("weight_g", graph.Constant(math.Sqrt(2*fanIn/(fanIn+fanOut))), c.Channels, 1, 1)
	squares := g.Sum(g.Reshape(g.Square(v), c.Channels, in*c.Kernel), 1)
	return g.Mul(v, g.Div(length, g.Reshape(g.Sqrt(squares), c.Channels, 1, 1)))
}

// farthest is the largest stride, dilation or padding: more steps than any sequence has.
const farthest = 1 << 30

// padded puts steps of zeros around x [T, B, C].
func padded(g *graph.Graph, x graph.Node, before, after int) graph.Node {
	parts := []graph.Node{x}
	if before > 0 {
		parts = append([]graph.Node{g.Full(0, before, x.Dim(1), x.Dim(2))}, parts...)
	}
	if after > 0 {
		parts = append(parts, g.Full(0, after, x.Dim(1), x.Dim(2)))
	}
	if len(parts) == 1 {
		return x
	}
	return g.Concat(0, parts...)
}

// fits reports settings and inputs that do not fit each other.
func (c Conv1D) fits(g *graph.Graph, x graph.Node) bool {
	if !isSequence(g, "Conv1D", x) {
		return false
	}
	switch {
	case c.Channels < 1 || c.Kernel < 1:
		g.Failf("Conv1D", "%d channels and a kernel of %d; want at least 1 of each", c.Channels, c.Kernel)
	case !inParts(g, "Conv1D", "steps in a kernel", c.Kernel):
	case c.Stride > farthest || c.Dilation > farthest || c.Pad > farthest:
		g.Failf("Conv1D", "stride %d, dilation %d, %d steps of padding; want at most %d", c.Stride, c.Dilation, c.Pad, farthest)
	case !weighs(g, "Conv1D", c.Channels, x.Dim(2), c.Kernel):
	case c.Stride < 0 || c.Dilation < 0 || c.Pad < 0:
		g.Failf("Conv1D", "stride %d, dilation %d, %d steps of padding; want 0 or more", c.Stride, c.Dilation, c.Pad)
	case c.Padding < PadNumber || c.Padding > PadCausal:
		g.Failf("Conv1D", "unknown padding %d", c.Padding)
	case c.Padding != PadNumber && c.Pad != 0:
		g.Failf("Conv1D", "Pad is set; only PadNumber takes it")
	case c.Padding == PadSame && c.Stride > 1:
		g.Failf("Conv1D", "stride %d with PadSame; want 1", c.Stride)
	}
	return g.Err() == nil
}
