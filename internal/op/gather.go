package op

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// GatherRows picks rows of a table by ids. The id Pad gets no gradient, and may lie outside the table. With FromEnd there
// is no Pad, and negative ids count from the table's end.
type GatherRows struct {
	Pad     Exempt
	FromEnd bool
}

// NoID is the public graph.NoID: no id.
const NoID = math.MinInt

// Exempt is such an id, or NoID.
type Exempt int

// is tells whether an id is the one; none is NoID.
func (e Exempt) is(id int) bool { return id == int(e) && e != NoID }

func (GatherRows) String() string { return "gather rows" }

func (o GatherRows) Bind(b *Binding) Task {
	return pick(b, bindGather[float32](o), bindGather[float64](o))
}

func bindGather[T kernel.Float](o GatherRows) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, table, ids := Vec[T](b.Out), Vec[T](b.In[0]), b.In[1].IDs
		rows, cols := b.In[0].Shape[0], Size(b.In[0].Shape[1:])
		copies := rowsTask(len(ids), cols, func(from, to int) {
			for i := from; i < to; i++ {
				out := dst[i*cols : (i+1)*cols]
				if id := o.row(ids[i], rows); id >= 0 && id < rows {
					copy(out, table[id*cols:])
				} else {
					kernel.Fill(out, 0) // the padding id
				}
			}
		})
		return func() error {
			for i, id := range ids {
				if at := o.row(id, rows); !o.Pad.is(id) && (at < 0 || at >= rows) {
					return errors.Errorf("id %d at position %d; want %d to %d", id, i, o.first(rows), rows-1)
				}
			}
			return copies()
		}
	}
}

// row is the place of an id in a table of so many rows.
func (o GatherRows) row(id, rows int) int {
	if o.FromEnd && id < 0 {
		return id + rows
	}
	return id
}

// first is the smallest id.
func (o GatherRows) first(rows int) int {
	if o.FromEnd {
		return -rows
	}
	return 0
}

// ScatterRows adds rows to a table of zeros at ids, in order, passing over the pad: gather's derivative. Other ids were
// checked by the gather.
type ScatterRows struct{ GatherRows }

func (ScatterRows) String() string { return "scatter-add rows" }

func (o ScatterRows) Bind(b *Binding) Task {
	return pick(b, bindScatter[float32](o, false), bindScatter[float64](o, false))
}

func (o ScatterRows) BindAdd(b *Binding) Task {
	return pick(b, bindScatter[float32](o, true), bindScatter[float64](o, true))
}

func bindScatter[T kernel.Float](o ScatterRows, onTop bool) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, ids := Vec[T](b.Out), Vec[T](b.In[0]), b.In[1].IDs
		rows, cols := b.Out.Shape[0], Size(b.Out.Shape[1:])
		at := ids
		if o.FromEnd {
			at = make([]int, len(ids))
		}
		zero := rowsTask(rows, cols, func(from, to int) { kernel.Fill(dst[from*cols:to*cols], 0) })
		return func() error {
			if !onTop {
				if err := zero(); err != nil {
					return err
				}
			}
			if o.FromEnd {
				for i, id := range ids {
					at[i] = o.row(id, rows)
				}
			}
			kernel.ScatterAddRows(dst, x, at, cols, int(o.Pad))
			return nil
		}
	}
}
