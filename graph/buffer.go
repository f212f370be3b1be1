package graph

import (
	"slices"

	"gorgonia.org/tensor"
)

// Buffer returns a tensor of the store that is saved with the weights but not trained: a running mean, say. It is a
// frozen parameter; see Param for its name, and Assign for changing it.
func (g *Graph) Buffer(local string, init Init, shape ...int) Node {
	n := g.parameter(local, init, shape)
	if n.Valid() {
		g.owners[n.n].frozen = true
	}
	return n
}

// Assign has a buffer hold the given value of the same shape after each run of Func.Grad; the run itself reads the old
// one. Func.Run and Compile's programs change nothing.
func (g *Graph) Assign(buffer, value Node) {
	if !g.floats("Assign", buffer, value) {
		return
	}
	p := g.owners[buffer.n]
	switch {
	case p == nil || !p.frozen:
		g.failf("Assign", "%v is no buffer", buffer)
	case !slices.Equal(buffer.shape(), value.shape()):
		g.failf("Assign", "want shape %v, found %v", buffer.shape(), value.shape())
	case g.params.replica:
		g.failf("Assign", "buffer %s belongs to another store, of which this is a replica", p.name)
	case g.assigned(p):
		g.failf("Assign", "buffer %s is assigned twice", p.name)
	default:
		g.assigns = append(g.assigns, assignment{p, value})
	}
}

// assignment is a value for a buffer.
type assignment struct {
	param *Param
	value Node
}

func (c *core) assigned(p *Param) bool {
	return slices.ContainsFunc(c.assigns, func(a assignment) bool { return a.param == p })
}

// update is the result of a run that a buffer is to hold.
type update struct {
	param *Param
	value *tensor.Dense
}
