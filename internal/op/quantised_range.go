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
	var l, h [4]T // several at a time do not wait for each other
	for ; len(x) >= 4; x = x[4:] {
		l[0], l[1], l[2], l[3] = min(l[0], x[0]), min(l[1], x[1]), min(l[2], x[2]), min(l[3], x[3])
		h[0], h[1], h[2], h[3] = max(h[0], x[0]), max(h[1], x[1]), max(h[2], x[2]), max(h[3], x[3])
	}
	for _, v := range x {
		l[0], h[0] = min(l[0], v), max(h[0], v)
	}
	return min(l[0], l[1], l[2], l[3]), max(h[0], h[1], h[2], h[3])
}
