package op

import (
	"fmt"
	"unsafe"

	"github.com/unroll-go/unroll/internal/kernel"
)

// The operations here work on those rows alone whose id lies in a range: for a cluster of rare classes, on the few rows
// of a batch that belong to it. Which rows these are is found anew in every run. The other rows count as zeros.

// Range is the ids from From up to To, without To.
type Range struct{ From, To int }

func (r Range) String() string { return fmt.Sprintf("within %d:%d", r.From, r.To) }

// list appends the places of the ids in the range, without one that is exempt.
func (r Range) list(places, ids []int, but Exempt) []int {
	for i, id := range ids {
		if id >= r.From && id < r.To && !but.is(id) {
			places = append(places, i)
		}
	}
	return places
}

// blockRows is how many rows are gathered and multiplied at a time.
const blockRows = 128

// block cuts a block of at most so many off a list of places.
func block(places []int, most int) (first, rest []int) {
	n := min(most, len(places))
	return places[:n], places[n:]
}

// gatherRows copies the rows of x at the places, cols elements each, and returns the copies.
func gatherRows[T kernel.Float](dst, x []T, places []int, cols int) []T {
	for i, at := range places {
		copy(dst[i*cols:(i+1)*cols], x[at*cols:])
	}
	return dst[:len(places)*cols]
}

// spreadRows copies rows back to the places that they came from.
func spreadRows[T kernel.Float](dst, rows []T, places []int, cols int) {
	for i, at := range places {
		copy(dst[at*cols:(at+1)*cols], rows[i*cols:])
	}
}

// rooms is memory that tasks of all programs work in while they run, as far as nobody is in it. Few are kept: a room is as
// large as a block of logits.
var rooms = make(chan []float64, 4)

// takeRoom returns room for n elements at least.
func takeRoom[T kernel.Float](n int) []float64 {
	n = (n*int(unsafe.Sizeof(T(0))) + 7) / 8
	select {
	case r := <-rooms:
		if len(r) >= n {
			return r
		}
	default:
	}
	return make([]float64, n)
}

func giveRoom(r []float64) {
	select {
	case rooms <- r:
	default:
	}
}

// carve cuts a room into pieces of the given numbers of elements.
func carve[T kernel.Float](r []float64, sizes ...int) [4][]T {
	var out [4][]T
	mem := kernel.ScratchOf[T](r)
	for i, n := range sizes {
		out[i], mem = mem[:n:n], mem[n:]
	}
	return out
}

// MatMulWithin is a product of the rows in a range: A·B or A·Bᵀ for the rows of A, 0 in the other rows of the result; or
// Aᵀ·B over the rows that A and B share. Operands: A, B, and the ids of the rows.
type MatMulWithin struct {
	Product MatMul
	Range   Range
}

func (o MatMulWithin) String() string { return o.Product.String() + " " + o.Range.String() }

func (o MatMulWithin) In(p kernel.Precision) Op {
	o.Product.Precision = p
	return o
}

func (o MatMulWithin) Bind(b *Binding) Task {
	return pick(b, bindMatMulWithin[float32](o), bindMatMulWithin[float64](o))
}

func bindMatMulWithin[T kernel.Float](o MatMulWithin) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x, y, ids := Vec[T](b.Out), Vec[T](b.In[0]), Vec[T](b.In[1]), b.In[2].IDs
		m, n, k := o.Product.Sizes(b.In[0].Shape, b.In[1].Shape)
		places := make([]int, 0, len(ids))
		most := min(blockRows, len(ids))
		if o.Product.TransA {
			return func() error {
				places = o.Range.list(places[:0], ids, NoID)
				r := takeRoom[T](most * (m + n))
				mem := carve[T](r, most*m, most*n)
				kernel.Fill(dst, 0)
				for at, rest := block(places, most); len(at) > 0; at, rest = block(rest, most) {
					a, c := gatherRows(mem[0], x, at, m), gatherRows(mem[1], y, at, n)
					multiply(o.Product.Precision, true, false, m, n, len(at), a, m, c, n, 1, dst, n, nil)
				}
				giveRoom(r)
				return nil
			}
		}
		ldy := LastDim(b.In[1].Shape)
		return func() error {
			places = o.Range.list(places[:0], ids, NoID)
			r := takeRoom[T](most * (k + n))
			mem := carve[T](r, most*k, most*n)
			kernel.Fill(dst, 0)
			for at, rest := block(places, most); len(at) > 0; at, rest = block(rest, most) {
				a := gatherRows(mem[0], x, at, k)
				multiply(o.Product.Precision, false, o.Product.TransB, len(at), n, k, a, k, y, ldy, 0, mem[1], n, nil)
				spreadRows(dst, mem[1], at, n)
			}
			giveRoom(r)
			return nil
		}
	}
}
