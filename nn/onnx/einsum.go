package onnx

import (
	"slices"
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// lettered is a tensor whose axes have letters.
type lettered struct {
	x       graph.Node
	letters string
}

// buildEinsum sums products over the letters that the result lacks: "bij,bjk->bik" multiplies matrices. A letter may come once in
// each operand; ... is not supported.
func buildEinsum(c *call) []value {
	equation := strings.ReplaceAll(c.node.string("equation", ""), " ", "")
	left, out, explicit := strings.Cut(equation, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(c.in) || strings.Contains(equation, ".") {
		return c.failf("equation %q for %d operands; want letters for the axes of each", equation, len(c.in))
	}
	sizes := map[rune]int{}
	operands := make([]lettered, len(terms))
	for i, t := range terms {
		x := c.float(i)
		if c.g.Err() != nil {
			return nil
		}
		if len(t) != x.Rank() {
			return c.failf("equation %q for operand %d of shape %v", equation, i, x.Shape())
		}
		for k, r := range t {
			if before, known := sizes[r]; known && before != x.Dim(k) || strings.Count(t, string(r)) > 1 {
				return c.failf("equation %q for operand %d of shape %v: an axis %c of %d elsewhere, or twice", equation, i, x.Shape(), r, before)
			}
			sizes[r] = x.Dim(k)
		}
		operands[i] = lettered{x, t}
	}
	if !explicit { // the letters that come once, in order
		for _, r := range slices.Sorted(slices.Values([]rune(strings.ReplaceAll(left, ",", "")))) {
			if strings.Count(left, string(r)) == 1 {
				out += string(r)
			}
		}
	}
	for i, r := range out {
		if _, known := sizes[r]; !known || strings.IndexRune(out, r) != i {
			return c.failf("equation %q: axis %c of the result", equation, r)
		}
	}
	sum := operands[0]
	for i, next := range operands[1:] {
		kept := out + strings.Join(terms[i+2:], "")
		if sum = c.contracted(sum, next, kept); c.g.Err() != nil {
			return nil
		}
	}
	sum = c.without(sum, func(r rune) bool { return !strings.ContainsRune(out, r) })
	return []value{{node: c.ordered(sum, out).x}}
}

// contracted multiplies two tensors and sums over the letters that are not kept.
func (c *call) contracted(a, b lettered, kept string) lettered {
	has := strings.ContainsRune
	a = c.without(a, func(r rune) bool { return !has(kept, r) && !has(b.letters, r) })
	b = c.without(b, func(r rune) bool { return !has(kept, r) && !has(a.letters, r) })
	batch := picked(a.letters, func(r rune) bool { return has(b.letters, r) && has(kept, r) })
	inner := picked(a.letters, func(r rune) bool { return has(b.letters, r) && !has(kept, r) })
	rows := picked(a.letters, func(r rune) bool { return !has(b.letters, r) })
	cols := picked(b.letters, func(r rune) bool { return !has(a.letters, r) })
	a, b = c.ordered(a, batch+rows+inner), c.ordered(b, batch+inner+cols)
	if c.g.Err() != nil {
		return lettered{}
	}
	left, right := a.x.Shape(), b.x.Shape()
	n, r := len(batch), len(batch)+len(rows)
	shape := append(cloneInts(left[:r]), right[n+len(inner):]...)
	if !c.room(shape) {
		return lettered{}
	}
	x := c.g.Reshape(a.x, sizeOf(left[:n]), sizeOf(left[n:r]), sizeOf(left[r:]))
	y := c.g.Reshape(b.x, sizeOf(left[:n]), sizeOf(left[r:]), sizeOf(right[n+len(inner):]))
	return lettered{c.g.Reshape(c.g.MatMul(x, y), shape...), batch + rows + cols}
}

// without sums over some letters.
func (c *call) without(t lettered, drop func(r rune) bool) lettered {
	var axes []int
	for i, r := range t.letters {
		if drop(r) {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 || c.g.Err() != nil {
		return t
	}
	return lettered{c.g.Sum(t.x, axes...), picked(t.letters, func(r rune) bool { return !drop(r) })}
}

// ordered puts the axes in the order of the letters.
func (c *call) ordered(t lettered, letters string) lettered {
	if letters == t.letters || c.g.Err() != nil {
		return t
	}
	perm := make([]int, 0, len(letters))
	for _, r := range letters {
		perm = append(perm, strings.IndexRune(t.letters, r))
	}
	return lettered{c.g.Transpose(t.x, perm...), letters}
}

// picked are the letters of some kind.
func picked(from string, is func(r rune) bool) string {
	return strings.Map(func(r rune) rune {
		if is(r) {
			return r
		}
		return -1
	}, from)
}
