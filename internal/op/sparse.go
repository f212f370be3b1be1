package op

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// Touched lists the rows of a table's gradient that may not be zero. The zero value says that any may be.
type Touched struct {
	Known bool  // Rows has them all
	Rows  []int // each once
	seen  []bool
}

// Add adds a row of a table of so many.
func (t *Touched) Add(row, rows int) {
	if len(t.seen) < rows {
		t.seen = make([]bool, rows)
	}
	if !t.seen[row] {
		t.seen[row] = true
		t.Rows = append(t.Rows, row)
	}
}

// Reset says that no row is touched.
func (t *Touched) Reset() {
	for _, r := range t.Rows {
		t.seen[r] = false
	}
	t.Known, t.Rows = true, t.Rows[:0]
}

// Forget says that any row may be touched.
func (t *Touched) Forget() {
	t.Reset()
	t.Known = false
}

// Clear sets the touched rows of a gradient to zero.
func (t *Touched) Clear(g Operand) {
	clearRows(t, g.F32, g.Shape)
	clearRows(t, g.F64, g.Shape)
	t.Reset()
}

func clearRows[T kernel.Float](t *Touched, g []T, shape []int) {
	if !t.Known || g == nil {
		kernel.Fill(g, 0)
		return
	}
	cols := Size(shape[1:])
	for _, r := range t.Rows {
		kernel.Fill(g[r*cols:(r+1)*cols], 0)
	}
}

// Finite tells whether no number in the touched rows is NaN or infinite.
func (t *Touched) Finite(g Operand) bool {
	if !t.Known {
		return g.Finite()
	}
	cols := Size(g.Shape[1:])
	for _, r := range t.Rows {
		if g.F32 != nil && !kernel.AllFinite(g.F32[r*cols:(r+1)*cols]) || g.F64 != nil && !kernel.AllFinite(g.F64[r*cols:(r+1)*cols]) {
			return false
		}
	}
	return true
}

// ScatterTouched is a sum of ScatterRows into memory that keeps its rows from run to run: it clears those that the run before
// has touched, and adds the new ones. Operands: rows and ids of one ScatterRows after another. Its result is not for
// computing with, as nobody but it may write there.
type ScatterTouched struct {
	Touched *Touched
	Terms   []ScatterRows
}

func (o *ScatterTouched) String() string {
	return fmt.Sprintf("scatter-add rows of %d kept in place", len(o.Terms))
}

func (o *ScatterTouched) Bind(b *Binding) Task {
	return pick(b, bindScatterTouched[float32](o), bindScatterTouched[float64](o))
}

func bindScatterTouched[T kernel.Float](o *ScatterTouched) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, rows, cols := Vec[T](b.Out), b.Out.Shape[0], Size(b.Out.Shape[1:])
		out := b.Out
		places := make([][]int, len(o.Terms))
		for i := range o.Terms {
			places[i] = make([]int, len(b.In[2*i+1].IDs))
		}
		return func() error {
			o.Touched.Clear(out)
			for i, term := range o.Terms {
				for j, id := range b.In[2*i+1].IDs {
					at := term.row(id, rows)
					places[i][j] = at
					switch {
					case term.Pad.is(id):
					case at < 0 || at >= rows:
						return errors.Errorf("id %d at position %d; want %d to %d", id, j, term.first(rows), rows-1)
					default:
						o.Touched.Add(at, rows)
					}
				}
				kernel.ScatterAddRows(dst, Vec[T](b.In[2*i]), places[i], cols, int(term.Pad))
			}
			return nil
		}
	}
}
