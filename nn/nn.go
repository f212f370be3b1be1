// Package nn has the layers around and beside a recurrence: embedding, dense, softmax head, dropout, normalisation;
// convolution and pooling over time; attention and Transformers. A layer is a small value that describes a computation;
// its Apply builds it in a graph, taking weights from the graph's scope under PyTorch's names. Input widths are inferred.
//
// Sequences are time-major, [T, B, F]. Layers that know about sequences of different lengths have a second method that
// takes the lengths [B]; the zero Node stands for sequences that are all T long.
package nn

import "github.com/unroll-go/unroll/graph"

// lengthMask is 1 at the steps of x [T, B, ...] that belong to a sequence, [T, B]; invalid when all do.
func lengthMask(g *graph.Graph, name string, x, lengths graph.Node) graph.Node {
	if !lengths.Valid() {
		return graph.Node{}
	}
	if !lengths.IsIDs() || lengths.Rank() != 1 || lengths.Dim(0) != x.Dim(1) {
		return g.Failf(name, "want lengths [%d], found %v", x.Dim(1), lengths.Shape())
	}
	return g.LengthMask(lengths, x.Dim(0))
}

// ClearPadding sets the steps of x [T, B, F] past each sequence's length to zero, whatever they hold. lengths [B] may be
// the zero Node.
func ClearPadding(g *graph.Graph, x, lengths graph.Node) graph.Node {
	if x.Valid() && x.Rank() != 3 {
		return g.Failf("ClearPadding", "want a sequence [T, B, F], found %v", x.Shape())
	}
	if mask := lengthMask(g, "ClearPadding", x, lengths); mask.Valid() {
		return g.Where(mask, x, g.Full(0))
	}
	return x
}

// isSequence refuses what is not [T, B, F], for the layer named what.
func isSequence(g *graph.Graph, what string, x graph.Node) bool {
	if x.Valid() && x.Rank() != 3 {
		g.Failf(what, "want a sequence [T, B, F], found %v", x.Shape())
	}
	return g.Err() == nil && x.Valid()
}
