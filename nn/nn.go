// Package nn has the layers that networks need around a recurrence, and in place of one: embedding, dense layer, softmax
// head, dropout, activations and normalisation; convolution and pooling over time and a temporal convolutional network;
// attention and Transformers; Sequential and Residual to combine them.
//
// A layer is a small value that describes a computation. Its method Apply builds the computation in a graph, with weights
// from the graph's scope under PyTorch's names. Input widths are inferred.
//
// Sequences are time-major, [T, B, F]. Layers that have to know where sequences end have a second method, ApplyPadded, which
// takes the lengths [B]; the zero Node stands for sequences that are all T long.
package nn

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
)

// SequenceMask is 1 at the steps of x [T, B, ...] that belong to a sequence and 0 at padding, [T, B]. lengths [B] are ids;
// for the zero Node, which says that all sequences are T long, the mask is the zero Node too. Errors name the layer.
func SequenceMask(g *graph.Graph, layer string, x, lengths graph.Node) graph.Node {
	switch {
	case !lengths.Valid() || g.Err() != nil:
		return graph.Node{}
	case x.Rank() < 2:
		return g.Failf(layer, "want sequences [T, B, ...], found %s", described(x))
	case !lengths.IsIDs() || lengths.Rank() != 1 || lengths.Dim(0) != x.Dim(1):
		return g.Failf(layer, "want lengths [%d], ids, found %s", x.Dim(1), described(lengths))
	}
	return g.LengthMask(lengths, x.Dim(0))
}

// ClearPadding sets the steps of x [T, B, F] past each sequence's length to zero, whatever they hold. lengths [B] may be
// the zero Node.
func ClearPadding(g *graph.Graph, x, lengths graph.Node) graph.Node {
	if !isSequence(g, "ClearPadding", x) {
		return graph.Node{}
	}
	if mask := SequenceMask(g, "ClearPadding", x, lengths); mask.Valid() {
		return g.Where(mask, x, g.Full(0))
	}
	return x
}

// isSequence reports an input that is not [T, B, F]; what is the layer.
func isSequence(g *graph.Graph, what string, x graph.Node) bool {
	if isInput(g, what, x) && (x.IsIDs() || x.Rank() != 3) {
		g.Failf(what, "want a sequence [T, B, F], found %s", described(x))
	}
	return g.Err() == nil
}

// isInput reports an invalid node; what is the layer.
func isInput(g *graph.Graph, what string, x graph.Node) bool {
	if !x.Valid() {
		g.Failf(what, "there is no input") // or an error before
	}
	return g.Err() == nil
}

// described is a node's shape, for messages.
func described(x graph.Node) string {
	if x.IsIDs() {
		return fmt.Sprintf("ids %v", x.Shape())
	}
	return fmt.Sprint(x.Shape())
}

// weighs reports a weight that would have more elements than a tensor may.
func weighs(g *graph.Graph, what string, shape ...int) bool {
	if _, err := dense.Size(shape); err != nil {
		g.Failf(what, "its weight cannot be: %v", err)
	}
	return g.Err() == nil
}

// inParts reports a number of things that is below 1 or too large: each of them becomes nodes of the graph.
func inParts(g *graph.Graph, what, things string, n int) bool {
	if n < 1 || n > dense.MaxParts {
		g.Failf(what, "%d %s; want 1 to %d", n, things, dense.MaxParts)
	}
	return g.Err() == nil
}
