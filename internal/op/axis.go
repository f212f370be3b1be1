package op

import (
	"fmt"
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
)

// The operations here move blocks of memory along one axis. Each sees its tensor as [outer, n, inner].

// Slice takes rows start:end of the axis.
type Slice struct {
	Outer, N, Inner int
	Start, End      int
}

func (o Slice) String() string { return fmt.Sprintf("slice %d:%d of %d", o.Start, o.End, o.N) }

func (o Slice) Bind(b *Binding) Task { return pick(b, bindSlice[float32](o), bindSlice[float64](o)) }

func bindSlice[T kernel.Float](o Slice) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		block, stride, first := (o.End-o.Start)*o.Inner, o.N*o.Inner, o.Start*o.Inner
		return func() error {
			for i := 0; i < o.Outer; i++ {
				copy(dst[i*block:(i+1)*block], x[i*stride+first:])
			}
			return nil
		}
	}
}

// Pad is slice's derivative: its input at rows start:end, zeros around it. As a term of a gradient sum it touches
// those rows only, which keeps the gradient of T slices linear in T.
type Pad struct{ Slice }

func (o Pad) String() string { return fmt.Sprintf("pad %d:%d of %d", o.Start, o.End, o.N) }

func (o Pad) Bind(b *Binding) Task {
	return pick(b, bindPad[float32](o, false), bindPad[float64](o, false))
}

func (o Pad) BindAdd(b *Binding) Task {
	return pick(b, bindPad[float32](o, true), bindPad[float64](o, true))
}

func bindPad[T kernel.Float](o Pad, onTop bool) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, x := Vec[T](b.Out), Vec[T](b.In[0])
		block, stride, first := (o.End-o.Start)*o.Inner, o.N*o.Inner, o.Start*o.Inner
		return func() error {
			if !onTop {
				kernel.Fill(dst, 0)
			}
			for i := 0; i < o.Outer; i++ {
				at := i*stride + first
				kernel.AddTo(dst[at:at+block], x[i*block:(i+1)*block])
			}
			return nil
		}
	}
}

// Concat joins tensors along an axis.
type Concat struct {
	Outer, Inner int
	starts       []int // of the parts along the axis, and the end of the last
}

// NewConcat returns a concatenation of no parts.
func NewConcat(outer, inner int) *Concat {
	return &Concat{Outer: outer, Inner: inner, starts: []int{0}}
}

// Append adds a part of n rows of the axis.
func (o *Concat) Append(n int) { o.starts = append(o.starts, o.Total()+n) }

// Parts is their number.
func (o *Concat) Parts() int { return len(o.starts) - 1 }

// Start is where part i begins along the axis.
func (o *Concat) Start(i int) int { return o.starts[i] }

// Len is how many rows of the axis part i has.
func (o *Concat) Len(i int) int { return o.starts[i+1] - o.starts[i] }

// Total is the length of the result along the axis.
func (o *Concat) Total() int { return o.starts[o.Parts()] }

// Part finds the part that covers elements from to end of each block exactly.
func (o *Concat) Part(from, end int) (int, bool) {
	if from%o.Inner != 0 || end%o.Inner != 0 {
		return 0, false
	}
	i, ok := slices.BinarySearch(o.starts, from/o.Inner)
	return i, ok && i < o.Parts() && o.starts[i+1] == end/o.Inner
}

func (o *Concat) String() string { return fmt.Sprintf("concat of %d", o.Parts()) }

func (o *Concat) Bind(b *Binding) Task {
	return pick(b, bindConcat[float32](o), bindConcat[float64](o))
}

func bindConcat[T kernel.Float](o *Concat) func(*Binding) Task {
	return func(b *Binding) Task {
		dst := Vec[T](b.Out)
		parts := make([][]T, len(b.In))
		for i, in := range b.In {
			parts[i] = Vec[T](in)
		}
		return func() error {
			at := 0
			for r := 0; r < o.Outer; r++ {
				for i, x := range parts {
					block := o.Len(i) * o.Inner
					copy(dst[at:at+block], x[r*block:])
					at += block
				}
			}
			return nil
		}
	}
}
