package graph

import (
	"fmt"
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
)

// The operations here move blocks of memory along one axis. Each sees its tensor as [outer, n, inner].

// slice takes rows start:end of the axis.
type slice struct {
	outer, n, inner int
	start, end      int
}

func (o slice) String() string { return fmt.Sprintf("slice %d:%d of %d", o.start, o.end, o.n) }

func (o slice) bind(b *binding) task { return pick(b, bindSlice[float32](o), bindSlice[float64](o)) }

func bindSlice[T kernel.Float](o slice) func(*binding) task {
	return func(b *binding) task {
		dst, x := vec[T](b.out), vec[T](b.in[0])
		block, stride, first := (o.end-o.start)*o.inner, o.n*o.inner, o.start*o.inner
		return func() error {
			for i := 0; i < o.outer; i++ {
				copy(dst[i*block:(i+1)*block], x[i*stride+first:])
			}
			return nil
		}
	}
}

// pad is slice's derivative: its input at rows start:end, zeros around it. As a term of a gradient sum it touches
// those rows only, which keeps the gradient of T slices linear in T.
type pad struct{ slice }

func (o pad) String() string { return fmt.Sprintf("pad %d:%d of %d", o.start, o.end, o.n) }

func (o pad) bind(b *binding) task {
	return pick(b, bindPad[float32](o, false), bindPad[float64](o, false))
}
func (o pad) bindAdd(b *binding) task {
	return pick(b, bindPad[float32](o, true), bindPad[float64](o, true))
}

func bindPad[T kernel.Float](o pad, onTop bool) func(*binding) task {
	return func(b *binding) task {
		dst, x := vec[T](b.out), vec[T](b.in[0])
		block, stride, first := (o.end-o.start)*o.inner, o.n*o.inner, o.start*o.inner
		return func() error {
			if !onTop {
				kernel.Fill(dst, 0)
			}
			for i := 0; i < o.outer; i++ {
				at := i*stride + first
				kernel.AddTo(dst[at:at+block], x[i*block:(i+1)*block])
			}
			return nil
		}
	}
}

// Slice takes start:end of one axis; negative axes count from the end.
func (g *Graph) Slice(x Node, axis, start, end int) Node {
	axis, ok := g.axis("Slice", x, axis)
	if !ok {
		return Node{}
	}
	outer, n, inner := split(x.shape(), axis)
	if start < 0 || end > n || start >= end {
		return g.failf("Slice", "rows %d:%d of axis %d, which has %d (shape %v)", start, end, axis, n, x.shape())
	}
	shape := cloneInts(x.shape())
	shape[axis] = end - start
	return g.apply(slice{outer: outer, n: n, inner: inner, start: start, end: end}, shape, x)
}

// Split cuts an axis into k equal parts: the gates of [B, 4H], say.
func (g *Graph) Split(x Node, axis, k int) []Node {
	axis, ok := g.axis("Split", x, axis)
	if !ok {
		return invalid(k)
	}
	n := x.shape()[axis]
	if k < 1 || n%k != 0 {
		g.failf("Split", "axis %d of shape %v does not split in %d equal parts", axis, x.shape(), k)
		return invalid(k)
	}
	out := make([]Node, k)
	for i := range out {
		out[i] = g.Slice(x, axis, i*n/k, (i+1)*n/k)
	}
	return out
}

// invalid is k invalid nodes, so that whoever takes a split apart finds its parts; but no more than anybody writes down.
func invalid(k int) []Node { return make([]Node, max(0, min(k, 1<<10))) }

// Unstack takes a tensor apart along its first axis: [T, B, F] to T nodes [B, F]. It costs nothing when run.
func (g *Graph) Unstack(x Node) []Node {
	if _, ok := g.axis("Unstack", x, 0); !ok {
		return invalid(x.Dim(0))
	}
	_, n, inner := split(x.shape(), 0)
	out := make([]Node, n)
	for i := range out {
		out[i] = g.apply(slice{outer: 1, n: n, inner: inner, start: i, end: i + 1}, cloneInts(x.shape()[1:]), x)
	}
	return out
}

// concat joins tensors along an axis; sizes are their lengths there.
type concat struct {
	outer, inner int
	sizes        []int
	starts       []int // running sums of sizes, made when needed
}

// total is the length of the result along the axis.
func (o *concat) total() int {
	if o.starts == nil {
		o.starts = make([]int, len(o.sizes)+1)
		for i, n := range o.sizes {
			o.starts[i+1] = o.starts[i] + n
		}
	}
	return o.starts[len(o.sizes)]
}

// part finds the part that covers elements from to end of each block exactly.
func (o *concat) part(from, end int) (int, bool) {
	o.total()
	if from%o.inner != 0 || end%o.inner != 0 {
		return 0, false
	}
	i, ok := slices.BinarySearch(o.starts, from/o.inner)
	return i, ok && i < len(o.sizes) && o.starts[i+1] == end/o.inner
}

func (o *concat) String() string { return fmt.Sprintf("concat of %d", len(o.sizes)) }

func (o *concat) bind(b *binding) task {
	return pick(b, bindConcat[float32](o), bindConcat[float64](o))
}

func bindConcat[T kernel.Float](o *concat) func(*binding) task {
	return func(b *binding) task {
		dst := vec[T](b.out)
		parts := make([][]T, len(b.in))
		for i, in := range b.in {
			parts[i] = vec[T](in)
		}
		return func() error {
			at := 0
			for r := 0; r < o.outer; r++ {
				for i, x := range parts {
					block := o.sizes[i] * o.inner
					copy(dst[at:at+block], x[r*block:])
					at += block
				}
			}
			return nil
		}
	}
}

// Concat joins tensors along an axis; the other dimensions must agree.
func (g *Graph) Concat(axis int, parts ...Node) Node {
	if len(parts) == 0 {
		return g.failf("Concat", "no parts")
	}
	axis, ok := g.axis("Concat", parts[0], axis)
	if !ok || !g.floats("Concat", parts...) {
		return Node{}
	}
	shape := cloneInts(parts[0].shape())
	shape[axis] = 0
	o := &concat{outer: sizeOf(shape[:axis]), inner: sizeOf(shape[axis+1:])}
	for _, p := range parts {
		s := cloneInts(p.shape())
		if len(s) == len(shape) {
			o.sizes = append(o.sizes, s[axis])
			s[axis] = shape[axis]
		}
		if !slices.Equal(s, shape) {
			return g.failf("Concat", "parts %v and %v differ outside axis %d", parts[0].shape(), p.shape(), axis)
		}
		shape[axis] += o.sizes[len(o.sizes)-1]
		if !g.validShape("Concat", shape) { // before the sum can overflow
			return Node{}
		}
	}
	return g.apply(o, shape, parts...)
}

// Stack joins tensors of one shape along a new first axis: T nodes [B, F] to [T, B, F].
func (g *Graph) Stack(parts ...Node) Node {
	if len(parts) == 0 {
		return g.failf("Stack", "no parts")
	}
	if !g.floats("Stack", parts...) {
		return Node{}
	}
	o := &concat{outer: 1, inner: parts[0].size()}
	for _, p := range parts {
		if !slices.Equal(p.shape(), parts[0].shape()) {
			return g.failf("Stack", "parts have shapes %v and %v", parts[0].shape(), p.shape())
		}
		o.sizes = append(o.sizes, 1)
	}
	return g.apply(o, append([]int{len(parts)}, parts[0].shape()...), parts...)
}

// axis resolves and checks an axis of a float tensor.
func (g *Graph) axis(op string, x Node, axis int) (int, bool) {
	if !g.floats(op, x) {
		return 0, false
	}
	resolved := axis
	if axis < 0 {
		resolved += x.Rank()
	}
	if resolved < 0 || resolved >= x.Rank() {
		g.failf(op, "axis %d of a tensor with shape %v", axis, x.shape())
		return 0, false
	}
	return resolved, true
}

func init() {
	differentiate(func(o slice, d derivation) []Node {
		return []Node{d.g.apply(pad{slice: o}, cloneInts(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o pad, d derivation) []Node {
		return []Node{d.g.apply(o.slice, cloneInts(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o *concat, d derivation) []Node {
		n := 0
		for _, s := range o.sizes {
			n += s
		}
		out := make([]Node, len(d.in))
		start := 0
		for i, s := range o.sizes {
			cut := slice{outer: o.outer, n: n, inner: o.inner, start: start, end: start + s}
			out[i] = d.g.apply(cut, cloneInts(d.in[i].shape()), d.grad)
			start += s
		}
		return out
	})
}
