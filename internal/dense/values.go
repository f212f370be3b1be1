package dense

import (
	"gorgonia.org/tensor"
)

// New returns a zeroed tensor. Scalars have the empty shape.
func New(dtype tensor.Dtype, shape []int) *tensor.Dense {
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

// Fill sets element i of a float tensor to at(i).
func Fill(t *tensor.Dense, at func(i int) float64) {
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

// Copy copies src into dst; both are row-major and of one element type and size.
func Copy(dst, src *tensor.Dense) {
	switch dst.Dtype() {
	case tensor.Float64:
		copy(dst.Float64s(), src.Float64s())
	case tensor.Int:
		copy(dst.Ints(), src.Ints())
	default:
		copy(dst.Float32s(), src.Float32s())
	}
}
