package graph

import "github.com/unroll-go/unroll/internal/kernel"

// elementwise is an operator each of whose results depends on the operands' elements at the same place alone. A
// program runs chains of them over tiles, see fused.
type elementwise interface {
	operator
	// tiles returns the function over vectors of equal length, for either element type. dst may be one of the operands.
	tiles() (tile[float32], tile[float64])
}

// tile computes a piece of an element-wise operation; operands that the operation does not have are nil.
type tile[T kernel.Float] func(dst, a, b, c []T)

func unaryTile[T kernel.Float](f func(dst, x []T)) tile[T] {
	return func(dst, a, _, _ []T) { f(dst, a) }
}

func binaryTile[T kernel.Float](f func(dst, a, b []T)) tile[T] {
	return func(dst, a, b, _ []T) { f(dst, a, b) }
}

func (u *unaryOp) tiles() (tile[float32], tile[float64]) { return unaryTile(u.f32), unaryTile(u.f64) }

func (o *binaryOp) tiles() (tile[float32], tile[float64]) {
	return binaryTile(o.f32), binaryTile(o.f64)
}

func (o affine) tiles() (tile[float32], tile[float64]) {
	return affineTile[float32](o), affineTile[float64](o)
}

func affineTile[T kernel.Float](o affine) tile[T] {
	mul, add := T(o.mul), T(o.add)
	return func(dst, a, _, _ []T) { kernel.Affine(dst, a, mul, add) }
}

// A sum of more than two terms runs as several sums of two.
func (add) tiles() (tile[float32], tile[float64]) {
	return binaryTile(kernel.Add[float32]), binaryTile(kernel.Add[float64])
}

func (o clamp) tiles() (tile[float32], tile[float64]) {
	return unaryTile(clampInto[float32](o)), unaryTile(clampInto[float64](o))
}

func (o within) tiles() (tile[float32], tile[float64]) {
	return unaryTile(withinInto[float32](o)), unaryTile(withinInto[float64](o))
}

func (where) tiles() (tile[float32], tile[float64]) {
	return choose[float32], choose[float64]
}

// choose takes a where the mask is not 0 and b elsewhere.
func choose[T kernel.Float](dst, mask, a, b []T) {
	for i, m := range mask {
		if m != 0 {
			dst[i] = a[i]
		} else {
			dst[i] = b[i]
		}
	}
}

// operandKinds says how an element-wise value's operands lie against rows of its last dimension; ok is false if one
// of them does not fit in with such rows.
func operandKinds(v *value) (kinds []rowKind, ok bool) {
	rows, cols := matrixOf(v.shape)
	kinds = make([]rowKind, len(v.in))
	for i, in := range v.in {
		switch l := layoutOf(v.shape, in.shape); {
		case in.size() == v.size():
			kinds[i] = wholeRows
		case is[where](v) && i == 0:
			if in.size() != rows {
				return nil, false
			}
			kinds[i] = numberRow
		case in.size() == 1:
			kinds[i] = scalarRow
		case l.kind == noRows || l.row != cols:
			return nil, false
		default:
			kinds[i] = l.kind
		}
	}
	return kinds, true
}

// matrixOf sees a shape as rows of its last dimension.
func matrixOf(shape []int) (rows, cols int) {
	cols = lastDim(shape)
	return sizeOf(shape) / cols, cols
}
