package onnx

import (
	"slices"

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
	case l.Uniform && w.rank(i) == 0:
		return w.number(l.Number)
	case l.Uniform && varies:
		shape, ok := w.shapeValue(i, -1)
		if !ok {
			return w.refuse(i, l.Name)
		}
		return w.node(i, "Expand", []string{w.number(l.Number), shape})
	case varies:
		return w.growing(i)
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

// growing writes a constant whose shape varies.
func (w *writer) growing(i int) string { return w.refuse(i, w.list[i].Leaf.Name) }
