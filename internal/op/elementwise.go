package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// Elementwise is an operator each of whose results depends on the operands' elements at the same place alone. A
// program runs chains of them over tiles, see fused.
type Elementwise interface {
	Op
	// Tiles returns the function over vectors of equal length, for either element type. dst may be one of the operands.
	Tiles() (Tile[float32], Tile[float64])
}

// Tile computes a piece of an element-wise operation; operands that the operation does not have are nil.
type Tile[T kernel.Float] func(dst, a, b, c []T)

func unaryTile[T kernel.Float](f func(dst, x []T)) Tile[T] {
	return func(dst, a, _, _ []T) { f(dst, a) }
}

func binaryTile[T kernel.Float](f func(dst, a, b []T)) Tile[T] {
	return func(dst, a, b, _ []T) { f(dst, a, b) }
}

func (u *Unary) Tiles() (Tile[float32], Tile[float64]) { return unaryTile(u.f32), unaryTile(u.f64) }

func (o *Binary) Tiles() (Tile[float32], Tile[float64]) {
	return binaryTile(o.f32), binaryTile(o.f64)
}

func (o Affine) Tiles() (Tile[float32], Tile[float64]) {
	return affineTile[float32](o), affineTile[float64](o)
}

func affineTile[T kernel.Float](o Affine) Tile[T] {
	mul, add := T(o.Mul), T(o.Add)
	return func(dst, a, _, _ []T) { kernel.Affine(dst, a, mul, add) }
}

// Tiles adds two operands: a sum of more runs as several sums of two.
func (Add) Tiles() (Tile[float32], Tile[float64]) {
	return binaryTile(kernel.Add[float32]), binaryTile(kernel.Add[float64])
}

func (o Clamp) Tiles() (Tile[float32], Tile[float64]) {
	return unaryTile(clampInto[float32](o)), unaryTile(clampInto[float64](o))
}

func (o Within) Tiles() (Tile[float32], Tile[float64]) {
	return unaryTile(withinInto[float32](o)), unaryTile(withinInto[float64](o))
}

func (Where) Tiles() (Tile[float32], Tile[float64]) {
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

// MatrixOf sees a shape as rows of its last dimension.
func MatrixOf(shape []int) (rows, cols int) {
	cols = LastDim(shape)
	return Size(shape) / cols, cols
}
