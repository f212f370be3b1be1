package stablehlo

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// settle says of all runs what is read behind them. A run that reads more things one by one than it saves is none.
func (w *writer) settle(ends []int) {
	var runs []*run
	for _, p := range w.loops {
		if p.run != nil && p.step == 0 && p.at == 0 {
			runs = append(runs, p.run)
		}
	}
	for _, r := range runs {
		if w.single(r) > len(r.nodes)*len(r.nodes[0])/2 {
			for _, i := range slices.Concat(r.nodes...) {
				w.loops[i] = place{}
			}
			continue
		}
		r.keeps = make([]keep, len(r.nodes[0]))
		for k := range r.keeps {
			r.keeps[k].sum = none
		}
	}
	readers := w.readers(ends)
	for _, r := range runs {
		if r.keeps == nil {
			continue
		}
		for at := range r.keeps {
			r.keeps[at] = w.keepOf(r, at, readers)
		}
	}
}

// single counts what a run reads one by one.
func (w *writer) single(r *run) (count int) {
	for _, in := range r.inputs {
		for _, p := range in {
			for p.of != nil && p.kind == isShifted {
				p = p.of
			}
			if p.kind == isSeries {
				if n := len(w.pieces(p.series)); n > 1 {
					count += n
				}
			}
		}
	}
	return count
}

// result is the reader of what is a result of the function.
const result = -2

// readers are, for each node of a run, the nodes that read it and are not part of the run, or result.
func (w *writer) readers(ends []int) map[int][]int {
	out := map[int][]int{}
	read := func(i, by int) {
		for {
			if _, view := isView(&w.nodes[i]); !view {
				break
			}
			i = w.nodes[i].In[0]
		}
		r := w.loops[i].run
		if r != nil && (by == result || w.loops[by].run != r) {
			out[i] = append(out[i], by)
		}
	}
	for i, live := range w.reached(ends) {
		if _, view := isView(&w.nodes[i]); !live || view {
			continue
		}
		for _, k := range w.nodes[i].In {
			read(k, i)
		}
	}
	for _, i := range ends {
		read(i, result)
	}
	return out
}

// keepOf is what is read of a node of the steps.
func (w *writer) keepOf(r *run, at int, readers map[int][]int) keep {
	k := keep{sum: none}
	steps, by := 0, none // how many are read, and by what alone
	alone := true
	for s, nodes := range r.nodes {
		for _, reader := range readers[nodes[at]] {
			steps++
			alone = alone && (by == none || by == reader)
			by = reader
			k.last = k.last || s == len(r.nodes)-1
			k.all = k.all || s < len(r.nodes)-1
		}
	}
	if alone && by >= 0 && steps == len(r.nodes) && w.sums(by, r, at) {
		return keep{sum: by}
	}
	return k
}

// sums tells whether a node is an Add outside of loops that adds up a node of all steps, or the same pad of it.
func (w *writer) sums(by int, r *run, at int) bool {
	n := &w.nodes[by]
	if _, ok := n.Op.(op.Add); !ok || w.loops[by].run != nil {
		return false
	}
	pads := map[int]op.Op{}
	for _, i := range n.In {
		if o, ok := w.nodes[i].Op.(op.Pad); ok {
			pads[w.nodes[i].In[0]] = o
		} else if slices.Equal(w.nodes[i].Shape, n.Shape) {
			pads[i] = nil
		}
	}
	first := pads[r.nodes[0][at]]
	for _, nodes := range r.nodes {
		if pad, ok := pads[nodes[at]]; !ok || pad != first {
			return false
		}
	}
	return true
}
