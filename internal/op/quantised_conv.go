package op

import (
	"fmt"
	"sync"

	"github.com/unroll-go/unroll/internal/kernel"
)

// IntegerConv is a convolution of quantised x, In[0], with its zero point, In[1], which padding has; see Conv. With Bias, In[2]
// has whole numbers that are added, [Groups·To].
type IntegerConv struct {
	Window
	Batch, Groups, From, To int
	W                       *IntegerWeights
	Unsigned, Bias          bool // of x
}

func (o *IntegerConv) String() string {
	return "convolution of integers " + fmt.Sprintf("%d to %d channels, %v of %v", o.Groups*o.From, o.Groups*o.To, o.Out, o.In)
}

func (o *IntegerConv) conv() Conv {
	return Conv{Window: o.Window, Batch: o.Batch, Groups: o.Groups, From: o.From, To: o.To}
}

func (o *IntegerConv) Bind(b *Binding) Task {
	return pick(b, bindIntegerConv[float32](o), bindIntegerConv[float64](o))
}

// integerTile is how many numbers of 8 bits are unfolded before they are multiplied.
const integerTile = 1 << 17

// unfoldedIntegers is memory for what a tile reads. It belongs to no program, as unfolded.
type unfoldedIntegers struct {
	bytes   []int8
	columns kernel.Integers
}

var spareIntegers = sync.Pool{New: func() any { return new(unfoldedIntegers) }}

func bindIntegerConv[T kernel.Float](o *IntegerConv) func(*Binding) Task {
	return func(b *Binding) Task {
		x, zero, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.Out)
		c := o.conv()
		depth, places := c.depth(), c.Places()
		tile := max(128, integerTile/depth/128*128)
		tiles := (places + tile - 1) / tile
		bytes := make([]int8, len(x))
		right := []float64{0}
		var bias []float64
		padding := int8(0)
		part := func(i int) {
			at, g := i/tiles, i/tiles%o.Groups
			from, to := c.results(tile, i%tiles)
			image, ld := group(bytes, at, o.From, c.Elements()), places
			s := spareIntegers.Get().(*unfoldedIntegers)
			if c.plain() {
				image = image[from:]
			} else {
				if need := depth * (to - from); len(s.bytes) < need {
					s.bytes = make([]int8, need)
				}
				unfold(c.Window, s.bytes, to-from, image, o.From, from, to, padding)
				image, ld = s.bytes, to-from
			}
			s.columns.Pack(depth, to-from, image, ld, false)
			terms := kernel.IntegerTerms{Left: o.W.Shift, Right: right}
			if len(terms.Left) > 1 {
				terms.Left = terms.Left[g*o.To:][:o.To]
			}
			if o.Bias {
				terms.Rows = bias[g*o.To:][:o.To]
			}
			kernel.MultiplyIntegers(o.W.Rows[g], &s.columns, terms, group(dst, at, o.To, places)[from:], places)
			spareIntegers.Put(s)
		}
		n := o.Batch * o.Groups * tiles
		shared := kernel.Part(func(i int, _ []float64) { part(i) })
		return func() error {
			pack8(bytes, x, o.Unsigned)
			right[0] = shift(o.Unsigned, float64(zero[0]))
			padding = int8(-right[0])
			if o.Bias {
				bias = biasOf[T](bias, b.In[2])
			}
			if n < manyParts {
				for i := range n {
					part(i)
				}
				return nil
			}
			kernel.Share(n, shared)
			return nil
		}
	}
}
