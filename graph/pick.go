package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// Pick takes elements of the last axis by id: x [..., V] and ids [..., S] give [..., S], the scores of given classes,
// say. The ids' leading dimensions are those of x or the last of them: ids [B, S] serve every step of x [T, B, V]. Ids
// outside 0..V-1 are an error when the program runs. (torch.gather along the last dimension.)
func (g *Graph) Pick(x, ids Node) Node { return g.pick(x, ids, op.PadID{}) }

// PickPadded is Pick with a padding id, which gives 0 and has no gradient. It may lie outside 0..V-1, as -1 does.
func (g *Graph) PickPadded(x, ids Node, pad int) Node {
	return g.pick(x, ids, op.PadID{ID: pad, Known: true})
}

func (g *Graph) pick(x, ids Node, pad op.PadID) Node {
	if !g.alongRows("Pick", x, ids) {
		return Node{}
	}
	return g.apply(op.PickLast{PadID: pad}, append(op.Clone(x.shape()[:x.Rank()-1]), ids.Dim(-1)), x, ids)
}

// Scatter adds elements into zeros at the places that ids name: x [..., S] and ids [..., S] give [..., size]. What has
// one id is added up: attention over source positions becomes attention over the source's words. The ids' leading
// dimensions are those of x or the last of them; ids outside 0..size-1 are an error when the program runs.
func (g *Graph) Scatter(x, ids Node, size int) Node {
	if !g.alongRows("Scatter", x, ids) {
		return Node{}
	}
	if size < 1 || ids.Dim(-1) != x.Dim(-1) {
		return g.failf("Scatter", "want x [..., S], ids [..., S] and a size above 0, found %v, %v and %d", x.shape(), ids.shape(), size)
	}
	return g.apply(op.ScatterLast{Size: size}, append(op.Clone(x.shape()[:x.Rank()-1]), size), x, ids)
}

// alongRows checks that every row of x has its ids.
func (g *Graph) alongRows(what string, x, ids Node) bool {
	if !g.floats(what, x) || !g.ids(what, ids) {
		return false
	}
	rows := x.Rank() - ids.Rank()
	if x.Rank() < 1 || ids.Rank() < 1 || rows < 0 || !slices.Equal(ids.shape()[:ids.Rank()-1], x.shape()[rows:x.Rank()-1]) {
		g.failf(what, "want x [..., V] and ids [..., S] with its leading dimensions or the last of them, found %v and %v", x.shape(), ids.shape())
		return false
	}
	return true
}

// OneHotMax is 1 at the first maximum of the last axis and 0 elsewhere, of x's shape: a model's choice, which a product
// with a table of embeddings looks up. It has no gradient.
func (g *Graph) OneHotMax(x Node) Node {
	if !g.floats("OneHotMax", x) {
		return Node{}
	}
	if x.Rank() < 1 {
		return g.failf("OneHotMax", "want at least one dimension, found a scalar")
	}
	return g.apply(op.OneHotMax{}, x.shape(), x)
}

func init() {
	differentiate(func(o op.PickLast, d derivation) []Node {
		size := d.in[0].Dim(-1)
		return []Node{d.g.apply(op.ScatterLast{Size: size, PadID: o.PadID}, op.Clone(d.in[0].shape()), d.grad, d.in[1]), {}}
	}, 0)
	differentiate(func(o op.ScatterLast, d derivation) []Node {
		return []Node{d.g.apply(op.PickLast{PadID: o.PadID}, op.Clone(d.in[0].shape()), d.grad, d.in[1]), {}}
	}, 0)
	constant[op.OneHotMax]()
}
