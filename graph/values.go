package graph

import (
	"math"
	"reflect"

	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
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
func wrap(backing any, n int, shape []int) *tensor.Dense {
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
	t.AP = tensor.MakeAP(op.Clone(shape), op.Strides(shape), 0, 0)
	return t
}

// Scalar returns the single number that t holds, whatever its element type and number of dimensions: a loss, say. It
// is NaN if t is nil or holds more than one number, or none.
func Scalar(t *tensor.Dense) float64 {
	if dense.Check(t) != nil || op.Size(t.Shape()) != 1 {
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

// NoID stands for the absence of an id that is treated in a way of its own: a padding id, an ignored target. It is no
// id itself, and an error where ids are wanted.
const NoID = op.NoID
