package misuse

import (
	"slices"

	"gorgonia.org/tensor"
)

// spoiler makes of a right tensor one that must be refused, or read as what it says and never as it lies in memory.
type spoiler struct {
	name  string
	spoil func(t *tensor.Dense) *tensor.Dense // nil if there is none of the kind, as a scalar has no transpose
}

const (
	otherNumbers = "ids for floats, floats for ids"
	noElements   = "shape [0 3]"
)

var spoilers = []spoiler{
	{"nil", func(*tensor.Dense) *tensor.Dense { return nil }},
	{"zero value", func(*tensor.Dense) *tensor.Dense { return &tensor.Dense{} }},
	{"transposed view", transposed},
	{"column slice", columns},
	{"bytes", func(t *tensor.Dense) *tensor.Dense {
		return tensor.New(tensor.WithShape(t.Shape().Clone()...), tensor.WithBacking(make([]byte, t.Shape().TotalSize())))
	}},
	{otherNumbers, func(t *tensor.Dense) *tensor.Dense {
		n := t.Shape().TotalSize()
		if t.Dtype() == tensor.Int {
			return tensor.New(tensor.WithShape(t.Shape().Clone()...), tensor.WithBacking(make([]float32, n)))
		}
		return tensor.New(tensor.WithShape(t.Shape().Clone()...), tensor.WithBacking(make([]int, n)))
	}},
	{noElements, func(t *tensor.Dense) *tensor.Dense { return tensor.New(tensor.WithShape(0, 3), tensor.Of(t.Dtype())) }},
	{"more shape than data", func(t *tensor.Dense) *tensor.Dense {
		short := t.Clone().(*tensor.Dense)
		shape := append(tensor.Shape{3}, t.Shape()...)
		short.AP = tensor.MakeAP(shape, shape.CalcStrides(), 0, 0)
		return short
	}},
	{"the same shape, less data", func(t *tensor.Dense) *tensor.Dense {
		shape := t.Shape().Clone()
		if shape.TotalSize() < 2 || t.Dims() == 0 {
			return nil
		}
		short := tensor.New(tensor.WithShape(1), tensor.Of(t.Dtype()))
		short.AP = tensor.MakeAP(shape, shape.CalcStrides(), 0, 0)
		return short
	}},
}

// transposed says what t says, with its last two axes the other way round in memory.
func transposed(t *tensor.Dense) *tensor.Dense {
	n := t.Dims()
	if n < 2 {
		return nil
	}
	axes := make([]int, n)
	for i := range axes {
		axes[i] = i
	}
	slices.Reverse(axes[n-2:])
	v := t.Clone().(*tensor.Dense)
	if v.T(axes...) != nil || v.Transpose() != nil || v.T(axes...) != nil { // moved, then seen as before
		return nil
	}
	return v
}

// columns says what t says, and is every other column of a tensor twice as wide.
func columns(t *tensor.Dense) *tensor.Dense {
	n := t.Dims()
	if n == 0 || t.Shape()[n-1] < 2 {
		return nil
	}
	c := t.Clone().(*tensor.Dense)
	other := t.Clone().(*tensor.Dense)
	wide, err := c.Concat(n-1, other)
	if err != nil {
		return nil
	}
	cut := make([]tensor.Slice, n)
	width := t.Shape()[n-1]
	cut[n-1] = tensor.S(0, width)
	if n == 1 { // a column of a matrix is a vector with a stride
		if err := wide.Reshape(2, width); err != nil || wide.T() != nil || wide.Transpose() != nil {
			return nil
		}
		cut = []tensor.Slice{nil, tensor.S(0)}
	}
	v, err := wide.Slice(cut...)
	if err != nil {
		return nil
	}
	return v.(*tensor.Dense)
}
