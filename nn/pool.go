package nn

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// MaxPool1D takes the maximum of every Size steps of x [T, B, C], as torch.nn.MaxPool1d: [(T-Size)/Stride + 1, B, C].
// Among equal values the first gets the gradient.
type MaxPool1D struct {
	Size   int
	Stride int // steps from one window to the next; 0 for Size
}

// Apply pools x. A window longer than the sequence is an error.
func (p MaxPool1D) Apply(g *graph.Graph, x graph.Node) graph.Node {
	windows := pooled(g, "MaxPool1D", p.Size, p.Stride, x)
	if g.Err() != nil {
		return graph.Node{}
	}
	return g.Max(windows, 1)
}

// AvgPool1D takes the mean of every Size steps of x [T, B, C], as torch.nn.AvgPool1d: [(T-Size)/Stride + 1, B, C].
type AvgPool1D struct {
	Size   int
	Stride int // steps from one window to the next; 0 for Size
}

// Apply pools x. A window longer than the sequence is an error.
func (p AvgPool1D) Apply(g *graph.Graph, x graph.Node) graph.Node {
	windows := pooled(g, "AvgPool1D", p.Size, p.Stride, x)
	if g.Err() != nil {
		return graph.Node{}
	}
	return g.Mean(windows, 1)
}

// pooled returns the windows of x [T, B, C], [T', Size, B, C].
func pooled(g *graph.Graph, what string, size, stride int, x graph.Node) graph.Node {
	if !isSequence(g, what, x) {
		return graph.Node{}
	}
	if size < 1 || stride < 0 || size > farthest || stride > farthest {
		return g.Failf(what, "size %d and stride %d; want 1 to %d, and 0 to as many", size, stride, farthest)
	}
	batch, channels := x.Dim(1), x.Dim(2)
	if n := x.Dim(0) / size; n > 0 && (stride == 0 || stride == size) { // the windows lie one after the other
		return g.Reshape(g.Slice(x, 0, 0, n*size), n, size, batch, channels)
	}
	if stride == 0 {
		stride = size
	}
	if x.Dim(0) >= size && !inParts(g, what, "steps in a window", size) {
		return graph.Node{}
	}
	views := window{size: size, stride: stride, dilation: 1}.views(g, what, x)
	if g.Err() != nil {
		return graph.Node{}
	}
	for i, v := range views {
		views[i] = g.Reshape(v, v.Dim(0), 1, batch, channels)
	}
	return g.Concat(1, views...)
}

// GlobalMaxPool takes the maximum over all steps of each channel: x [T, B, C] gives [B, C].
type GlobalMaxPool struct{}

// Apply pools sequences that are all T long.
func (p GlobalMaxPool) Apply(g *graph.Graph, x graph.Node) graph.Node {
	return p.ApplyPadded(g, x, graph.Node{})
}

// ApplyPadded pools sequences of the given lengths [B]. Padding has no part in it; a sequence of length 0 gives zero.
func (GlobalMaxPool) ApplyPadded(g *graph.Graph, x, lengths graph.Node) graph.Node {
	if !isSequence(g, "GlobalMaxPool", x) {
		return graph.Node{}
	}
	mask := SequenceMask(g, "GlobalMaxPool", x, lengths)
	if !mask.Valid() {
		return g.Max(x, 0)
	}
	top := g.Max(g.Where(mask, x, g.Full(-math.MaxFloat32)), 0)
	return g.Where(g.Reshape(g.Slice(mask, 0, 0, 1), x.Dim(1)), top, g.Full(0)) // step 0 is padding in empty sequences alone
}

// GlobalMeanPool takes the mean over all steps of each channel: x [T, B, C] gives [B, C].
type GlobalMeanPool struct{}

// Apply pools sequences that are all T long.
func (p GlobalMeanPool) Apply(g *graph.Graph, x graph.Node) graph.Node {
	return p.ApplyPadded(g, x, graph.Node{})
}

// ApplyPadded pools sequences of the given lengths [B]. Padding has no part in it; a sequence of length 0 gives zero.
func (GlobalMeanPool) ApplyPadded(g *graph.Graph, x, lengths graph.Node) graph.Node {
	if !isSequence(g, "GlobalMeanPool", x) {
		return graph.Node{}
	}
	mask := SequenceMask(g, "GlobalMeanPool", x, lengths)
	if !mask.Valid() {
		return g.Mean(x, 0)
	}
	steps := g.Clamp(g.Sum(mask, 0), 1, float64(x.Dim(0))) // [B]
	return g.Div(g.Sum(g.Where(mask, x, g.Full(0)), 0), g.Reshape(steps, -1, 1))
}
