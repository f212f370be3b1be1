package op

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// The operations here compute with whole numbers, and go from floats to them and back.

// ComputeIDs is ids that a function of Go gives for others. It is a pointer, as functions cannot be compared.
type ComputeIDs struct {
	What string
	F    func(dst []int, ids [][]int) error
}

func (o *ComputeIDs) String() string { return o.What }

func (o *ComputeIDs) Bind(b *Binding) Task {
	ids := make([][]int, len(b.In))
	for i, in := range b.In {
		ids[i] = in.IDs
	}
	return func() error { return o.F(b.Out.IDs, ids) }
}

// ToIDs cuts the fractions of floats off.
type ToIDs struct{}

func (ToIDs) String() string { return "to ids" }

func (ToIDs) Bind(b *Binding) Task { return pick(b, bindToIDs[float32], bindToIDs[float64]) }

func bindToIDs[T kernel.Float](b *Binding) Task {
	dst, x := b.Out.IDs, Vec[T](b.In[0])
	return func() error {
		for i, v := range x {
			if f := float64(v); !(math.Abs(f) < -float64(math.MinInt)) { // what does not fit has no meaning that all machines share
				return errors.Errorf("number %d is %g, which is too large for a whole number", i, f)
			}
			dst[i] = int(v)
		}
		return nil
	}
}

// FromIDs is ids as floats.
type FromIDs struct{}

func (FromIDs) String() string { return "from ids" }

func (FromIDs) Bind(b *Binding) Task { return pick(b, bindFromIDs[float32], bindFromIDs[float64]) }

func bindFromIDs[T kernel.Float](b *Binding) Task {
	dst, ids := Vec[T](b.Out), b.In[0].IDs
	return func() error {
		for i, id := range ids {
			dst[i] = T(id)
		}
		return nil
	}
}

// TopK is the places of the K largest of every row, the largest first. Equal ones stay in order; a NaN counts as the largest.
type TopK struct{ K int }

func (TopK) String() string { return "top k" }

func (o TopK) Bind(b *Binding) Task { return pick(b, bindTopK[float32](o), bindTopK[float64](o)) }

func bindTopK[T kernel.Float](o TopK) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := b.Out.IDs, Vec[T](b.In[0])
		n := LastDim(b.In[0].Shape)
		rows := len(dst) / o.K
		return rowsTask(rows, n, func(from, to int) {
			places := make([]int, n)
			for r := from; r < to; r++ {
				row := x[r*n : (r+1)*n]
				for i := range places {
					places[i] = i
				}
				slices.SortStableFunc(places, func(a, b int) int { return falling(row[a], row[b]) })
				copy(dst[r*o.K:(r+1)*o.K], places)
			}
		})
	}
}

// falling orders a before b if it is larger; a NaN is larger than any number.
func falling[T kernel.Float](a, b T) int {
	if a != a || b != b {
		return cmp.Compare(truth[T](b != b), truth[T](a != a))
	}
	return cmp.Compare(b, a)
}
