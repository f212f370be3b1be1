package nn

import "github.com/unroll-go/unroll/graph"

// Dense is an affine map of the last axis, as torch.nn.Linear: x [..., I] gives x·Wᵀ + b, [..., Units].
//
// Parameters: weight [Units, I], Glorot uniform unless Init says otherwise; bias [Units], zero.
type Dense struct {
	Units  int        // width of the output
	NoBias bool       // leave the bias out
	Init   graph.Init // of the weight; nil for the default
}

// Apply maps x, which needs at least two dimensions.
func (d Dense) Apply(g *graph.Graph, x graph.Node) graph.Node {
	switch {
	case d.Units < 1:
		return g.Failf("Dense", "%d units; want at least 1", d.Units)
	case !isInput(g, "Dense", x):
		return graph.Node{}
	case x.IsIDs() || x.Rank() < 2:
		return g.Failf("Dense", "want an input [..., I] of at least two dimensions, found %s", described(x))
	case !weighs(g, "Dense", d.Units, x.Dim(-1)):
		return graph.Node{}
	}
	init := d.Init
	if init == nil {
		init = graph.GlorotUniform()
	}
	y := g.MatMulT(x, g.Param("weight", init, d.Units, x.Dim(-1)))
	if d.NoBias {
		return y
	}
	return g.Add(y, g.Param("bias", graph.Constant(0), d.Units))
}

// Head maps hidden states [..., H] to logits over classes, [..., Classes]. The losses take logits; Probabilities returns
// their softmax, for prediction.
//
// Parameters: weight [Classes, H] and bias [Classes], as Dense. With Tied, the weight is that of an embedding (Press
// and Wolf, 2017), whose rows must be H wide, and only the bias is the head's own.
type Head struct {
	Classes int
	Tied    graph.Node // an embedding's Weight, or the zero Node
	NoBias  bool
	Init    graph.Init // of the weight; nil for Dense's default
}

// Apply returns the logits.
func (h Head) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if h.Classes < 1 {
		return g.Failf("Head", "%d classes; want at least 1", h.Classes)
	}
	if !h.Tied.Valid() {
		return Dense{Units: h.Classes, NoBias: h.NoBias, Init: h.Init}.Apply(g, x)
	}
	if h.Tied.Rank() != 2 || h.Tied.Dim(0) != h.Classes || h.Tied.Dim(1) != x.Dim(-1) {
		return g.Failf("Head", "tied weight has shape %v; want [%d %d]", h.Tied.Shape(), h.Classes, x.Dim(-1))
	}
	y := g.MatMulT(x, h.Tied)
	if h.NoBias {
		return y
	}
	return g.Add(y, g.Param("bias", graph.Constant(0), h.Classes))
}

// Probabilities is Apply followed by a softmax over the classes.
func (h Head) Probabilities(g *graph.Graph, x graph.Node) graph.Node {
	return g.Softmax(h.Apply(g, x), -1)
}
