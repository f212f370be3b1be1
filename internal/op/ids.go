package op

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// The operations here give ids, for others to look up or to compare.

// ClusterIDs maps classes to the classes of a head whose last ones stand for clusters of rare classes: those below the
// first cutoff stay, and those from cutoff i up to cutoff i+1 become the first cutoff plus i. The last cutoff is the
// number of classes. It is a pointer, as slices cannot be compared.
type ClusterIDs struct {
	Cutoffs []int
	Ignore  Exempt // stays as it is
}

func (o *ClusterIDs) String() string { return fmt.Sprintf("clusters %v of ids", o.Cutoffs) }

func (o *ClusterIDs) Bind(b *Binding) Task {
	dst, ids := b.Out.IDs, b.In[0].IDs
	classes := o.Cutoffs[len(o.Cutoffs)-1]
	return func() error {
		for i, id := range ids {
			switch {
			case o.Ignore.is(id):
				dst[i] = id
			case id < 0 || id >= classes:
				return errors.Errorf("target %d at position %d; want 0 to %d", id, i, classes-1)
			case id < o.Cutoffs[0]:
				dst[i] = id
			default:
				at, exact := slices.BinarySearch(o.Cutoffs, id)
				if exact {
					at++
				}
				dst[i] = o.Cutoffs[0] + at - 1
			}
		}
		return nil
	}
}

// ArgMax is the place of the first maximum of every row; a NaN counts as the largest.
type ArgMax struct{}

func (ArgMax) String() string { return "argmax" }

func (ArgMax) Bind(b *Binding) Task { return pick(b, bindArgMax[float32], bindArgMax[float64]) }

func bindArgMax[T kernel.Float](b *Binding) Task {
	dst, x := b.Out.IDs, Vec[T](b.In[0])
	n := LastDim(b.In[0].Shape)
	return rowsTask(len(dst), n, func(from, to int) {
		for r := from; r < to; r++ {
			dst[r] = argmax(x, Max{N: n, Inner: 1}, r) - r*n
		}
	})
}

// SameIDs is 1 where an id of the first operand, [...], equals one of the second, [S], and 0 elsewhere, [..., S].
type SameIDs struct{}

func (SameIDs) String() string { return "same ids" }

func (SameIDs) Bind(b *Binding) Task { return pick(b, bindSameIDs[float32], bindSameIDs[float64]) }

func bindSameIDs[T kernel.Float](b *Binding) Task {
	dst, ids, others := Vec[T](b.Out), b.In[0].IDs, b.In[1].IDs
	return rowsTask(len(ids), len(others), func(from, to int) {
		for i := from; i < to; i++ {
			row := dst[i*len(others):][:len(others)]
			for j, id := range others {
				row[j] = 0
				if id == ids[i] {
					row[j] = 1
				}
			}
		}
	})
}
