package stablehlo

import (
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// products has the products of matrices.
func products() []entry {
	return []entry{
		on(func(w *writer, o op.MatMul, n *listing.Node) value {
			return w.reshape(w.matmul(w.in(n, 0), w.in(n, 1), o.TransA, o.TransB), n.Shape...)
		}),
		on(func(w *writer, o op.BatchMatMul, n *listing.Node) value {
			a, b := w.matrices(w.in(n, 0)), w.matrices(w.in(n, 1))
			alongA, alongB := sides(o.TransA, o.TransB)
			return w.reshape(w.dot(a, b, 1, alongA+1, alongB+1), n.Shape...)
		}),
		on(substitute),
	}
}

// matrix is x as the rows of its last dimension.
func (w *writer) matrix(x value) value {
	rows, cols := op.MatrixOf(x.shape)
	return w.reshape(x, rows, cols)
}

// matrices is x as a batch of matrices, [n, rows, cols].
func (w *writer) matrices(x value) value {
	rows, cols := x.shape[x.rank()-2], x.shape[x.rank()-1]
	return w.reshape(x, op.Size(x.shape[:x.rank()-2]), rows, cols)
}

// sides are the axes of two matrices that a product sums over.
func sides(transA, transB bool) (a, b int) {
	a, b = 1, 0
	if transA {
		a = 0
	}
	if transB {
		b = 1
	}
	return a, b
}

func (w *writer) matmul(a, b value, transA, transB bool) value {
	alongA, alongB := sides(transA, transB)
	return w.dot(w.matrix(a), w.matrix(b), 0, alongA, alongB)
}

// substitute solves (I - L)·x = b, or its transpose; what a has above its diagonal and there is not read.
func substitute(w *writer, o op.Substitute, n *listing.Node) value {
	a, b := w.matrices(w.in(n, 0)), w.matrices(w.in(n, 1))
	a = w.unary("stablehlo.negate", a)
	side := "NO_TRANSPOSE"
	if o.Back {
		side = "TRANSPOSE"
	}
	x := w.emit(b.kind, b.shape, `"stablehlo.triangular_solve"(%s, %s) <{left_side = true, lower = true, unit_diagonal = true, `+
		`transpose_a = #stablehlo<transpose %s>}> : (%s, %s) -> %s`, a, b, side, a.typ(), b.typ(), b.typ())
	return w.reshape(x, n.Shape...)
}
