package stablehlo

import (
	"fmt"
	"maps"
	"strings"

	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// loop writes a stablehlo.while of so many steps, over values that each step replaces. It returns the last ones.
func (w *writer) loop(steps int, start []value, step func(i value, x []value) []value) []value {
	start = append([]value{w.whole(0)}, start...)
	end, one := w.whole(steps), w.whole(1)
	name, args := w.name(), make([]value, len(start))
	assigned, types := make([]string, len(start)), make([]string, len(start))
	for i, v := range start {
		args[i] = value{fmt.Sprintf("%%now%s_%d", name[1:], i), v.shape, v.kind}
		assigned[i], types[i] = args[i].name+" = "+v.name, v.typ()
	}
	outer, known := w.body, w.known
	region := func(write func() []value) string {
		w.body, w.known = &strings.Builder{}, maps.Clone(known)
		names := make([]string, 0, len(start))
		of := make([]string, 0, len(start))
		for _, v := range write() {
			names, of = append(names, v.name), append(of, v.typ())
		}
		return fmt.Sprintf("%s    stablehlo.return %s : %s\n", w.body, strings.Join(names, ", "), strings.Join(of, ", "))
	}
	condition := region(func() []value { return []value{w.compare("LT", args[0], end)} })
	body := region(func() []value { return append([]value{w.add(args[0], one)}, step(args[0], args[1:])...) })
	w.body, w.known = outer, known
	fmt.Fprintf(w.body, "    %s:%d = stablehlo.while(%s) : %s\n    cond {\n%s    } do {\n%s    }\n",
		name, len(start), strings.Join(assigned, ", "), strings.Join(types, ", "), condition, body)
	out := make([]value, len(start)-1)
	for i := range out {
		out[i] = value{fmt.Sprintf("%s#%d", name, i+1), start[i+1].shape, start[i+1].kind}
	}
	return out
}

// zeros is a tensor of a kind.
func (w *writer) zeros(kind string, shape ...int) value {
	if kind == "i32" {
		return w.whole(0, shape...)
	}
	return w.full(0, shape...)
}

// index is from + by·i.
func (w *writer) index(i value, from, by int) value {
	if by != 1 {
		i = w.mul(i, w.whole(by))
	}
	if from != 0 {
		i = w.add(i, w.whole(from))
	}
	return i
}

// starts are the operands of a dynamic slice that begins at 0 but for one axis, with their types.
func (w *writer) starts(rank, axis int, at value) (names, types string) {
	of := make([]string, rank)
	for k := range of {
		of[k] = w.whole(0).name
	}
	of[axis] = at.name
	return strings.Join(of, ", "), strings.TrimSuffix(strings.Repeat("tensor<i32>, ", rank), ", ")
}

// rowsAt takes so many entries of an axis from a place on that is known when the text runs.
func (w *writer) rowsAt(x value, axis int, at value, count int) value {
	shape := op.Clone(x.shape)
	shape[axis] = count
	names, types := w.starts(x.rank(), axis, at)
	return w.emit(x.kind, shape, "stablehlo.dynamic_slice %s, %s, sizes = %s : (%s, %s) -> %s",
		x, names, list(shape...), x.typ(), types, typ(x.kind, shape))
}

// put replaces entries of an axis from such a place on.
func (w *writer) put(x value, axis int, at, rows value) value {
	names, types := w.starts(x.rank(), axis, at)
	return w.emit(x.kind, x.shape, "stablehlo.dynamic_update_slice %s, %s, %s : (%s, %s, %s) -> %s",
		x, rows, names, x.typ(), rows.typ(), types, x.typ())
}

// entry is entry i of the first axis.
func (w *writer) entry(x, i value) value { return w.reshape(w.rowsAt(x, 0, i, 1), x.shape[1:]...) }

// one is x as a tensor with a first axis of length 1.
func (w *writer) one(x value) value { return w.reshape(x, append([]int{1}, x.shape...)...) }

// carried is what a loop takes from step to step: a value of the step before, values of several, kept ones, a sum.
type carried struct {
	start value
	next  func(i, now value, step []value) value // of what the step has computed
}

// rolling is a run that is being written.
type rolling struct {
	*writer
	r       *run
	carried []carried
	before  map[[2]int]int // places among the carried, by a node's in the step and how many steps ago it was
	outside map[*pattern]value
	now     []value // of the carried, in the step
	step    []value // of the nodes, in the step
	i       value   // which step it is
}

// ran is a run whose loop is written.
func (w *writer) ran(r *run) *run {
	if !r.written {
		w.writeRun(r)
	}
	return r
}

// writeRun writes the loop of a run.
func (w *writer) writeRun(r *run) {
	l := &rolling{writer: w, r: r, before: map[[2]int]int{}, outside: map[*pattern]value{}}
	for _, in := range r.inputs {
		for _, p := range in {
			l.prepare(p)
		}
	}
	r.stacks, r.ends = make([]value, len(r.keeps)), make([]value, len(r.keeps))
	var finish []func(results []value)
	for at, k := range r.keeps {
		n := w.nodes[r.nodes[0][at]]
		zero := func() value { return l.zeros(l.kind(&n), n.Shape...) }
		switch {
		case k.sum != none:
			add := func(_, sum value, step []value) value { return l.add(sum, step[at]) }
			finish = append(finish, l.end(at, l.carry(zero(), add)))
		case k.all:
			finish = append(finish, l.stack(at, &n))
		case k.last:
			replace := func(_, _ value, step []value) value { return step[at] }
			finish = append(finish, l.end(at, l.carry(zero(), replace)))
		}
	}
	start := make([]value, len(l.carried))
	for i, c := range l.carried {
		start[i] = c.start
	}
	results := w.loop(len(r.nodes), start, l.body)
	for _, f := range finish {
		f(results)
	}
	r.written = true
}

func (w *writer) kind(n *listing.Node) string {
	if n.IDs {
		return "i32"
	}
	return w.float
}

func (l *rolling) carry(start value, next func(i, now value, step []value) value) int {
	l.carried = append(l.carried, carried{start, next})
	return len(l.carried) - 1
}

// end remembers a carried value as what the run leaves of a node.
func (l *rolling) end(at, carried int) func([]value) {
	return func(results []value) { l.r.ends[at] = results[carried] }
}

// stack keeps the values of a node of all steps, [steps, shape].
func (l *rolling) stack(at int, n *listing.Node) func([]value) {
	shape := append([]int{len(l.r.nodes)}, n.Shape...)
	k := l.carry(l.zeros(l.kind(n), shape...), func(i, now value, step []value) value { return l.put(now, 0, i, l.one(step[at])) })
	return func(results []value) { l.r.stacks[at] = results[k] }
}

// prepare writes what a pattern needs from outside of the loop, in front of it.
func (l *rolling) prepare(p *pattern) {
	switch p.kind {
	case isSame:
		l.outside[p] = l.at(p.same)
	case isShifted:
		l.prepare(p.of)
		if rows, ok := l.nodes[p.like].Op.(op.Slice); ok && p.by != 0 && p.of.kind == isSame { // once, not in every step
			l.reshape(l.outside[p.of], rows.Outer, rows.N, rows.Inner)
		}
	case isSeries:
		l.outside[p], p.from, p.by = l.series(p.series)
	case isStep:
		key := [2]int{p.at, p.back}
		if _, ok := l.before[key]; p.back > 0 && !ok {
			l.before[key] = l.shift(p)
		}
	}
}

// shift carries a value of some steps ago: as it is from the step before, otherwise in a window of as many values.
func (l *rolling) shift(p *pattern) int {
	first := make([]value, p.back)
	for i, n := range p.before {
		first[i] = l.reshape(l.at(n), l.nodes[n].Shape...)
	}
	if p.back == 1 {
		return l.carry(first[0], func(_, _ value, step []value) value { return step[p.at] })
	}
	for i := range first {
		first[i] = l.one(first[i])
	}
	return l.carry(l.concat(0, first...), func(_, now value, step []value) value {
		return l.concat(0, l.rows(now, 0, 1, p.back), l.one(step[p.at]))
	})
}

// body writes a step.
func (l *rolling) body(i value, now []value) []value {
	l.i, l.now = i, now
	for at, node := range l.r.nodes[len(l.r.nodes)/2] {
		n := l.nodes[node]
		n.In = make([]int, len(n.In))
		for j, p := range l.r.inputs[at] {
			n.In[j] = l.operand(p)
		}
		l.step = append(l.step, l.reshape(l.rule(&n), n.Shape...))
	}
	next := make([]value, len(now))
	for k, c := range l.carried {
		next[k] = c.next(i, now[k], l.step)
	}
	return next
}

// operand adds a node to the list that stands for what a pattern is in this step.
func (l *rolling) operand(p *pattern) int {
	n := l.nodes[p.like]
	var x value
	switch p.kind {
	case isSame:
		x = l.outside[p]
	case isSeries:
		x = l.entry(l.outside[p], l.index(l.i, p.from, p.by))
	case isStep:
		switch k := l.before[[2]int{p.at, p.back}]; p.back {
		case 0:
			x = l.step[p.at]
		case 1:
			x = l.now[k]
		default:
			x = l.reshape(l.rows(l.now[k], 0, 0, 1), n.Shape...)
		}
	case isShifted:
		n.In = []int{l.operand(p.of)}
		if p.by != 0 {
			x = l.shifting(p, &n)
		}
	}
	return l.stand(n, x)
}

// shifting is a slice or a pad whose place depends on the step.
func (l *rolling) shifting(p *pattern, n *listing.Node) value {
	rows, _ := isView(n)
	x, at := l.at(n.In[0]), l.index(l.i, p.from, p.by)
	if _, pad := n.Op.(op.Pad); pad {
		x = l.put(l.zeros(x.kind, rows.Outer, rows.N, rows.Inner), 1, at, l.reshape(x, rows.Outer, rows.End-rows.Start, rows.Inner))
	} else {
		x = l.rowsAt(l.reshape(x, rows.Outer, rows.N, rows.Inner), 1, at, rows.End-rows.Start)
	}
	return l.reshape(x, n.Shape...)
}
