package graph

import (
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/op"
)

// NewRolled is New for a graph that is to be read and not run: a recurrence in it is one step, see Roll, in place of T of them. It
// is how models are written for frameworks that have an operation for loops. It cannot be compiled.
func NewRolled(p *Params) *Graph {
	g := New(p)
	g.rolled = true
	return g
}

// Rolled tells whether whoever unrolls a recurrence is to call Roll instead.
func (g *Graph) Rolled() bool { return g.rolled }

// Loop is a recurrence: a step that is repeated over the first axis of some sequences.
type Loop struct {
	Sequences []Node // [T, ...] each
	States    []Node // before the first step
	Reverse   bool   // from the last step to the first

	// Step maps an entry of each sequence, [...], and the states to the outputs and the next states, of the same shapes. It is
	// called once.
	Step func(in, states []Node) (outputs, next []Node)

	// What says which recurrence it is, for those who know another form of it: a recurrent.Cell, whose states stay as they are
	// after Lengths [B] steps, the zero Node for all, where its outputs are zeros.
	What    any
	Lengths Node
}

// Roll puts a recurrence into a graph of NewRolled. It returns the outputs of all steps, [T, ...] each, and the states behind the
// last one.
func (g *Graph) Roll(l Loop) (outputs, states []Node) {
	const what = "Roll"
	if g.err == nil && (!g.rolled || l.Step == nil || len(l.Sequences) == 0) {
		g.failf(what, "want a graph of NewRolled, a step, and one sequence at least")
	}
	if g.err != nil || !g.floats(what, l.Sequences...) || !g.floats(what, l.States...) {
		return nil, nil
	}
	steps, in, before := l.Sequences[0].Dim(0), []Node{}, []Node{}
	for _, s := range l.Sequences {
		if s.Rank() < 1 || s.Dim(0) != steps {
			g.failf(what, "sequences %v and %v; want as many steps", l.Sequences[0].shape(), s.shape())
			return nil, nil
		}
		in = append(in, g.standIn("sequence", s.shape()[1:]))
	}
	for _, s := range l.States {
		before = append(before, g.standIn("state", s.shape()))
	}
	y, next := l.Step(in, append([]Node{}, before...))
	if g.err != nil || !g.floats(what, y...) || !g.floats(what, next...) {
		return nil, nil
	}
	if len(next) != len(before) {
		g.failf(what, "the step gives %d states; want %d", len(next), len(before))
		return nil, nil
	}
	o := &op.Loop{Steps: steps, Sequences: len(in), States: len(before), Outputs: len(y), Reverse: l.Reverse, What: l.What}
	var operands []Node
	for _, part := range [][]Node{l.Sequences, l.States, in, before, y, next} {
		operands = append(operands, part...)
	}
	if o.Lengths = l.Lengths.Valid(); o.Lengths {
		operands = append(operands, l.Lengths)
	}
	loop := g.apply(o, []int{steps}, operands...)
	result := func(shape []int) Node {
		return g.apply(op.LoopResult{Index: len(outputs) + len(states)}, shape, loop)
	}
	for _, n := range y {
		outputs = append(outputs, result(append([]int{steps}, n.shape()...)))
	}
	for _, n := range next {
		states = append(states, result(op.Clone(n.shape())))
	}
	return outputs, states
}

// standIn is what a step of a loop sees of a sequence or a state.
func (g *Graph) standIn(name string, shape []int) Node {
	return g.leaf(&compile.Leaf{Kind: compile.FromInput, Name: name, Shape: op.Clone(shape)})
}

func init() {
	constant[*op.Loop]()
	constant[op.LoopResult]()
}
