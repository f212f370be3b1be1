package recurrent

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Convolve is a causal convolution of x [T, B, C] in reading order, which depends on the inputs before each step: past [B,
// (Kernel-1)·C], the oldest first, are those before the first step. It returns the results [T, B, C] and the past behind
// each sequence's last step. One step of it is conv.Step, with the same bits. With a Kernel of 1 the past is the zero Node.
func (o Order) Convolve(g *graph.Graph, conv nn.DepthwiseConv1D, x, past graph.Node) (y, next graph.Node) {
	if g.Err() != nil || conv.Kernel <= 1 {
		return conv.Weigh(g, x), past // which reports a kernel of 0
	}
	n := conv.Kernel - 1
	if x.Rank() != 3 || past.Rank() != 2 || past.Dim(0) != x.Dim(1) || past.Dim(1) != n*x.Dim(2) {
		return g.Failf("Scan", "want x [T, B, C] and a past [B, %d·C], found %v and %v", n, x.Shape(), past.Shape()), past
	}
	rows := g.Split(past, 1, n) // [B, C] each
	taps, ends := o.history(g, x, rows)
	return conv.Weigh(g, taps...), g.Concat(1, ends...)
}

// history returns x [T, B, C] as it was len(rows) steps before each step, and so on to x itself, and the last len(rows) steps
// of each sequence, [B, C] each, the oldest first. rows are those before the first step.
func (o Order) history(g *graph.Graph, x graph.Node, rows []graph.Node) (taps, ends []graph.Node) {
	T, n := x.Dim(0), len(rows)
	taps, ends = make([]graph.Node, n+1), make([]graph.Node, n)
	if o.reverse && o.mask.Valid() { // every sequence's past lies behind its own end
		taps[n] = x
		for k := n - 1; k >= 0; k-- {
			taps[k], ends[k] = o.Before(g, taps[k+1], rows[k])
		}
		return taps, ends
	}
	around := make([]graph.Node, n)
	for i, r := range rows {
		around[i] = g.Reshape(r, 1, r.Dim(0), r.Dim(1))
	}
	var all graph.Node // [T+n, B, C]
	if o.reverse {
		slices.Reverse(around)
		all = g.Concat(0, append([]graph.Node{x}, around...)...)
	} else {
		all = g.Concat(0, append(around, x)...)
	}
	for k := range taps {
		from := k
		if o.reverse {
			from = n - k
		}
		taps[k] = g.Slice(all, 0, from, from+T)
	}
	for k := range ends {
		ends[k] = o.Last(g, taps[k+1], rows[k])
	}
	return taps, ends
}

// SelectiveScan is graph.Graph.SelectiveScan in reading order: u and delta [T, B, E], a [E, S], b and c [T, B, S], and first
// [B, E·S], the state before the first step, give y [T, B, E] and the last state, [B, E·S]. At padding the state stays as
// it is. One step of it is a scan over a single step.
func (o Order) SelectiveScan(g *graph.Graph, u, delta, a, b, c, first graph.Node) (y, last graph.Node) {
	return g.SelectiveScan(o.Clear(g, u), o.Clear(g, delta), a, o.Clear(g, b), o.Clear(g, c), first, o.reverse)
}

// Clear sets x [T, B, F] to zero at padding, whatever it holds there.
func (o Order) Clear(g *graph.Graph, x graph.Node) graph.Node {
	if !o.mask.Valid() {
		return x
	}
	return g.Where(o.mask, x, g.Full(0))
}
