package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// extent is a size that depends on the axes that vary: factor·((p + shift)/divisor) + offset, for the product p of some of them,
// where the quotient is rounded down.
type extent struct {
	factor, offset int
	shift, divisor int // a divisor of 0 or 1 divides nothing
	axes           []int
}

// fixed tells whether the size is one number.
func (e extent) fixed() bool { return len(e.axes) == 0 }

// extentOf finds what a number is, of which each trace has one.
func (w *writer) extentOf(v []int) (extent, bool) {
	if same(v) {
		return extent{offset: v[0]}, true
	}
	for set := 1; set < 1<<min(len(w.axes), 8); set++ {
		e := extent{}
		for k := range w.axes {
			if set>>k&1 == 1 {
				e.axes = append(e.axes, k)
			}
		}
		p := make([]int, len(v))
		for t := range p {
			p[t] = 1
			for _, k := range e.axes {
				p[t] *= w.given[t][k]
			}
		}
		if (v[1]-v[0])%(p[1]-p[0]) != 0 {
			continue
		}
		e.factor = (v[1] - v[0]) / (p[1] - p[0])
		e.offset = v[0] - e.factor*p[0]
		fits := e.factor != 0
		for t := range v {
			fits = fits && v[t] == e.factor*p[t]+e.offset
		}
		if fits {
			return e, true
		}
	}
	return w.quotientOf(v)
}

// quotientOf finds an axis by a divisor, or that times what divides the divisor: how many windows with a stride there are behind others,
// and how far they reach.
func (w *writer) quotientOf(v []int) (extent, bool) {
	for k := range w.axes {
		for divisor := 2; divisor <= 8; divisor++ {
			for shift := range divisor {
				for factor := 1; factor <= divisor; factor++ {
					if divisor%factor != 0 {
						continue
					}
					e := extent{factor: factor, shift: shift, divisor: divisor, axes: []int{k}}
					e.offset = v[0] - factor*((w.given[0][k]+shift)/divisor)
					fits := true
					for t := range v {
						fits = fits && factor*((w.given[t][k]+shift)/divisor)+e.offset == v[t]
					}
					if fits {
						return e, true
					}
				}
			}
		}
	}
	return extent{}, false
}

func same(v []int) bool {
	for _, x := range v {
		if x != v[0] {
			return false
		}
	}
	return true
}

// sizesOf is the size of dimension k of a node, in each trace.
func (w *writer) sizesOf(i, k int) []int {
	out := make([]int, traces)
	for t := range out {
		out[t] = w.shape(i, t)[k]
	}
	return out
}

// dims says what a node's dimensions are called: "time", "2*time", "batch*time-1"; "" for those that are no such size.
func (w *writer) dims(i int) []Dim {
	out := make([]Dim, w.rank(i))
	for k := range out {
		e, ok := w.extentOf(w.sizesOf(i, k))
		switch {
		case ok && e.fixed():
			out[k] = Dim{Size: e.offset}
		case ok:
			out[k] = Dim{Size: -1, Name: w.called(e)}
		default:
			out[k] = Dim{Size: -1}
		}
	}
	return out
}

func (w *writer) called(e extent) string {
	var parts []string
	for _, k := range e.axes {
		if w.axes[k].name == "" {
			return ""
		}
		parts = append(parts, w.axes[k].name)
	}
	name := strings.Join(parts, "*")
	if e.shift != 0 {
		name = fmt.Sprintf("(%s%+d)", name, e.shift)
	}
	if e.divisor > 1 {
		name += fmt.Sprintf("/%d", e.divisor)
	}
	if e.factor != 1 {
		name = fmt.Sprintf("%d*%s", e.factor, name)
	}
	if e.offset != 0 {
		name += fmt.Sprintf("%+d", e.offset)
	}
	return name
}

// size gives the name of a value [1], int64, with a size of a node. A size that is none of the axes' is read off a value that has
// it: that of node from, if not below 0.
func (w *writer) size(v []int, from int) (string, bool) {
	e, ok := w.extentOf(v)
	if ok {
		return w.computed(e), true
	}
	if from < 0 || w.inside(from) {
		return "", false
	}
	for k := range w.rank(from) {
		if fmt.Sprint(w.sizesOf(from, k)) == fmt.Sprint(v) {
			return w.read(w.names[from], k), true
		}
	}
	return "", false
}

// computed is a size as a value [1]. Sizes are computed outside of all loops.
func (w *writer) computed(e extent) string {
	if e.fixed() {
		return w.b.numbers(e.offset)
	}
	key := fmt.Sprint(e)
	if name, ok := w.sizes[key]; ok {
		return name
	}
	defer w.outside()()
	name := ""
	for _, k := range e.axes {
		a := w.axes[k]
		one := w.read(w.in[a.input].name, a.at)
		if name == "" {
			name = one
		} else {
			name = w.b.node("sizes", "Mul", 1, []string{name, one})[0]
		}
	}
	for _, step := range []struct {
		operator    string
		by, nothing int
	}{{"Add", e.shift, 0}, {"Div", max(e.divisor, 1), 1}, {"Mul", e.factor, 1}, {"Add", e.offset, 0}} {
		if step.by != step.nothing {
			name = w.b.node("sizes", step.operator, 1, []string{name, w.b.numbers(step.by)})[0]
		}
	}
	w.sizes[key] = name
	return name
}

// read takes the size of a dimension off a value.
func (w *writer) read(value string, at int) string {
	key := fmt.Sprint(value, " ", at)
	if name, ok := w.sizes[key]; ok {
		return name
	}
	defer w.outside()()
	shape := w.b.node("sizes", "Shape", 1, []string{value})[0]
	name := w.b.node("sizes", "Gather", 1, []string{shape, w.b.numbers(at)})[0]
	w.sizes[key] = name
	return name
}

// shapeValue gives the name of a whole shape as a value. Where keep is a node of as many dimensions, whose sizes are those of the
// result, a dimension of 1 may stand for them.
func (w *writer) shapeValue(i, keep int) (string, bool) {
	var fixed []int
	parts := make([]string, w.rank(i))
	for k := range parts {
		v := w.sizesOf(i, k)
		if keep >= 0 && fmt.Sprint(w.sizesOf(keep, k)) == fmt.Sprint(v) && !same(v) {
			v = slices.Repeat([]int{1}, traces)
		}
		if same(v) {
			fixed = append(fixed, v[0])
		}
		name, ok := w.size(v, keep)
		if !ok {
			return "", false
		}
		parts[k] = name
	}
	if len(fixed) == len(parts) {
		return w.b.numbers(fixed...), true
	}
	key := fmt.Sprint("shape ", parts)
	if name, ok := w.sizes[key]; ok {
		return name, true
	}
	defer w.outside()()
	name := w.b.node("sizes", "Concat", 1, parts, attrInt("axis", 0))[0]
	w.sizes[key] = name
	return name, true
}

// outside has nodes go outside of the loop that is being written, until the function that it returns is called.
func (w *writer) outside() func() {
	if w.outer == nil {
		return func() {}
	}
	inner, outer := w.b.file.Node, w.outer
	w.b.file.Node, w.outer = *outer, nil
	return func() { *outer, w.b.file.Node, w.outer = w.b.file.Node, inner, outer }
}

// computedNumber is a size as a float.
func (w *writer) computedNumber(e extent) string {
	key := fmt.Sprint("float ", e)
	if name, ok := w.sizes[key]; ok {
		return name
	}
	size := w.computed(e)
	defer w.outside()()
	w.sizes[key] = w.b.node("sizes", "Cast", 1, []string{w.scalarSize(size)}, attrInt("to", int(w.b.kind)))[0]
	return w.sizes[key]
}

// scalarSize is a size [1] without its dimension.
func (w *writer) scalarSize(name string) string {
	return w.b.node("sizes", "Squeeze", 1, []string{name, w.b.numbers(0)})[0]
}

type (
	attribute = onnxpb.AttributeProto
	nodes     = []*onnxpb.NodeProto
)
