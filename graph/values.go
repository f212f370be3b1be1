package graph

import (
	"math"
	"reflect"

	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Numbers enter and leave a graph as *tensor.Dense: row-major, float32 or float64 for values, int for ids and
// lengths. The helpers here build them from plain slices without a copy.

// Floats wraps data as a float32 tensor of the given shape; no shape means one dimension. The slice is shared. If the
// data do not fill the shape, whatever takes the tensor refuses it with an error that names both sizes.
func Floats(data []float32, shape ...int) *tensor.Dense { return wrap(data, len(data), shape) }

// Floats64 is Floats for float64.
func Floats64(data []float64, shape ...int) *tensor.Dense { return wrap(data, len(data), shape) }

// Ints is Floats for int: ids or lengths.
func Ints(data []int, shape ...int) *tensor.Dense { return wrap(data, len(data), shape) }

// wrap gives a slice of n numbers a shape, which need not fit: dense.Check finds that out where the tensor is used.
func wrap(backing interface{}, n int, shape []int) *tensor.Dense {
	if len(shape) == 0 {
		shape = []int{n}
	}
	if size, err := dense.Size(shape); err == nil && size == n {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
	}
	var t *tensor.Dense
	if n > 0 {
		t = tensor.New(tensor.WithShape(n), tensor.WithBacking(backing))
	} else {
		t = tensor.New(tensor.WithShape(0), tensor.Of(tensor.Dtype{Type: reflect.TypeOf(backing).Elem()}))
	}
	t.AP = tensor.MakeAP(cloneInts(shape), strides(shape), 0, 0)
	return t
}

// Scalar returns the single number that t holds, whatever its element type and number of dimensions: a loss, say. It
// is NaN if t is nil or holds more than one number, or none.
func Scalar(t *tensor.Dense) float64 {
	if dense.Check(t) != nil || sizeOf(t.Shape()) != 1 {
		return math.NaN()
	}
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

// sizeOf is the number of elements of a shape that was checked.
func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func cloneInts(x []int) []int { return append([]int{}, x...) }
