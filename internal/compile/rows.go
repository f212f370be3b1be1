package compile

import (
	"github.com/unroll-go/unroll/internal/op"
)

// operandKinds says how an element-wise value's operands lie against rows of its last dimension; ok is false if one
// of them does not fit in with such rows.
func operandKinds(v *Value) (kinds []op.RowKind, ok bool) {
	rows, cols := op.MatrixOf(v.Shape)
	kinds = make([]op.RowKind, len(v.In))
	for i, in := range v.In {
		switch l := op.PatternOf(v.Shape, in.Shape); {
		case in.size() == v.size():
			kinds[i] = op.WholeRows
		case is[op.Where](v) && i == 0:
			if in.size() != rows {
				return nil, false
			}
			kinds[i] = op.NumberRow
		case in.size() == 1:
			kinds[i] = op.ScalarRow
		case l.Kind == op.NoRows || l.Row != cols:
			return nil, false
		default:
			kinds[i] = l.Kind
		}
	}
	return kinds, true
}
