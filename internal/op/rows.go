package op

import (
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
)

// RowKind is how an operand's memory maps to the rows of a result that it broadcasts to.
type RowKind uint8

// The first four are read row by row as they lie in memory.
const (
	WholeRows RowKind = iota // same shape: row r is the operand's own r-th row
	SameRow                  // [F] against [B, F]: every row is the whole operand
	NumberRow                // [B, 1] against [B, F]: row r is the r-th number, repeated
	ScalarRow                // one number everywhere, whatever the row length
	NoRows                   // anything else: expand it first
)

// RowPattern tells how to read an operand beside the rows of the result.
type RowPattern struct {
	Kind RowKind
	Row  int // length of a row; 0 where any will do
}

// PatternOf classifies an operand of the given shape against the result's.
func PatternOf(result, operand []int) RowPattern {
	n, size := Size(result), Size(operand)
	switch {
	case n == size:
		return RowPattern{Kind: WholeRows}
	case size == 1:
		return RowPattern{Kind: ScalarRow}
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
		return RowPattern{SameRow, size}
	}
	trail := len(full)
	for trail > 0 && full[trail-1] == 1 { // [B, 1, 1]
		trail--
	}
	if slices.Equal(full[:trail], result[:trail]) {
		return RowPattern{NumberRow, n / size}
	}
	return RowPattern{Kind: NoRows}
}

// patterns returns every operand's layout and the common row length; Graph.broadcast made sure that there is one.
func patterns(result []int, operands ...[]int) ([]RowPattern, int) {
	layouts := make([]RowPattern, len(operands))
	row, scalars := 0, false
	for i, s := range operands {
		layouts[i] = PatternOf(result, s)
		row = max(row, layouts[i].Row)
		scalars = scalars || layouts[i].Kind == ScalarRow
	}
	if row == 0 {
		row = Size(result)
		if scalars && len(result) > 0 { // a scalar is written out once a row: keep rows short
			row = result[len(result)-1]
		}
	}
	return layouts, row
}

// rowReader gives an operand's rows.
type rowReader[T kernel.Float] struct {
	kind   RowKind
	data   []T
	n      int
	filled []T // a number, repeated
}

func newRowReader[T kernel.Float](o Operand, l RowPattern, row int) *rowReader[T] {
	r := &rowReader[T]{kind: l.Kind, data: Vec[T](o), n: row}
	if l.Kind == NumberRow || l.Kind == ScalarRow {
		r.filled = make([]T, row)
	}
	return r
}

func (r *rowReader[T]) row(i int) []T {
	switch r.kind {
	case WholeRows:
		return r.data[i*r.n : (i+1)*r.n]
	case SameRow:
		return r.data
	case NumberRow:
		kernel.Fill(r.filled, r.data[i])
	case ScalarRow:
		if i == 0 {
			kernel.Fill(r.filled, r.data[0])
		}
	}
	return r.filled
}
