package stablehlo

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// A recurrence over T steps is T copies of its step in a list of nodes, one behind the other, and so are its gradients. What is here
// finds such copies, which are written as one loop, see loops.go:
//
//	a b c a b c a b c      period 3, three steps
//
// Slices and pads are no part of it, as they are often made for all steps at once: they belong to what reads them. So whatever a step
// reads lies before the step in the list, and a loop in the place of its steps depends on nothing that depends on it.

// fewestSteps is how many copies make a loop.
const fewestSteps = 4

// run is nodes that are steps of one loop.
type run struct {
	nodes  [][]int      // of each step
	inputs [][]*pattern // of the nodes of a step: what their operands are in each step
	keeps  []keep       // of the nodes of a step: what is read behind the loop

	written      bool
	stacks, ends []value // by the place of a node in the step, see keep
}

// keep says what is read of a node behind the loop.
type keep struct {
	all  bool // of any step: the values of all steps are kept
	last bool // of the last step alone
	sum  int  // the Add that adds up all steps, and is the only one to read them; -1 for none
}

// place is where a node stands in a run.
type place struct {
	run      *run
	step, at int
}

// place is where node i stands in a loop, if it is in one: nodes that stand for values have been added behind those of the function.
func (w *writer) place(i int) place {
	if i >= len(w.loops) {
		return place{}
	}
	return w.loops[i]
}

// isView tells whether a node is a slice or a pad, and of which rows.
func isView(n *listing.Node) (rows op.Slice, is bool) {
	switch o := n.Op.(type) {
	case op.Slice:
		return o, true
	case op.Pad:
		return o.Slice, true
	}
	return op.Slice{}, false
}

// search is on its way through a list of nodes.
type search struct {
	*writer
	order []int // nodes that may be part of a loop
	kinds []int // of these: equal for nodes that do the same with operands of the same shapes
}

// findRuns settles what is written as loops. The ends are the nodes that are results.
func (w *writer) findRuns(ends []int) {
	w.mergeConstants()
	w.loops = make([]place, len(w.nodes))
	s := search{writer: w}
	kinds := map[string]int{}
	for i, live := range w.reached(ends) {
		n := &w.nodes[i]
		if _, view := isView(n); !live || view || n.Op == nil || w.values[i].name != "" {
			continue
		}
		kind := w.kindOf(n)
		if _, ok := kinds[kind]; !ok {
			kinds[kind] = len(kinds)
		}
		s.order, s.kinds = append(s.order, i), append(s.kinds, kinds[kind])
	}
	s.within(0, len(s.order))
	w.settle(ends)
}

// mergeConstants has one leaf for all constants that are the same: steps make their own.
func (w *writer) mergeConstants() {
	known, same := map[string]int{}, map[int]int{}
	w.nodes = slices.Clone(w.nodes)
	for i := range w.nodes {
		n := &w.nodes[i]
		n.In = slices.Clone(n.In)
		for k, at := range n.In {
			if first, ok := same[at]; ok {
				n.In[k] = first
			}
		}
		key, ok := constantKey(n)
		if !ok {
			continue
		}
		if first, ok := known[key]; ok {
			same[i] = first
		} else {
			known[key] = i
		}
	}
}

// constantKey is equal for equal constants; large ones have none, unless they are one number.
func constantKey(n *listing.Node) (key string, ok bool) {
	l := n.Leaf
	switch {
	case l == nil || l.Kind != compile.FromConstant:
		return "", false
	case l.Uniform && !l.IDs:
		return fmt.Sprint(l.Number, n.Shape), true
	case l.Value != nil && op.Size(n.Shape) <= 100:
		return fmt.Sprint(l.IDs, l.Value.Data(), n.Shape), true
	}
	return "", false
}

// reached tells of each node whether a result is computed from it.
func (w *writer) reached(ends []int) []bool {
	live := make([]bool, len(w.nodes))
	for _, i := range ends {
		live[i] = true
	}
	for i, n := range slices.Backward(w.nodes) {
		if live[i] {
			for _, k := range n.In {
				live[k] = true
			}
		}
	}
	return live
}

// kindOf is equal for nodes that do the same with operands of the same shapes.
func (w *writer) kindOf(n *listing.Node) string {
	var b strings.Builder
	describe(&b, reflect.ValueOf(n.Op))
	fmt.Fprint(&b, n.Shape, n.IDs)
	for _, k := range n.In {
		fmt.Fprint(&b, w.nodes[k].Shape)
	}
	return b.String()
}

// describe writes what an operation is. Those that have functions of Go are told apart by where they are.
func describe(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil")
		} else if hasFunction(v.Elem().Type()) {
			fmt.Fprintf(b, "%v%#x", v.Type(), v.Pointer())
		} else {
			describe(b, v.Elem())
		}
	case reflect.Struct:
		b.WriteString(v.Type().String())
		for i := range v.NumField() {
			b.WriteByte(' ')
			describe(b, v.Field(i))
		}
	default:
		fmt.Fprintf(b, "%v %v", v.Type(), v)
	}
}

func hasFunction(t reflect.Type) bool {
	if t.Kind() == reflect.Func || t.Kind() == reflect.Interface {
		return true
	}
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if hasFunction(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// within finds the runs of a part of the order, the one with the most nodes first.
func (s search) within(from, to int) {
	bad := map[int]bool{} // periods that came to nothing
	for len(bad) < 8 {
		start, period, steps := s.largest(from, to, bad)
		if steps == 0 {
			return
		}
		r, first, end := s.run(start, period, steps)
		if r == nil {
			bad[period] = true
			continue
		}
		for step, nodes := range r.nodes {
			for at, i := range nodes {
				s.loops[i] = place{r, step, at}
			}
		}
		s.within(from, start+first*period)
		s.within(start+end*period, to)
		return
	}
}

// largest is where the most nodes repeat with one period.
func (s search) largest(from, to int, bad map[int]bool) (start, period, steps int) {
	most := 0
	for _, p := range s.periods(from, to) {
		if bad[p] {
			continue
		}
		same := 0 // nodes from i on that are as those a period later
		for i := to - p - 1; i >= from; i-- {
			if s.kinds[i] != s.kinds[i+p] {
				same = 0
				continue
			}
			same++
			if n := same/p + 1; n >= fewestSteps && (n*p > most || n*p == most && p == period) {
				most, start, period, steps = n*p, i, p, n
			}
		}
	}
	return start, period, steps
}

// periods are those that may be, in their order: what a step does once, it does again a period later.
func (s search) periods(from, to int) (out []int) {
	last, count := map[int]int{}, map[int]int{}
	for i := from; i < to; i++ {
		if before, ok := last[s.kinds[i]]; ok {
			count[i-before]++
		}
		last[s.kinds[i]] = i
	}
	for p, n := range count {
		if n >= fewestSteps-1 && p <= (to-from)/fewestSteps {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// run makes one of steps, or of those of them, first up to end, that read the same things.
func (s search) run(start, period, steps int) (r *run, first, end int) {
	all := make([][]int, steps)
	for i := range all {
		all[i] = s.order[start+i*period:][:period]
	}
	m := matcher{writer: s.writer, at: map[int]place{}, from: 0, to: steps}
	for step, nodes := range all {
		for at, i := range nodes {
			m.at[i] = place{nil, step, at}
		}
	}
	for m.to-m.from >= fewestSteps {
		inputs, odd := m.inputs(all)
		switch {
		case odd == none:
			return &run{nodes: all[m.from:m.to], inputs: inputs}, m.from, m.to
		case odd < (m.from+m.to)/2:
			m.from = odd + 1
		default:
			m.to = odd
		}
	}
	return nil, 0, 0
}
