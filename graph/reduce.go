package graph

import (
	"fmt"
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
)

// sum adds up the middle of [outer, n, inner].
type sum struct {
	outer, n, inner int
}

func (o sum) String() string { return fmt.Sprintf("sum of %d", o.n) }

func (o sum) bind(b *binding) task {
	return pick(b, bindReduce[float32](o, false), bindReduce[float64](o, false))
}
func (o sum) bindAdd(b *binding) task {
	return pick(b, bindReduce[float32](o, true), bindReduce[float64](o, true))
}

func bindReduce[T kernel.Float](o sum, onTop bool) func(*binding) task {
	return func(b *binding) task {
		dst, x := vec[T](b.out), vec[T](b.in[0])
		if o.inner == 1 {
			return rowsTask(o.outer, o.n, func(from, to int) {
				for i := from; i < to; i++ {
					total := kernel.Sum(x[i*o.n : (i+1)*o.n])
					if onTop {
						total += dst[i]
					}
					dst[i] = total
				}
			})
		}
		// Columns are added up in strips, each by one goroutine from the first row to the last.
		const strip = 1024
		across := (o.inner + strip - 1) / strip
		return rowsTask(o.outer*across, o.n*min(strip, o.inner), func(from, to int) {
			for s := from; s < to; s++ {
				i, c := s/across, s%across*strip
				out := dst[i*o.inner+c : i*o.inner+min(c+strip, o.inner)]
				if !onTop {
					kernel.Fill(out, 0)
				}
				kernel.AddRowsOf(out, x[i*o.n*o.inner+c:], o.n, len(out), o.inner)
			}
		})
	}
}

// expand repeats [outer, inner] n times in the middle: sum's derivative.
type expand struct {
	outer, n, inner int
}

func (o expand) String() string { return fmt.Sprintf("expand %d times", o.n) }

func (o expand) bind(b *binding) task { return pick(b, bindExpand[float32](o), bindExpand[float64](o)) }

func bindExpand[T kernel.Float](o expand) func(*binding) task {
	return func(b *binding) task {
		dst, x := vec[T](b.out), vec[T](b.in[0])
		return func() error {
			if o.inner == 1 {
				for i, v := range x {
					kernel.Fill(dst[i*o.n:(i+1)*o.n], v)
				}
				return nil
			}
			for r := 0; r < o.outer*o.n; r++ {
				from := r / o.n * o.inner
				copy(dst[r*o.inner:(r+1)*o.inner], x[from:from+o.inner])
			}
			return nil
		}
	}
}

// Sum adds up all elements, giving a scalar.
func (g *Graph) Sum(x Node) Node {
	if !g.floats("Sum", x) {
		return Node{}
	}
	return g.apply(sum{outer: 1, n: x.size(), inner: 1}, []int{}, x)
}

// Mean is the mean of all elements, a scalar.
func (g *Graph) Mean(x Node) Node { return g.MulScalar(g.Sum(x), 1/float64(max(x.size(), 1))) }

// SumAxis adds up along one axis, which disappears.
func (g *Graph) SumAxis(x Node, axis int) Node {
	axis, ok := g.axis("SumAxis", x, axis)
	if !ok {
		return Node{}
	}
	outer, n, inner := split(x.shape(), axis)
	return g.apply(sum{outer: outer, n: n, inner: inner}, without(x.shape(), axis), x)
}

// MeanAxis is the mean along one axis, which disappears.
func (g *Graph) MeanAxis(x Node, axis int) Node {
	resolved, ok := g.axis("MeanAxis", x, axis)
	if !ok {
		return Node{}
	}
	return g.MulScalar(g.SumAxis(x, axis), 1/float64(x.Dim(resolved)))
}

// without returns shape less one dimension.
func without(shape []int, axis int) []int {
	return append(cloneInts(shape[:axis]), shape[axis+1:]...)
}

// SumTo adds up the dimensions along which a tensor of the given shape would broadcast to x: the gradient of a
// broadcast.
func (g *Graph) SumTo(x Node, shape ...int) Node {
	if !g.floats("SumTo", x) {
		return Node{}
	}
	if slices.Equal(x.shape(), shape) {
		return x
	}
	joint, ok := jointShape(x.shape(), shape)
	if !ok || !slices.Equal(joint, x.shape()) {
		return g.failf("SumTo", "%v does not broadcast to %v", shape, x.shape())
	}
	switch l := layoutOf(x.shape(), shape); l.kind {
	case wholeRows:
		return g.Reshape(x, shape...)
	case scalarRow:
		return g.apply(sum{outer: 1, n: x.size(), inner: 1}, cloneInts(shape), x)
	case sameRow:
		return g.apply(sum{outer: 1, n: x.size() / l.row, inner: l.row}, cloneInts(shape), x)
	case numberRow:
		return g.apply(sum{outer: x.size() / l.row, n: l.row, inner: 1}, cloneInts(shape), x)
	}
	for x.Rank() > len(shape) {
		x = g.SumAxis(x, 0)
	}
	for i, d := range shape {
		if d == 1 && x.Dim(i) > 1 {
			keep := cloneInts(x.shape())
			keep[i] = 1
			x = g.Reshape(g.SumAxis(x, i), keep...)
		}
	}
	return x
}

// BroadcastTo repeats x until it has the given shape, by NumPy's rule.
func (g *Graph) BroadcastTo(x Node, shape ...int) Node {
	if !g.floats("BroadcastTo", x) || !g.validShape("BroadcastTo", shape) {
		return Node{}
	}
	joint, ok := jointShape(x.shape(), shape)
	if !ok || !slices.Equal(joint, shape) {
		return g.failf("BroadcastTo", "%v does not broadcast to %v", x.shape(), shape)
	}
	full := make([]int, len(shape))
	for i := range full {
		full[i] = 1
	}
	copy(full[len(shape)-x.Rank():], x.shape())
	x = g.Reshape(x, full...)
	for i, d := range shape {
		if full[i] != d {
			full[i] = d
			outer, n, inner := split(full, i)
			x = g.apply(expand{outer: outer, n: n, inner: inner}, cloneInts(full), x)
		}
	}
	return x
}

// maximum is the largest element along the middle of [outer, n, inner].
type maximum struct {
	outer, n, inner int
}

func (o maximum) String() string { return fmt.Sprintf("max of %d", o.n) }

func (o maximum) bind(b *binding) task { return pick(b, bindMax[float32](o), bindMax[float64](o)) }

func bindMax[T kernel.Float](o maximum) func(*binding) task {
	return func(b *binding) task {
		dst, x := vec[T](b.out), vec[T](b.in[0])
		return func() error {
			for i := range dst {
				dst[i] = x[argmax(x, o, i)]
			}
			return nil
		}
	}
}

// argmax returns the place in x of the first maximum that belongs to result i; a NaN counts as the largest.
func argmax[T kernel.Float](x []T, o maximum, i int) int {
	at := i/o.inner*o.n*o.inner + i%o.inner
	best := at
	for j := 1; j < o.n; j++ {
		at += o.inner
		if v := x[at]; v > x[best] || v != v {
			best = at
		}
		if x[best] != x[best] {
			break
		}
	}
	return best
}

// maxGrad gives the gradient to the first maximum of each group.
type maxGrad struct{ maximum }

func (o maxGrad) String() string { return fmt.Sprintf("max' of %d", o.n) }

func (o maxGrad) bind(b *binding) task {
	return pick(b, bindMaxGrad[float32](o), bindMaxGrad[float64](o))
}

func bindMaxGrad[T kernel.Float](o maxGrad) func(*binding) task {
	return func(b *binding) task {
		dst, x, dy := vec[T](b.out), vec[T](b.in[0]), vec[T](b.in[1])
		return func() error {
			kernel.Fill(dst, 0)
			for i, v := range dy {
				dst[argmax(x, o.maximum, i)] = v
			}
			return nil
		}
	}
}

// Max is the largest element along one axis, which disappears. Among equal maxima the first gets the gradient.
func (g *Graph) Max(x Node, axis int) Node {
	axis, ok := g.axis("Max", x, axis)
	if !ok {
		return Node{}
	}
	outer, n, inner := split(x.shape(), axis)
	return g.apply(maximum{outer: outer, n: n, inner: inner}, without(x.shape(), axis), x)
}

func init() {
	differentiate(func(o sum, d derivation) []Node {
		return []Node{d.g.apply(expand{outer: o.outer, n: o.n, inner: o.inner}, cloneInts(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o expand, d derivation) []Node {
		return []Node{d.g.apply(sum{outer: o.outer, n: o.n, inner: o.inner}, cloneInts(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o maximum, d derivation) []Node {
		return []Node{d.g.apply(maxGrad{maximum: o}, cloneInts(d.in[0].shape()), d.in[0], d.grad)}
	})
	differentiate(func(o maxGrad, d derivation) []Node {
		d.g.failf("Max", "it has no second derivative")
		return []Node{{}, {}}
	}, 1)
}
