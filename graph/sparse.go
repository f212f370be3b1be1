package graph

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/op"
)

// SparseGrad says that the gradient of a parameter, a table [V, ...], is to be kept by rows, and returns the parameter. If
// the table is used by look-ups alone (Gather and its kin), a gradient then costs what the rows take that were looked up,
// and not what the table takes; Param.GradRows lists them. Otherwise nothing changes. The numbers are the
// same in any case, up to the order in which the rows of one id are added up.
func (g *Graph) SparseGrad(table Node) Node {
	if !g.floats("SparseGrad", table) {
		return Node{}
	}
	if g.owners[table.n] == nil || table.Rank() < 1 {
		return g.failf("SparseGrad", "want a parameter of at least one dimension, found %v", table)
	}
	g.sparse[table.n] = true
	return table
}

// byRows is a parameter's gradient as one operation that keeps its rows in place, or the gradient itself if it is not a sum
// of looked-up rows.
func (g *Graph) byRows(p *Param, grad Node) (Node, bool) {
	terms := []Node{grad}
	if _, sum := grad.n.op.(op.Add); sum {
		terms = grad.n.in
	} else if l := grad.n.leaf; l != nil && l.Uniform && l.Number == 0 {
		terms = nil
	}
	if p.touched == nil {
		p.touched = &op.Touched{}
	}
	scatter := &op.ScatterTouched{Touched: p.touched}
	var in []Node
	for _, t := range terms {
		rows, ok := t.n.op.(op.ScatterRows)
		if !ok {
			return grad, false
		}
		scatter.Terms = append(scatter.Terms, rows)
		in = append(in, t.n.in...)
	}
	g.backward = true
	defer func() { g.backward = false }()
	return g.apply(scatter, op.Clone(grad.shape()), in...), true
}

// GradRows lists the rows of the gradient that may not be zero, each once, in no order, if that is known: for a table whose
// gradient is kept by rows, see Graph.SparseGrad. The slice holds until the next gradient.
func (p *Param) GradRows() (rows []int, known bool) {
	if p.absent() || p.touched == nil || !p.touched.Known {
		return nil, false
	}
	return p.touched.Rows, true
}

// SetGradRows says which rows of the gradient may not be zero; nil says that any may be. It is for whoever writes a gradient
// himself, to Param.Grad: the sum of several batches, say.
func (p *Param) SetGradRows(rows []int) error {
	switch {
	case p.absent():
		return errors.New("graph: SetGradRows: the store has no parameter of that name")
	case p.touched == nil && rows == nil:
		return nil
	case len(p.value.Shape()) == 0:
		return errors.Errorf("graph: SetGradRows: parameter %s is a scalar; want rows", p.name)
	}
	n := p.value.Shape()[0]
	for _, r := range rows {
		if r < 0 || r >= n {
			return errors.Errorf("graph: SetGradRows: row %d of parameter %s; want 0 to %d", r, p.name, n-1)
		}
	}
	if p.touched == nil {
		p.touched = &op.Touched{}
	}
	p.touched.Forget()
	p.touched.Known = rows != nil
	for _, r := range rows {
		p.touched.Add(r, n)
	}
	return nil
}

// zeroGrad sets the gradient to zero.
func (p *Param) zeroGrad() {
	grad := p.Grad()
	if p.touched == nil {
		grad.Zero()
		return
	}
	p.touched.Clear(op.Of(grad))
}

func init() { constant[*op.ScatterTouched]() }
