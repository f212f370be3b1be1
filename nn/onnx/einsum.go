package onnx

import (
	"slices"
	"strings"
	"unicode"

	"github.com/unroll-go/unroll/graph"
)

// lettered is a tensor whose axes have letters.
type lettered struct {
	x       graph.Node
	letters string
}

// buildEinsum sums products over the letters that the result lacks: "bij,bjk->bik" multiplies matrices. A letter that comes twice in
// an operand takes its diagonal, and ... stands for all axes that have no letter, which are broadcast.
func buildEinsum(c *call) []value {
	equation := strings.ReplaceAll(c.node.string("equation", ""), " ", "")
	left, out, explicit := strings.Cut(equation, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(c.in) {
		return c.failf("equation %q for %d operands", equation, len(c.in))
	}
	rest, ok := c.ellipsis(terms)
	if !ok {
		return nil
	}
	if !explicit { // what ... stands for, and the letters that come once, in order
		out = "..."
		for _, r := range slices.Sorted(slices.Values([]rune(left))) {
			if unicode.IsLetter(r) && strings.Count(left, string(r)) == 1 {
				out += string(r)
			}
		}
	}
	out = strings.Replace(out, "...", rest, 1)
	sizes := map[rune]int{}
	operands := make([]lettered, len(terms))
	for i, t := range terms {
		x := c.float(i)
		if c.g.Err() != nil {
			return nil
		}
		operands[i] = lettered{x, spelled(t, rest, x.Rank())}
		if operands[i], ok = c.measured(operands[i], sizes); !ok {
			return nil
		}
	}
	for i, o := range operands {
		operands[i] = c.narrow(o, sizes)
		terms[i] = operands[i].letters
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

// ellipsis gives letters to the axes that ... stands for in the terms, as many as the operand has that has most of them: bytes
// below those of all letters.
func (c *call) ellipsis(terms []string) (string, bool) {
	most := 0
	for i, t := range terms {
		v := c.arg(i)
		named := strings.Replace(t, "...", "", 1)
		n := len(v.shape()) - len(named)
		odd := strings.IndexFunc(named, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) })
		if c.g.Err() != nil || v.absent() || odd >= 0 || n < 0 || n > 0 && named == t {
			c.failf("equation %q for operand %d of shape %v; want letters for its axes", c.node.string("equation", ""), i, v.shape())
			return "", false
		}
		most = max(most, n)
	}
	letters := make([]byte, min(most, mostAxes-1))
	for i := range letters {
		letters[i] = byte(1 + i)
	}
	return string(letters), true
}

// spelled is a term for an operand of so many axes, with letters for ...
func spelled(term, rest string, rank int) string {
	n := rank - len(strings.Replace(term, "...", "", 1))
	return strings.Replace(term, "...", rest[max(0, len(rest)-n):], 1)
}

// measured notes the sizes of the letters, and takes diagonals, so that each letter of an operand is there once.
func (c *call) measured(t lettered, sizes map[rune]int) (lettered, bool) {
	for k := len(t.letters) - 1; k >= 0; k-- {
		first := strings.IndexByte(t.letters, t.letters[k])
		if first == k {
			continue
		}
		if t.x.Dim(first) != t.x.Dim(k) {
			c.failf("axes %d and %d of shape %v, whose diagonal is asked for", first, k, t.x.Shape())
			return t, false
		}
		t = lettered{c.diagonal(t.x, first, k), t.letters[:k] + t.letters[k+1:]}
		if c.g.Err() != nil {
			return t, false
		}
	}
	for k, r := range t.letters {
		n, before := t.x.Dim(k), sizes[r]
		broadcast := r < mostAxes && min(n, before) == 1
		if before > 0 && before != n && !broadcast {
			c.failf("an axis %q of %d, and of %d elsewhere", r, n, before)
			return t, false
		}
		sizes[r] = max(before, n)
	}
	return t, true
}

// narrow takes away the axes that are broadcast: the product is the same without them.
func (c *call) narrow(t lettered, sizes map[rune]int) lettered {
	var letters []rune
	var shape []int
	for k, r := range t.letters {
		if n := t.x.Dim(k); n == sizes[r] {
			letters, shape = append(letters, r), append(shape, n)
		}
	}
	if len(letters) == len(t.letters) {
		return t
	}
	return lettered{c.g.Reshape(t.x, shape...), string(letters)}
}

// diagonal leaves of two axes of one length their diagonal, in the place of the first.
func (c *call) diagonal(x graph.Node, first, second int) graph.Node {
	n := x.Dim(first)
	perm := []int{first, second}
	for i := range x.Rank() {
		if i != first && i != second {
			perm = append(perm, i)
		}
	}
	shape := x.Shape()
	inner := sizeOf(shape) / (n * n)
	places := make([]int, n)
	for i := range places {
		places[i] = i * (n + 1)
	}
	y := c.g.Take(c.g.Reshape(c.g.Transpose(x, perm...), n*n, inner), 0, places...)
	others := slices.Delete(slices.Delete(shape, second, second+1), first, first+1)
	y = c.g.Reshape(y, append([]int{n}, others...)...)
	back := make([]int, 0, y.Rank())
	for i := range others {
		back = append(back, i+1)
	}
	return c.g.Transpose(y, slices.Insert(back, first, 0)...)
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
