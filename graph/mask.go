package graph

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// where takes a where the mask is not 0 and b elsewhere. What is not taken is not looked at: a NaN there does no harm.
type where struct{}

func (where) String() string { return "where" }

func (where) bind(b *binding) task { return pick(b, bindWhere[float32], bindWhere[float64]) }

// bindWhere handles masks of the result's shape and masks with one number a row; a and b are whole or one number.
func bindWhere[T kernel.Float](b *binding) task {
	dst, mask := vec[T](b.out), vec[T](b.in[0])
	per := len(dst) / len(mask) // elements that one number of the mask decides
	return func() error {
		for i, m := range mask {
			src := b.in[1]
			if m == 0 {
				src = b.in[2]
			}
			out, x := dst[i*per:(i+1)*per], vec[T](src)
			if len(x) == 1 {
				kernel.Fill(out, x[0])
			} else {
				copy(out, x[i*per:])
			}
		}
		return nil
	}
}

// Where takes a where the mask is not 0 and b where it is. The mask has the result's shape or its leading dimensions:
// a mask [B] decides whole rows of [B, F]. a and b have one shape, or one of them is a scalar.
func (g *Graph) Where(mask, a, b Node) Node {
	if !g.floats("Where", mask, a, b) {
		return Node{}
	}
	shape := a.shape()
	if b.Rank() > 0 {
		shape = b.shape()
	}
	for _, n := range []Node{a, b} {
		if n.Rank() > 0 && !slices.Equal(n.shape(), shape) {
			return g.failf("Where", "branches have shapes %v and %v", a.shape(), b.shape())
		}
	}
	m := mask.shape()
	for len(m) > 0 && m[len(m)-1] == 1 && len(m) >= len(shape) && !slices.Equal(m, shape) {
		m = m[:len(m)-1] // [B, 1] counts as [B]
	}
	if len(m) > len(shape) || !slices.Equal(m, shape[:len(m)]) {
		return g.failf("Where", "mask %v; want %v or its leading dimensions", mask.shape(), shape)
	}
	if a.Rank() == 0 && b.Rank() == 0 && mask.Rank() > 0 {
		return g.Where(mask, g.BroadcastTo(a, mask.shape()...), b)
	}
	return g.apply(where{}, cloneInts(shape), mask, a, b)
}

// lengthMask turns lengths [B] into a mask [T, B]: 1 at the steps that belong to a sequence, 0 at padding.
type lengthMask struct{ steps int }

func (o lengthMask) String() string { return fmt.Sprintf("length mask of %d steps", o.steps) }

func (o lengthMask) bind(b *binding) task {
	return pick(b, bindLengthMask[float32](o), bindLengthMask[float64](o))
}

func bindLengthMask[T kernel.Float](o lengthMask) func(*binding) task {
	return func(b *binding) task {
		dst, lengths := vec[T](b.out), b.in[0].ids
		return func() error {
			for i, n := range lengths {
				if n < 0 || n > o.steps {
					return errors.Errorf("length %d of sequence %d; want 0 to %d", n, i, o.steps)
				}
				for t := 0; t < o.steps; t++ {
					dst[t*len(lengths)+i] = 0
					if t < n {
						dst[t*len(lengths)+i] = 1
					}
				}
			}
			return nil
		}
	}
}

// LengthMask turns lengths [B] into a mask [T, B] that is 1 where t < length and 0 at padding. Lengths from 0 to
// steps are legal; others are an error when the program runs.
func (g *Graph) LengthMask(lengths Node, steps int) Node {
	if !g.ids("LengthMask", lengths) {
		return Node{}
	}
	if lengths.Rank() != 1 || steps < 1 {
		return g.failf("LengthMask", "want lengths [B] and at least one step, found %v and %d", lengths.shape(), steps)
	}
	return g.apply(lengthMask{steps: steps}, []int{steps, lengths.Dim(0)}, lengths)
}

// idMask is 0 where an id equals one value and 1 elsewhere.
type idMask struct{ id int }

func (o idMask) String() string { return fmt.Sprintf("mask of ids other than %d", o.id) }

func (o idMask) bind(b *binding) task { return pick(b, bindIDMask[float32](o), bindIDMask[float64](o)) }

func bindIDMask[T kernel.Float](o idMask) func(*binding) task {
	return func(b *binding) task {
		dst, ids := vec[T](b.out), b.in[0].ids
		return func() error {
			for i, id := range ids {
				dst[i] = 1
				if id == o.id {
					dst[i] = 0
				}
			}
			return nil
		}
	}
}

// IDMask is 0 where ids equal id (a padding token, say) and 1 elsewhere, of the ids' shape.
func (g *Graph) IDMask(ids Node, id int) Node {
	if !g.ids("IDMask", ids) {
		return Node{}
	}
	return g.apply(idMask{id: id}, cloneInts(ids.shape()), ids)
}

// randomMask is 1/keep with probability keep and 0 otherwise, drawn anew at every run.
type randomMask struct{ keep float64 }

func (o randomMask) String() string { return fmt.Sprintf("random mask keeping %g", o.keep) }

func (o randomMask) bind(b *binding) task {
	return pick(b, bindRandomMask[float32](o), bindRandomMask[float64](o))
}

func bindRandomMask[T kernel.Float](o randomMask) func(*binding) task {
	scale, limit := T(1/o.keep), uint64(o.keep*(1<<53))
	return func(b *binding) task {
		dst, seed, node := vec[T](b.out), b.seed, uint64(b.node)
		return func() error {
			key := mix(*seed ^ mix(node))
			for i := range dst {
				dst[i] = 0
				if mix(key+uint64(i)*golden)>>11 < limit {
					dst[i] = scale
				}
			}
			return nil
		}
	}
}

// golden is 2⁶⁴ divided by the golden ratio: SplitMix64's increment (Steele, Lea and Flood, 2014).
const golden = 0x9e3779b97f4a7c15

// mix is SplitMix64's output function. Element i of a random tensor depends on seed, node and i alone, so results
// do not depend on the order or the number of threads that computes them.
func mix(z uint64) uint64 {
	z += golden
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// RandomMask is a tensor whose elements are 1/keep with probability keep, and 0 otherwise: multiplied onto a tensor,
// it drops elements and keeps the expectation (inverted dropout). It is drawn from the run's seed, see Program.Seed.
func (g *Graph) RandomMask(keep float64, shape ...int) Node {
	if !g.validShape("RandomMask", shape) {
		return Node{}
	}
	if !(keep > 0 && keep <= 1) {
		return g.failf("RandomMask", "keep %g; want above 0 and at most 1", keep)
	}
	return g.apply(randomMask{keep: keep}, cloneInts(shape))
}

func init() {
	differentiate(func(_ where, d derivation) []Node {
		mask, zero := d.in[0], d.g.Full(0)
		da := d.g.SumTo(d.g.Where(mask, d.grad, zero), d.in[1].shape()...)
		db := d.g.SumTo(d.g.Where(mask, zero, d.grad), d.in[2].shape()...)
		return []Node{{}, da, db}
	}, 1, 2)
	constant[lengthMask]()
	constant[idMask]()
	constant[randomMask]()
}
