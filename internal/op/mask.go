package op

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// Where takes a where the mask is not 0 and b elsewhere. What is not taken is not looked at: a NaN there does no harm.
type Where struct{}

func (Where) String() string { return "where" }

func (Where) Bind(b *Binding) Task { return pick(b, bindWhere[float32], bindWhere[float64]) }

// bindWhere handles masks of the result's shape and masks with one number a row; a and b are whole or one number.
func bindWhere[T kernel.Float](b *Binding) Task {
	dst, mask := Vec[T](b.Out), Vec[T](b.In[0])
	per := len(dst) / len(mask) // elements that one number of the mask decides
	return func() error {
		for i, m := range mask {
			src := b.In[1]
			if m == 0 {
				src = b.In[2]
			}
			out, x := dst[i*per:(i+1)*per], Vec[T](src)
			if len(x) == 1 {
				kernel.Fill(out, x[0])
			} else {
				copy(out, x[i*per:])
			}
		}
		return nil
	}
}

// LengthMask turns lengths [B] into a mask [T, B]: 1 at the steps that belong to a sequence, 0 at padding.
type LengthMask struct{ Steps int }

func (o LengthMask) String() string { return fmt.Sprintf("length mask of %d steps", o.Steps) }

func (o LengthMask) Bind(b *Binding) Task {
	return pick(b, bindLengthMask[float32](o), bindLengthMask[float64](o))
}

func bindLengthMask[T kernel.Float](o LengthMask) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, lengths := Vec[T](b.Out), b.In[0].IDs
		return func() error {
			for i, n := range lengths {
				if n < 0 || n > o.Steps {
					return errors.Errorf("length %d of sequence %d; want 0 to %d", n, i, o.Steps)
				}
				for t := 0; t < o.Steps; t++ {
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

// IDMask is 0 where an id equals one value and 1 elsewhere.
type IDMask struct{ ID int }

func (o IDMask) String() string { return fmt.Sprintf("mask of ids other than %d", o.ID) }

func (o IDMask) Bind(b *Binding) Task { return pick(b, bindIDMask[float32](o), bindIDMask[float64](o)) }

func bindIDMask[T kernel.Float](o IDMask) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, ids := Vec[T](b.Out), b.In[0].IDs
		return func() error {
			for i, id := range ids {
				dst[i] = 1
				if id == o.ID {
					dst[i] = 0
				}
			}
			return nil
		}
	}
}

// RandomMask is 1/keep with probability keep and 0 otherwise, drawn anew at every run.
type RandomMask struct{ Keep float64 }

func (o RandomMask) String() string { return fmt.Sprintf("random mask keeping %g", o.Keep) }

func (o RandomMask) Bind(b *Binding) Task {
	return pick(b, bindRandomMask[float32](o), bindRandomMask[float64](o))
}

func bindRandomMask[T kernel.Float](o RandomMask) func(*Binding) Task {
	scale, limit := T(1/o.Keep), uint64(o.Keep*(1<<53))
	return func(b *Binding) Task {
		dst, seed, node := Vec[T](b.Out), b.Seed, uint64(b.Node)
		return func() error {
			key := Mix(*seed ^ Mix(node))
			for i := range dst {
				dst[i] = 0
				if Mix(key+uint64(i)*golden)>>11 < limit {
					dst[i] = scale
				}
			}
			return nil
		}
	}
}

// golden is 2⁶⁴ divided by the golden ratio: SplitMix64's increment (Steele, Lea and Flood, 2014).
const golden = 0x9e3779b97f4a7c15

// Mix is SplitMix64's output function. Element i of a random tensor depends on seed, node and i alone, so results
// do not depend on the order or the number of threads that computes them.
func Mix(z uint64) uint64 {
	z += golden
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
