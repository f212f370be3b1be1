package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// MatMul is a matrix product. The left operand may have more than two dimensions: all but its last are rows, so one
// product serves a whole sequence. The three transposes are closed under differentiation.
type MatMul struct {
	TransA, TransB bool // not both

	// Set by the compiler:
	Bias      bool             // a third operand, a vector, is added to every row
	Packed    bool             // the second operand is packed
	Precision kernel.Precision // of float32
}

func (o MatMul) String() string {
	s := "matmul A·B"
	switch {
	case o.TransA:
		s = "matmul Aᵀ·B"
	case o.TransB:
		s = "matmul A·Bᵀ"
	}
	if o.Packed {
		s += " packed"
	}
	if o.Bias {
		s += " + bias"
	}
	return s + inPrecision(o.Precision)
}

func (o MatMul) In(p kernel.Precision) Op {
	o.Precision = p
	return o
}

// Sizes returns the product's m, n, k, given both operands as matrices of their last dimension.
func (o MatMul) Sizes(a, b []int) (m, n, k int) {
	rowsA, colsA, rowsB, colsB := RowsOf(a), a[len(a)-1], RowsOf(b), b[len(b)-1]
	switch {
	case o.TransA:
		return colsA, colsB, rowsA
	case o.TransB:
		return rowsA, rowsB, colsA
	}
	return rowsA, colsB, colsA
}

func (o MatMul) Bind(b *Binding) Task {
	return pick(b, bindMatmul[float32](o, 0), bindMatmul[float64](o, 0))
}

func (o MatMul) BindAdd(b *Binding) Task {
	return pick(b, bindMatmul[float32](o, 1), bindMatmul[float64](o, 1))
}

func bindMatmul[T kernel.Float](o MatMul, beta T) func(*Binding) Task {
	return func(b *Binding) Task {
		x, y, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.Out)
		m, n, k := o.Sizes(b.In[0].Shape, b.In[1].Shape)
		ldx, ldy, ldc := b.In[0].Ld(), b.In[1].Ld(), b.Out.Ld()
		if RowsOf(b.Out.Shape) != m { // a gradient of a tensor with more dimensions
			ldc = n
		}
		var bias []T
		if o.Bias {
			bias = Vec[T](b.In[2])
		}
		plain := func() error {
			multiply(o.Precision, o.TransA, o.TransB, m, n, k, x, ldx, y, ldy, beta, dst, ldc, bias)
			return nil
		}
		if !o.Packed {
			return plain
		}
		w := b.In[1].Packed.(*Packed[T])
		x32, dst32, bias32 := b.In[0].F32, b.Out.F32, []float32(nil)
		if o.Bias {
			bias32 = b.In[2].F32
		}
		return func() error {
			switch {
			case w.Reduced != nil: // never transposes A
				w.Reduced.Multiply(m, x32, ldx, float32(beta), dst32, ldc, bias32)
			case w.Full != nil:
				kernel.GemmPacked(o.TransA, m, 1, x, ldx, w.Full, beta, dst, ldc, bias)
			default:
				return plain()
			}
			return nil
		}
	}
}

// RowsOf is the number of rows of a tensor seen as a matrix of its last dimension.
func RowsOf(shape []int) int { return Size(shape[:len(shape)-1]) }
