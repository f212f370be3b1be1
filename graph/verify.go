package graph

import (
	"github.com/unroll-go/unroll/internal/op"
)

// Verify returns x, and has every run that needs it look at ids first: an error of check, which gets the numbers of each
// node of ids in row-major order, ends the run. So a loss says in its own words what is wrong with its targets, before some
// operation does that knows less. what names the check; errors begin with it.
func (g *Graph) Verify(what string, x Node, check func(ids [][]int) error, ids ...Node) Node {
	if !g.floats("Verify", x) {
		return Node{}
	}
	if check == nil {
		return g.failf("Verify", "%s: the check is nil", what)
	}
	for _, n := range ids {
		if !g.ids("Verify", n) {
			return Node{}
		}
	}
	return g.apply(&op.Verify{What: what, Check: check}, op.Clone(x.shape()), append([]Node{x}, ids...)...)
}

func init() {
	differentiate(func(_ *op.Verify, d derivation) []Node { return append([]Node{d.grad}, make([]Node, len(d.in)-1)...) }, 0)
}
