package op

import (
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// QuantisedRange is the scale and the zero point, [2], with which whole numbers from 0 to 255 stand for all numbers of x and for 0:
//
//	scale = (max - min)/255, or 1 if there is nothing but 0    zero = round(-min/scale)
//
// (ONNX, DynamicQuantizeLinear.)
type QuantisedRange struct{}

func (QuantisedRange) String() string { return "range of 8 bits" }

func (QuantisedRange) Bind(b *Binding) Task {
	return pick(b, bindQuantisedRange[float32], bindQuantisedRange[float64])
}

func bindQuantisedRange[T kernel.Float](b *Binding) Task {
	x, dst := Vec[T](b.In[0]), Vec[T](b.Out)
	return func() error {
		low, high := extent(x)
		scale := (high - low) / 255
		if high == low {
			scale = 1
		}
		dst[0], dst[1] = scale, T(math.RoundToEven(float64(min(255, max(0, -low/scale)))))
		return nil
	}
}

// extent is the smallest and the largest of some numbers and 0; NaN if one is.
func extent[T kernel.Float](x []T) (low, high T) {
	var room [512]T
	for len(x) > 0 {
		part := x[:min(len(x), len(room))]
		x = x[len(part):]
		high = max(high, kernel.Max(part))
		negative := room[:len(part)]
		kernel.Neg(negative, part)
		low = min(low, -kernel.Max(negative))
	}
	return low, high
}
