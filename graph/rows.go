package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
)

// rowKind is how an operand's memory maps to the rows of a result that it broadcasts to.
type rowKind uint8

const (
	wholeRows rowKind = iota // same shape: row r is the operand's own r-th row
	sameRow                  // [F] against [B, F]: every row is the whole operand
	numberRow                // [B, 1] against [B, F]: row r is the r-th number, repeated
	scalarRow                // one number everywhere, whatever the row length
	noRows                   // anything else: expand it first
)

type rowLayout struct {
	kind rowKind
	row  int // length of a row; 0 where any will do
}

// layoutOf classifies an operand of the given shape against the result's.
func layoutOf(result, operand []int) rowLayout {
	n, size := sizeOf(result), sizeOf(operand)
	switch {
	case n == size:
		return rowLayout{kind: wholeRows}
	case size == 1:
		return rowLayout{kind: scalarRow}
	}
	full := make([]int, len(result)) // the operand's shape, aligned at the right
	for i := range full {
		full[i] = 1
	}
	copy(full[len(result)-len(operand):], operand)
	lead := 0
	for lead < len(full) && full[lead] == 1 { // [1, 1, F]
		lead++
	}
	if slices.Equal(full[lead:], result[lead:]) {
		return rowLayout{sameRow, size}
	}
	trail := len(full)
	for trail > 0 && full[trail-1] == 1 { // [B, 1, 1]
		trail--
	}
	if slices.Equal(full[:trail], result[:trail]) {
		return rowLayout{numberRow, n / size}
	}
	return rowLayout{kind: noRows}
}

// rowLayouts returns every operand's layout and the common row length; Graph.broadcast made sure that there is one.
func rowLayouts(result []int, operands ...[]int) ([]rowLayout, int) {
	layouts := make([]rowLayout, len(operands))
	row, scalars := 0, false
	for i, s := range operands {
		layouts[i] = layoutOf(result, s)
		row = max(row, layouts[i].row)
		scalars = scalars || layouts[i].kind == scalarRow
	}
	if row == 0 {
		row = sizeOf(result)
		if scalars && len(result) > 0 { // a scalar is written out once a row: keep rows short
			row = result[len(result)-1]
		}
	}
	return layouts, row
}

// rowReader gives an operand's rows.
type rowReader[T kernel.Float] struct {
	kind   rowKind
	data   []T
	n      int
	filled []T // a number, repeated
}

func newRowReader[T kernel.Float](o operand, l rowLayout, row int) *rowReader[T] {
	r := &rowReader[T]{kind: l.kind, data: vec[T](o), n: row}
	if l.kind == numberRow || l.kind == scalarRow {
		r.filled = make([]T, row)
	}
	return r
}

func (r *rowReader[T]) row(i int) []T {
	switch r.kind {
	case wholeRows:
		return r.data[i*r.n : (i+1)*r.n]
	case sameRow:
		return r.data
	case numberRow:
		kernel.Fill(r.filled, r.data[i])
	case scalarRow:
		if i == 0 {
			kernel.Fill(r.filled, r.data[0])
		}
	}
	return r.filled
}
