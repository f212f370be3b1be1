package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"gorgonia.org/tensor"
)

// constant writes a fixed tensor. One that grows with the sizes is computed from them.
func (w *writer) constant(i int) string {
	l := w.list[i].Leaf
	varies := false
	for k := range w.rank(i) {
		varies = varies || !same(w.sizesOf(i, k))
	}
	switch {
	case l.Uniform:
		number := w.scalar(i, func(t int) float64 { return w.all[t][i].Leaf.Number })
		shape, ok := w.shapeValue(i, -1)
		switch {
		case !ok:
			return w.refuse(i, l.Name)
		case w.rank(i) == 0:
			return number
		}
		return w.node(i, "Expand", []string{number, shape})
	case varies:
		return w.growing(i)
	}
	for t := range traces {
		if fmt.Sprint(w.all[t][i].Leaf.Value.Data()) != fmt.Sprint(l.Value.Data()) {
			return w.refuse(i, "a constant whose numbers depend on sizes")
		}
	}
	c := &constant{kind: w.b.kind, shape: slices.Clone(l.Shape)}
	if l.Value.Dtype() == tensor.Int {
		c = ints64(l.Value.Ints()...)
		c.shape = slices.Clone(l.Shape)
	} else {
		c.floats = floats64(l.Value)
	}
	name := w.fresh("constant")
	w.b.file.Initializer = append(w.b.file.Initializer, c.tensorProto(name))
	return name
}

// growing writes a constant whose shape varies: one of those that layers have.
func (w *writer) growing(i int) string {
	if name, ok := w.triangle(i); ok {
		return name
	}
	if name, ok := w.positions(i); ok {
		return name
	}
	return w.refuse(i, "a constant whose shape varies")
}

// numbersOf are those of a constant in trace t.
func (w *writer) numbersOf(i, t int) []float64 {
	v := w.all[t][i].Leaf.Value
	if v.Dtype() == tensor.Int {
		return nil
	}
	return floats64(v)
}

// triangle writes a matrix with one number behind the diagonal and another elsewhere, as causal attention adds to its scores.
func (w *writer) triangle(i int) (string, bool) {
	if w.rank(i) != 2 {
		return "", false
	}
	above, rest := 0.0, 0.0
	for t := range traces {
		v, cols := w.numbersOf(i, t), w.shape(i, t)[1]
		if len(v) == 0 || cols < 2 {
			return "", false
		}
		rest, above = v[0], v[1]
		for k, x := range v {
			if want := map[bool]float64{true: above, false: rest}[k%cols > k/cols]; x != want {
				return "", false
			}
		}
	}
	rows, okRows := w.size(w.sizesOf(i, 0), -1)
	cols, okCols := w.size(w.sizesOf(i, 1), -1)
	if !okRows || !okCols {
		return "", false
	}
	column := w.node(i, "Unsqueeze", []string{w.float(i, w.steps(i, rows)), w.b.numbers(1)})
	behind := w.node(i, "Less", []string{column, w.float(i, w.steps(i, cols))})
	return w.node(i, "Where", []string{behind, w.number(above), w.number(rest)}), true
}

// positions writes the table of nn.SinusoidalPositions, [T, 1, E]. The angles are computed in 64 bits: those of a long sequence have
// too few digits behind the point in 32.
func (w *writer) positions(i int) (string, bool) {
	if w.rank(i) != 3 || w.list[i].Shape[1] != 1 || !same(w.sizesOf(i, 2)) {
		return "", false
	}
	width := w.list[i].Shape[2]
	rates, phases := make([]float64, width), make([]float64, width)
	for j := range rates {
		rates[j] = 1 / math.Pow(10000, float64(j-j%2)/float64(width))
		phases[j] = math.Pi / 2 * float64(j%2) // the cosine
	}
	for t := range traces {
		for k, x := range w.numbersOf(i, t) {
			if math.Abs(x-math.Sin(float64(k/width)*rates[k%width]+phases[k%width])) > 1e-6 {
				return "", false
			}
		}
	}
	steps, ok := w.size(w.sizesOf(i, 0), -1)
	if !ok {
		return "", false
	}
	long := func(v []float64) string {
		name := w.fresh("constant")
		c := &constant{kind: onnxpb.TensorProto_DOUBLE, shape: []int{width}, floats: v}
		w.b.file.Initializer = append(w.b.file.Initializer, c.tensorProto(name))
		return name
	}
	times := w.node(i, "Cast", []string{w.steps(i, steps)}, attrInt("to", int(onnxpb.TensorProto_DOUBLE)))
	column := w.node(i, "Unsqueeze", []string{times, w.b.numbers(1, 2)})
	angles := w.node(i, "Add", []string{w.node(i, "Mul", []string{column, long(rates)}), long(phases)})
	return w.node(i, "Cast", []string{w.node(i, "Sin", []string{angles})}, attrInt("to", int(w.b.kind))), true
}
