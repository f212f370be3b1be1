package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// mostRepeats is how often a loop may run: what it makes counts on the model's budget, too.
const mostRepeats = 1 << 16

// buildLoop unrolls a loop. How often it runs must be known when the graph is built: by its number of repeats, by a
// condition that is known, such as a comparison of counters, or by both. A condition that is computed when the model runs may
// end it sooner: all repeats are computed then, and from the one on that it forbids, values stay as they are. Results of every
// repeat would have a number that nobody knows then, and are refused.
func buildLoop(c *call) []value {
	body := c.blocks["body"]
	states := c.in[min(2, len(c.in)):]
	if len(body.inputs) != 2+len(states) || len(body.outputs) < 1+len(states) || len(c.out) > len(body.outputs)-1 {
		return c.failf("a body with %d inputs and %d outputs for %d values", len(body.inputs), len(body.outputs), len(states))
	}
	limit, ok := c.repeats()
	if !ok {
		return nil
	}
	l := loop{call: c, body: body, states: slices.Clone(states), given: slices.Clone(states), alive: c.arg(1),
		scans: make([][]value, len(body.outputs)-1-len(states))}
	if l.alive.absent() {
		l.alive = value{known: truthConstant(true), own: true}
	}
	for i := 0; limit < 0 || i < limit; i++ {
		if k := l.alive.known; k != nil && k.number(0) == 0 {
			break
		}
		if i >= mostRepeats {
			return c.failf("more than %d repeats", mostRepeats)
		}
		if l.alive.known == nil && limit < 0 {
			return c.failf("its condition is computed when the model runs, and there is no limit to its repeats that is known before")
		}
		if !c.spend(perKnown) || !l.turn(i) {
			return nil
		}
	}
	return append(l.states, l.stacked()...)
}

// loop is a Loop on its way.
type loop struct {
	*call
	body   *block
	states []value   // what the loop gives if it ends here
	given  []value   // what the next turn begins with: the same, but for counters that are known, which go on after its end
	alive  value     // whether the next turn counts
	scans  [][]value // what each turn gives
}

// repeats is the limit of a loop, -1 for none.
func (c *call) repeats() (int, bool) {
	for i := range 2 {
		if v := c.arg(i); !v.absent() && (v.list != nil || sizeOf(v.shape()) != 1) {
			c.failf("input %d (%q) has shape %v; want one number", i, c.node.input(i), v.shape())
			return 0, false
		}
	}
	switch v := c.arg(0); {
	case v.absent():
		return -1, true
	case v.known != nil && v.known.floats == nil:
		return max(0, v.known.ints[0]), true
	}
	c.failf("input 0 (%q), how often it runs, is computed when the model runs; want a number that is known before", c.node.input(0))
	return 0, false
}

// turn runs the body once.
func (l *loop) turn(i int) bool {
	c := l.call
	clear(c.b.tried) // shapes may have changed
	alive := value{known: truthConstant(true), own: true}
	out := c.b.run(c, l.body, append([]value{{known: single(i), own: true}, alive}, l.given...))
	if c.g.Err() != nil {
		return false
	}
	next, states, scans := out[0], slices.Clone(out[1:1+len(l.states)]), out[1+len(l.states):]
	given := slices.Clone(states)
	if !next.truth && (next.known == nil || next.known.kind != onnxpb.TensorProto_BOOL) || sizeOf(next.shape()) != 1 {
		c.failf("its body's condition has shape %v and is %v; want one that is true or false", next.shape(), c.elements(next))
		return false
	}
	if l.alive.known == nil {
		now := c.g.Reshape(l.alive.node)
		for k := range states {
			if states[k] = c.either(now, states[k], l.states[k]); given[k].known == nil {
				given[k] = states[k]
			}
		}
		switch {
		case next.known == nil:
			next = value{node: c.g.Mul(now, c.g.Reshape(next.node)), truth: true}
		case next.known.number(0) != 0:
			next = l.alive
		}
	}
	if c.g.Err() != nil {
		return false
	}
	if next.known == nil && len(scans) > 0 {
		c.failf("data that are known when the model runs decide how many results it gives; want a number that is known before")
		return false
	}
	l.states, l.given, l.alive = states, given, next
	for k, v := range scans {
		l.scans[k] = append(l.scans[k], v)
	}
	return true
}

func (l *loop) stacked() []value {
	out := make([]value, len(l.scans))
	for i, list := range l.scans {
		if len(list) > 0 {
			out[i] = l.call.stack(list, 0)
		}
	}
	return out
}

// stack joins values of one shape along a new axis.
func (c *call) stack(list []value, axis int) value {
	if c.g.Err() != nil {
		return value{}
	}
	rows := make([]value, len(list))
	for i, v := range list {
		if v.absent() || v.list != nil {
			c.failf("a result that is no tensor")
			return value{}
		}
		at := axis
		if at < 0 {
			at += len(v.shape()) + 1
		}
		if at < 0 || at > len(v.shape()) {
			c.failf("axis %d of results of shape %v", axis, v.shape())
			return value{}
		}
		rows[i] = first(c.relabelled(v, slices.Insert(cloneInts(v.shape()), at, 1)))
		axis = at
	}
	return first(c.concat(rows, axis))
}

// truthConstant is what is known to be true or false.
func truthConstant(v bool) *constant {
	k := &constant{kind: onnxpb.TensorProto_BOOL, shape: []int{}, ints: []int{0}}
	if v {
		k.ints[0] = 1
	}
	return k
}

// buildScan runs a graph for every entry of an axis of its last inputs, as a recurrent network does for every step.
func buildScan(c *call) []value {
	if c.opset < 9 {
		return c.failf("version %d of ONNX's operators, in which it has a batch axis; want 9 or later", c.opset)
	}
	body, m := c.blocks["body"], c.int("num_scan_inputs", 0)
	n := len(c.in) - m
	if m < 1 || n < 0 || len(body.inputs) != len(c.in) || len(body.outputs) < n || len(c.out) > len(body.outputs) {
		return c.failf("%d inputs, num_scan_inputs %d, and a body with %d inputs and %d outputs",
			len(c.in), m, len(body.inputs), len(body.outputs))
	}
	k := len(body.outputs) - n
	inAxes, inBack := c.perScan("scan_input_axes", m), c.perScan("scan_input_directions", m)
	outAxes, outBack := c.perScan("scan_output_axes", k), c.perScan("scan_output_directions", k)
	if c.g.Err() != nil {
		return nil
	}
	T := -1
	for i := range m {
		v := c.arg(n + i)
		axis, ok := c.axis(inAxes[i], len(v.shape()))
		if !ok {
			return nil
		}
		inAxes[i] = axis
		d := v.shape()[axis]
		if v.absent() || T >= 0 && d != T || d > mostRepeats {
			return c.failf("%d entries along axis %d of input %d, of %d before; want one number, at most %d", d, axis, n+i, T, mostRepeats)
		}
		T = d
	}
	states, results := slices.Clone(c.in[:n]), make([][]value, k)
	for t := range T {
		given := slices.Clone(states)
		for i := range m {
			given = append(given, c.entry(c.in[n+i], inAxes[i], at0(t, T, inBack[i] != 0)))
		}
		if c.g.Err() != nil || !c.spend(perKnown) {
			return nil
		}
		clear(c.b.tried)
		out := c.b.run(c, body, given)
		if c.g.Err() != nil {
			return nil
		}
		states = slices.Clone(out[:n])
		for i, v := range out[n:] {
			results[i] = append(results[i], v)
		}
	}
	for i, list := range results {
		if outBack[i] != 0 {
			slices.Reverse(list)
		}
		if len(list) > 0 {
			states = append(states, c.stack(list, outAxes[i]))
		}
	}
	return states
}

// perScan gives an attribute with a number for each of n, 0 unless it is there.
func (c *call) perScan(name string, n int) []int {
	v := c.node.ints(name)
	if v == nil {
		return make([]int, n)
	}
	if len(v) != n {
		c.failf("%s %v; want %d numbers", name, v, n)
		return make([]int, n)
	}
	return cloneInts(v)
}

// at0 is the t-th entry of T, from the end if one goes backwards.
func at0(t, T int, back bool) int {
	if back {
		return T - 1 - t
	}
	return t
}

// entry is one entry of an axis, which goes.
func (c *call) entry(v value, axis, at int) value {
	if c.g.Err() != nil {
		return value{}
	}
	shape := slices.Delete(cloneInts(v.shape()), axis, axis+1)
	out := first(c.relabelled(c.picked(v, axis, at, 1, 1), shape))
	out.own = v.own
	return out
}
