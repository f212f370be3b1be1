package chart

import "math"

// Units draws what units of a network do over a sequence: values[i][t] is what unit i does at step t. Rows has the units'
// names, columns a label for each step, such as the character that was read there. Each row is scaled by its largest size:
// white is 0, blue above it, orange below.
func Units(values [][]float64, rows, columns []string) *Picture {
	if len(values) != len(rows) || len(rows) == 0 || len(columns) == 0 {
		return failed("units: %d rows of values for %d units and %d steps", len(values), len(rows), len(columns))
	}
	m := matrix{rows: rows, columns: columns, signed: true}
	for i, row := range values {
		if len(row) != len(columns) {
			return failed("units: row %d has %d values for %d steps", i, len(row), len(columns))
		}
		top := 0.0
		for t, v := range row {
			if !finite(v) {
				return failed("units: value %d of row %d is %g", t, i, v)
			}
			top = max(top, math.Abs(v))
		}
		shares, texts := make([]float64, len(row)), make([]string, len(row))
		for t, v := range row {
			shares[t] = v / max(top, 1e-300)
		}
		m.shares, m.texts = append(m.shares, shares), append(m.texts, texts)
	}
	return m.picture("Units over a text (white 0, blue above, orange below)", "", "")
}
