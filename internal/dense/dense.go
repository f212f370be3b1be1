// Package dense holds the rules about tensors and shapes that come from outside: what every function with a
// *tensor.Dense argument asks of it, and how large a tensor may be. Each rule is written here once.
package dense

import (
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// MaxElements is the most elements that one tensor may have: 2⁴⁰, more than any machine holds, and 2²⁷ where an int has
// 32 bits, a GiB of float64. Sizes in bytes, and sums of a few of them, then never overflow, and Go's make takes them.
const MaxElements = 1 << (27 + 13*(math.MaxUint>>63))

// MaxParts is the most parts of one kind that a network may be made of, such as layers on layers or steps that a
// convolution sees: each of them becomes nodes of a graph, so that a number without bound would never be done.
const MaxParts = 10_000

// anyType are the element types that programs know.
var anyType = []tensor.Dtype{tensor.Float32, tensor.Float64, tensor.Int}

// Check refuses tensors that cannot be read as one row-major block of numbers: nil, without elements, views, of a
// size that does not fit the shape, of an element type that is not among types. No types means float32, float64 or int.
func Check(t *tensor.Dense, types ...tensor.Dtype) error {
	if t == nil {
		return errors.New("the tensor is nil")
	}
	if t.Dtype().Type == nil {
		return errors.New("the tensor was never given an element type: make it with graph.Floats, graph.Ints or tensor.New")
	}
	if len(types) == 0 {
		types = anyType
	}
	if !slices.Contains(types, t.Dtype()) {
		return errors.Errorf("element type %v; want %s", t.Dtype(), either(types))
	}
	n, err := Size(t.Shape())
	if err != nil {
		return err
	}
	found := int(t.MemSize() / t.Dtype().Size()) // DataSize is 0 for a scalar
	switch {
	case found >= n && (!t.DataOrder().IsRowMajor() || t.RequiresIterator()):
		return errors.Errorf("the tensor of shape %v is a view or not row-major; clone it first", []int(t.Shape()))
	case found != n:
		return errors.Errorf("shape %v needs %d numbers, found %d", []int(t.Shape()), n, found)
	}
	return nil
}

// CheckFloats is Check for float32 or float64.
func CheckFloats(t *tensor.Dense) error { return Check(t, tensor.Float32, tensor.Float64) }

// Size returns the number of elements of a shape, or an error for a dimension below 1 or more than MaxElements
// elements. The empty shape is a scalar, of one element.
func Size(shape []int) (int, error) {
	if len(shape) > 0 {
		switch least := slices.Min(shape); {
		case least < 0:
			return 0, errors.Errorf("shape %v has a dimension below 0", shape)
		case least == 0:
			return 0, errors.Errorf("shape %v has a dimension of 0, so there is nothing to compute", shape)
		}
	}
	n := 1
	for _, d := range shape {
		if n > MaxElements/d {
			return 0, errors.Errorf("shape %v has more than %d elements", shape, MaxElements)
		}
		n *= d
	}
	return n, nil
}

// Empty tells whether a tensor has a dimension of 0, none below that, and so no elements: legal in files, but there is
// nothing to compute.
func Empty(t *tensor.Dense) bool {
	if t == nil || t.Dtype().Type == nil || len(t.Shape()) == 0 {
		return false
	}
	return slices.Min(t.Shape()) == 0 && t.MemSize() == 0
}

// NotFinite returns the index of the first element that is NaN or infinite, or -1. The tensor has passed Check.
func NotFinite(t *tensor.Dense) int {
	switch x := t.Data().(type) {
	case []float32:
		return firstNotFinite(x)
	case []float64:
		return firstNotFinite(x)
	case float32:
		return firstNotFinite([]float32{x})
	case float64:
		return firstNotFinite([]float64{x})
	}
	return -1
}

func firstNotFinite[F float32 | float64](x []F) int {
	for i, v := range x {
		if v-v != 0 { // Inf-Inf and NaN-NaN are NaN
			return i
		}
	}
	return -1
}

// Float64s copies the elements of a tensor of floats, as float64. The tensor has passed CheckFloats.
func Float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return slices.Clone(t.Float64s())
	}
	out := make([]float64, t.Shape().TotalSize())
	for i, v := range t.Float32s() {
		out[i] = float64(v)
	}
	return out
}

// either lists types as a sentence does: "float32, float64 or int".
func either(types []tensor.Dtype) string {
	var out strings.Builder
	for i, t := range types {
		switch {
		case i == 0:
		case i == len(types)-1:
			out.WriteString(" or ")
		default:
			out.WriteString(", ")
		}
		out.WriteString(t.String())
	}
	return out.String()
}
