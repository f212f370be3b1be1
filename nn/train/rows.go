package train

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// rowUnion collects the rows of a table's gradient that may not be zero (graph.Param.GradRows) over several batches: a lazy
// optimiser updates them alone, and must find the same ones however a step is cut up.
type rowUnion struct {
	rows []int
	all  bool // nothing is known of one of the batches
}

func (u *rowUnion) add(q *graph.Param) {
	rows, known := q.GradRows()
	u.all = u.all || !known
	u.rows = append(u.rows, rows...)
}

// take says of a sum of gradients what rows it has.
func (u *rowUnion) take(q *graph.Param) error {
	if u.all {
		return q.SetGradRows(nil)
	}
	slices.Sort(u.rows)
	return q.SetGradRows(append([]int{}, slices.Compact(u.rows)...)) // no rows are not nil, which would be all
}
