package stablehlo

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// What is here reads many nodes at once. Those that are steps of one loop are kept as one tensor.

// piece is nodes of a row of many: one node, several times perhaps, or steps of a loop that follow one another, forwards or backwards.
type piece struct {
	nodes     []int
	run       *run
	at        int // of the nodes in the steps
	first, by int // steps; 0 for the same node again
}

// pieces cuts nodes into pieces.
func (w *writer) pieces(nodes []int) []piece {
	var out []piece
	for len(nodes) > 0 {
		p := piece{nodes: nodes[:1]}
		at := w.place(nodes[0])
		p.run, p.at, p.first = at.run, at.at, at.step
		n := 1
		for n < len(nodes) && nodes[n] == nodes[0] {
			n++
		}
		for p.run != nil && (n == 1 || p.by != 0) && n < len(nodes) {
			next, by := w.place(nodes[n]), p.by
			if n == 1 {
				by = next.step - p.first
			}
			if next.run != p.run || next.at != p.at || by*by != 1 || next.step != p.first+n*by {
				break
			}
			p.by = by
			n++
		}
		p.nodes, nodes = nodes[:n], nodes[n:]
		out = append(out, p)
	}
	return out
}

// series is the values of nodes of one shape as one tensor, in which node i stands at from + by·i.
func (w *writer) series(nodes []int) (x value, from, by int) {
	if of, ok := w.sameView(nodes); ok {
		rows, _ := isView(&w.nodes[nodes[0]])
		x, from, by = w.series(of)
		n, shape := x.shape[0], w.nodes[nodes[0]].Shape
		x = w.rows(w.reshape(x, n*rows.Outer, rows.N, rows.Inner), 1, rows.Start, rows.End)
		return w.reshape(x, append([]int{n}, shape...)...), from, by
	}
	pieces := w.pieces(nodes)
	if p := pieces[0]; len(pieces) == 1 && p.by != 0 {
		return w.stackOf(p), p.first, p.by
	}
	var parts []value
	for _, p := range pieces {
		parts = append(parts, w.piece(p))
	}
	return w.concat(0, parts...), 0, 1
}

// sameView tells whether nodes are the same slice of other nodes, which it returns.
func (w *writer) sameView(nodes []int) (of []int, is bool) {
	rows, is := w.nodes[nodes[0]].Op.(op.Slice)
	if !is {
		return nil, false
	}
	for _, i := range nodes {
		if o, ok := w.nodes[i].Op.(op.Slice); !ok || o != rows {
			return nil, false
		}
		of = append(of, w.nodes[i].In[0])
	}
	first := w.nodes[of[0]].Shape
	return of, !slices.ContainsFunc(of, func(i int) bool { return !slices.Equal(w.nodes[i].Shape, first) })
}

// stackOf is all steps that a piece is of, [steps, shape].
func (w *writer) stackOf(p piece) value { return w.ran(p.run).stacks[p.at] }

// piece is the values of a piece, [n, shape].
func (w *writer) piece(p piece) value {
	n := len(p.nodes)
	if p.by == 0 {
		i := p.nodes[0]
		x := w.one(w.reshape(w.at(i), w.nodes[i].Shape...))
		shape := append([]int{n}, x.shape[1:]...)
		axes := make([]int, len(shape))
		for k := range axes {
			axes[k] = k
		}
		return w.broadcast(x, axes, shape)
	}
	x := w.stackOf(p)
	if p.by > 0 {
		return w.rows(x, 0, p.first, p.first+n)
	}
	x = w.rows(x, 0, p.first-n+1, p.first+1)
	return w.emit(x.kind, x.shape, "stablehlo.reverse %s, dims = [0] : %s", x, x.typ())
}

// inStep is the value of a node of a run, behind its loop.
func (w *writer) inStep(p place) value {
	r := w.ran(p.run)
	if x := r.stacks[p.at]; x.name != "" {
		return w.reshape(w.rows(x, 0, p.step, p.step+1), x.shape[1:]...)
	}
	return r.ends[p.at] // the last step's, see keep
}

// joined is nodes, which have some entries of the middle axis of [outer, n, inner] each, as few tensors to concatenate.
func (w *writer) joined(outer, inner int, nodes, lengths []int) (parts []value) {
	for len(nodes) > 0 {
		same := 1 // of one length
		for same < len(nodes) && lengths[same] == lengths[0] {
			same++
		}
		for _, p := range w.pieces(nodes[:same]) {
			n, each := len(p.nodes), lengths[0]
			if n == 1 {
				parts = append(parts, w.reshape(w.at(p.nodes[0]), outer, each, inner))
				continue
			}
			x := w.reshape(w.piece(p), n, outer, each, inner)
			if outer != 1 {
				x = w.transpose(x, 1, 0, 2, 3)
			}
			parts = append(parts, w.reshape(x, outer, n*each, inner))
		}
		nodes, lengths = nodes[same:], lengths[same:]
	}
	return parts
}

// terms is nodes as the terms of a sum of a shape, few of them where they are steps of loops.
func (w *writer) terms(nodes []int, shape []int) (out []value) {
	summed := map[place]bool{}
	var left []int
	for _, i := range nodes {
		p := w.place(i)
		if p.run == nil || p.run.keeps[p.at].sum == none {
			left = append(left, i)
			continue
		}
		if p.step = 0; !summed[p] { // this sum is the only one that reads it
			summed[p] = true
			out = append(out, w.ran(p.run).ends[p.at])
		}
	}
	for _, p := range w.pieces(left) {
		if len(p.nodes) >= fewestSteps && p.by != 0 {
			sum := w.reshape(w.piece(p), len(p.nodes), op.Size(w.nodes[p.nodes[0]].Shape))
			out = append(out, w.fit(w.reshape(w.sum(sum, 0), w.nodes[p.nodes[0]].Shape...), shape))
			continue
		}
		for _, i := range p.nodes {
			out = append(out, w.fit(w.at(i), shape))
		}
	}
	return out
}
