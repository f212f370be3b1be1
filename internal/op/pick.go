package op

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// PickLast picks elements of the last axis by id, for every row.
type PickLast struct{ PadID }

// PadID is an id that stands for nothing, if there is one: it gives 0 and no gradient.
type PadID struct {
	ID    int
	Known bool
}

func (p PadID) is(id int) bool { return p.Known && id == p.ID }

func (PickLast) String() string { return "pick along the last axis" }

func (o PickLast) Bind(b *Binding) Task { return pick(b, bindAlong[float32](o), bindAlong[float64](o)) }

func bindAlong[T kernel.Float](o PickLast) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, ids := Vec[T](b.Out), Vec[T](b.In[0]), b.In[1].IDs
		size, n := LastDim(b.In[0].Shape), LastDim(b.Out.Shape)
		return func() error {
			if err := checkAlong(ids, n, size, o.PadID); err != nil {
				return err
			}
			for r := range len(dst) / n {
				row, at := x[r*size:(r+1)*size], r*n%len(ids)
				for j, id := range ids[at : at+n] {
					dst[r*n+j] = 0
					if !o.is(id) {
						dst[r*n+j] = row[id]
					}
				}
			}
			return nil
		}
	}
}

func checkAlong(ids []int, n, size int, pad PadID) error {
	for i, id := range ids {
		if !pad.is(id) && (id < 0 || id >= size) {
			return errors.Errorf("id %d at place %d of row %d; want 0 to %d", id, i%n, i/n, size-1)
		}
	}
	return nil
}

// ScatterLast adds the elements of each row into a row of zeros, at the places that the ids name.
type ScatterLast struct {
	Size int
	PadID
}

func (o ScatterLast) String() string {
	return fmt.Sprintf("scatter-add along a last axis of %d", o.Size)
}

func (o ScatterLast) Bind(b *Binding) Task {
	return pick(b, bindScatterAlong[float32](o, false), bindScatterAlong[float64](o, false))
}

func (o ScatterLast) BindAdd(b *Binding) Task {
	return pick(b, bindScatterAlong[float32](o, true), bindScatterAlong[float64](o, true))
}

func bindScatterAlong[T kernel.Float](o ScatterLast, onTop bool) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, ids := Vec[T](b.Out), Vec[T](b.In[0]), b.In[1].IDs
		size, n := LastDim(b.Out.Shape), LastDim(b.In[0].Shape)
		return func() error {
			if err := checkAlong(ids, n, size, o.PadID); err != nil {
				return err
			}
			if !onTop {
				kernel.Fill(dst, 0)
			}
			for r := range len(x) / n {
				row, at := dst[r*size:(r+1)*size], r*n%len(ids)
				for j, id := range ids[at : at+n] {
					if !o.is(id) {
						row[id] += x[r*n+j]
					}
				}
			}
			return nil
		}
	}
}

// OneHotMax is 1 at the first maximum of every row and 0 elsewhere.
type OneHotMax struct{}

func (OneHotMax) String() string { return "one-hot of the maximum" }

func (OneHotMax) Bind(b *Binding) Task {
	return pick(b, bindOneHotMax[float32], bindOneHotMax[float64])
}

func bindOneHotMax[T kernel.Float](b *Binding) Task {
	dst, x := Vec[T](b.Out), Vec[T](b.In[0])
	n := LastDim(b.Out.Shape)
	return func() error {
		kernel.Fill(dst, 0)
		for r := range len(dst) / n {
			dst[argmax(x, Max{N: n, Inner: 1}, r)] = 1
		}
		return nil
	}
}
