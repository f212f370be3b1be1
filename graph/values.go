package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Numbers enter and leave a graph as *tensor.Dense: row-major, float32 or float64 for values, int for ids and
// lengths. The helpers here build them from plain slices without a copy.

// Floats wraps data as a float32 tensor of the given shape; no shape means one dimension. The slice is shared.
func Floats(data []float32, shape ...int) *tensor.Dense { return wrap(data, len(data), shape) }

// Floats64 is Floats for float64.
func Floats64(data []float64, shape ...int) *tensor.Dense { return wrap(data, len(data), shape) }

// Ints wraps ids or lengths as an int tensor of the given shape; no shape means one dimension. The slice is shared.
func Ints(data []int, shape ...int) *tensor.Dense { return wrap(data, len(data), shape) }

func wrap(backing interface{}, n int, shape []int) *tensor.Dense {
	if len(shape) == 0 {
		shape = []int{n}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
}

// Scalar returns the single number that t holds, whatever its float type.
func Scalar(t *tensor.Dense) float64 {
	switch t.Dtype() {
	case tensor.Float64:
		return t.Float64s()[0]
	case tensor.Float32:
		return float64(t.Float32s()[0])
	}
	return float64(t.Ints()[0])
}

// newDense returns a zeroed tensor. Scalars have the empty shape.
func newDense(dtype tensor.Dtype, shape []int) *tensor.Dense {
	if len(shape) == 0 {
		switch dtype {
		case tensor.Float64:
			return tensor.New(tensor.FromScalar(float64(0)))
		case tensor.Int:
			return tensor.New(tensor.FromScalar(int(0)))
		}
		return tensor.New(tensor.FromScalar(float32(0)))
	}
	return tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
}

// setFloats sets element i of a float tensor to at(i).
func setFloats(t *tensor.Dense, at func(i int) float64) {
	if t.Dtype() == tensor.Float64 {
		for i, dst := 0, t.Float64s(); i < len(dst); i++ {
			dst[i] = at(i)
		}
		return
	}
	for i, dst := 0, t.Float32s(); i < len(dst); i++ {
		dst[i] = float32(at(i))
	}
}

// copyDense copies src into dst; both are row-major and of one element type and size.
func copyDense(dst, src *tensor.Dense) {
	switch dst.Dtype() {
	case tensor.Float64:
		copy(dst.Float64s(), src.Float64s())
	case tensor.Int:
		copy(dst.Ints(), src.Ints())
	default:
		copy(dst.Float32s(), src.Float32s())
	}
}

// checkDense refuses tensors that a program cannot read as one row-major block.
func checkDense(t *tensor.Dense) error {
	if t == nil {
		return errors.New("the tensor is nil")
	}
	if !t.DataOrder().IsRowMajor() || t.RequiresIterator() {
		return errors.Errorf("the tensor of shape %v is a view or not row-major; clone it first", []int(t.Shape()))
	}
	switch t.Dtype() {
	case tensor.Float32, tensor.Float64, tensor.Int:
		return nil
	}
	return errors.Errorf("element type %v; want float32, float64 or int", t.Dtype())
}

func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func cloneInts(x []int) []int { return append([]int{}, x...) }
