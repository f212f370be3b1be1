package optim

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// A table of a large vocabulary has a gradient in a few rows (graph.SparseGrad). Its norm is read from these alone, and lazy
// optimisers update these alone.

// rowParts is the number of pieces that the rows of a table are cut into, whatever the number of processors.
const rowParts = 16

// rowPiece is one of rowParts shares of the rows that a gradient has.
type rowPiece struct {
	param *graph.Param
	part  int
	cols  int
	now   piece // the row at hand
}

// rowPieces cuts a table into pieces by rows.
func rowPieces(q *graph.Param) []piece {
	out := make([]piece, rowParts)
	for i := range out {
		out[i] = stretchOf(q, 0, q.Len())
		out[i].rows = &rowPiece{param: q, part: i, cols: q.Len() / q.Shape()[0]}
	}
	return out
}

// share is the rows of the piece.
func (r *rowPiece) share() []int {
	rows, _ := r.param.GradRows()
	return rows[r.part*len(rows)/rowParts : (r.part+1)*len(rows)/rowParts]
}

// sumSquares is the sum of the squares of the piece's rows of the gradient.
func (r *rowPiece) sumSquares() float64 {
	f32, f64 := float32s(r.param.Grad()), float64s(r.param.Grad())
	total := 0.0
	for _, at := range r.share() {
		from, to := at*r.cols, (at+1)*r.cols
		total += kernel.SumSquares(between(f32, from, to)) + kernel.SumSquares(between(f64, from, to))
	}
	return total
}

// step updates the piece's rows, or its share of the whole table by an optimiser that is not lazy. It tells whether a weight
// is not finite then.
func (r *rowPiece) step(c *piece, o updater, scale float64) (lost bool) {
	if !o.lazy() {
		n := r.param.Len() / r.cols
		return r.stretch(c, r.part*n/rowParts, (r.part+1)*n/rowParts, o, scale)
	}
	for _, at := range r.share() {
		lost = r.stretch(c, at, at+1, o, scale) || lost
	}
	return lost
}

// stretch updates rows from one on up to another.
func (r *rowPiece) stretch(c *piece, first, last int, o updater, scale float64) (lost bool) {
	from, to := first*r.cols, last*r.cols
	r.now = piece{param: r.param, from: from, rows: r}
	r.now.f32.w, r.now.f32.g = between(c.f32.w, from, to), between(c.f32.g, from, to)
	r.now.f64.w, r.now.f64.g = between(c.f64.w, from, to), between(c.f64.g, from, to)
	for i := range c.f32.v {
		r.now.f32.v[i], r.now.f64.v[i] = between(c.f32.v[i], from, to), between(c.f64.v[i], from, to)
	}
	r.now.step(o, scale)
	return r.now.lost
}

// between is x[from:to], nil for no vector.
func between[T kernel.Float](x []T, from, to int) []T {
	if x == nil {
		return nil
	}
	return x[from:to]
}
