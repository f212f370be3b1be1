package stablehlo

import (
	"slices"

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/op"
)

// pattern is what an operand of a node is in each step of a run. One of these:
type pattern struct {
	// A node that is the same in all steps.
	same int
	// A node of the same step, or of one that many steps before it. The first steps find others in its place.
	at, back int
	before   []int
	// A slice or pad whose first row is that many rows further in each step.
	of       *pattern
	from, by int
	// Anything else that was computed before the run.
	series []int

	kind patternKind
	like int // a node with the shape
}

type patternKind uint8

const (
	isSame patternKind = iota
	isStep
	isShifted
	isSeries
)

// none is no step.
const none = -1

// matcher finds the patterns of the operands of steps, of which it looks at some.
type matcher struct {
	*writer
	at       map[int]place // of the nodes of all steps
	from, to int
}

// inputs are the patterns of all operands, or a step that does not have those of the others.
func (m matcher) inputs(steps [][]int) (inputs [][]*pattern, odd int) {
	inputs = make([][]*pattern, len(steps[0]))
	for k := range inputs {
		for j := range m.nodes[steps[m.from][k]].In {
			in := make([]int, 0, m.to-m.from)
			for _, nodes := range steps[m.from:m.to] {
				in = append(in, m.nodes[nodes[k]].In[j])
			}
			p, odd := m.match(in)
			if odd != none {
				return nil, odd
			}
			inputs[k] = append(inputs[k], p)
		}
	}
	return inputs, none
}

// inside tells whether a node is part of the steps that are looked at.
func (m matcher) inside(i int) (place, bool) {
	p, ok := m.at[i]
	return p, ok && p.step >= m.from && p.step < m.to
}

// depends tells whether a node is one of the steps, or a view of one.
func (m matcher) depends(i int) bool {
	for {
		if _, in := m.inside(i); in {
			return true
		}
		if _, view := isView(&m.nodes[i]); !view {
			return false
		}
		i = m.nodes[i].In[0]
	}
}

// match finds the pattern of what each step reads, or a step that has another one.
func (m matcher) match(in []int) (*pattern, int) {
	like := in[len(in)/2]
	p := &pattern{like: like}
	for s, i := range in {
		if !slices.Equal(m.nodes[i].Shape, m.nodes[like].Shape) || m.nodes[i].IDs != m.nodes[like].IDs {
			return nil, m.from + s
		}
	}
	if !slices.ContainsFunc(in, func(i int) bool { return i != like }) && !m.depends(like) {
		p.kind, p.same = isSame, like
		return p, none
	}
	if middle, ok := m.inside(like); ok {
		return m.step(p, in, middle)
	}
	if _, ok := isView(&m.nodes[like]); ok {
		if odd := m.views(p, in); odd == none {
			return p, none
		} else if m.depends(in[odd-m.from]) || m.depends(like) {
			return nil, odd
		}
	}
	p.kind, p.series = isSeries, in
	for s, i := range in {
		if l := m.nodes[i].Leaf; m.depends(i) || l != nil && l.Kind == compile.FromWeight { // equal layers are no recurrence
			return nil, m.from + s
		}
	}
	return p, none
}

// step is the pattern of a node of the same step or of one before it, as the middle one has.
func (m matcher) step(p *pattern, in []int, middle place) (*pattern, int) {
	p.kind, p.at, p.back = isStep, middle.at, m.from+len(in)/2-middle.step
	for s, i := range in {
		at, ok := m.inside(i)
		switch {
		case ok && at.at == p.at && at.step == m.from+s-p.back:
		case s < p.back && !m.depends(i):
			p.before = append(p.before, i)
		default:
			return nil, m.from + s
		}
	}
	return p, none
}

// views is the pattern of slices or pads whose rows move evenly, of what has a pattern itself. It returns a step that is different.
func (m matcher) views(p *pattern, in []int) int {
	first, _ := isView(&m.nodes[in[0]])
	second, _ := isView(&m.nodes[in[1]])
	p.kind, p.from, p.by = isShifted, first.Start, second.Start-first.Start
	like, _ := isView(&m.nodes[p.like])
	_, pad := m.nodes[p.like].Op.(op.Pad)
	of := make([]int, len(in))
	for s, i := range in {
		rows, ok := isView(&m.nodes[i])
		_, is := m.nodes[i].Op.(op.Pad)
		moved := rows.Start == p.from+s*p.by
		rows.Start, rows.End = rows.Start+like.Start-rows.Start, rows.End+like.Start-rows.Start
		if !ok || is != pad || !moved || rows != like {
			return m.from + s
		}
		of[s] = m.nodes[i].In[0]
	}
	var odd int
	p.of, odd = m.match(of)
	return odd
}
