package op

import (
	"fmt"
	"sync"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Conv is a convolution: x [N, Groups·From, In] with weights [Groups·To, From, Kernel] and, if there is one, a bias
// [Groups·To] gives [N, Groups·To, Out]. Channels of a group see those of their group alone. The places that its results
// read are unfolded, some hundred results at a time, and multiplied by the weights.
//
// Its derivatives with respect to x and to the weights are ConvInput and ConvWeight, and each of the three is made of the
// other two when it is differentiated.
type Conv struct {
	Window
	Batch, Groups, From, To int

	Precision kernel.Precision // of float32; set by the compiler
}

func (o Conv) String() string { return "convolution " + o.sizes() }

// In is Conv in a precision.
func (o Conv) In(p kernel.Precision) Op {
	o.Precision = p
	return o
}

func (o Conv) sizes() string {
	return fmt.Sprintf("%d to %d channels, %v of %v", o.Groups*o.From, o.Groups*o.To, o.Window.Out, o.Window.In) + inPrecision(o.Precision)
}

// depth is the length of the sums: what a result reads of its group.
func (o Conv) depth() int { return o.From * o.Taps() }

// plain tells whether every result reads its own place alone, so that there is nothing to unfold.
func (o Conv) plain() bool {
	return o.Taps() == 1 && o.Window.In == o.Window.Out && o.Before == [3]int{}
}

// unfoldedAtOnce is how many numbers are unfolded before they are multiplied: they stay in the second-level cache.
const unfoldedAtOnce = 1 << 16

// tile is how many results are unfolded at once, tiles how often that is.
func (o Conv) tile() (tile, tiles int) {
	tile = max(64, unfoldedAtOnce/o.depth())
	tiles = (o.Places() + tile - 1) / tile
	tile = (o.Places() + tiles - 1) / tiles
	tile = (tile + 15) / 16 * 16
	return tile, (o.Places() + tile - 1) / tile
}

// results are those of a tile.
func (o Conv) results(tile, i int) (from, to int) { return i * tile, min((i+1)*tile, o.Places()) }

// group is the part of a tensor [N, Groups·channels, places] that belongs to a group of a sequence of the batch.
func group[T kernel.Float | int8](x []T, i, channels, places int) []T {
	return x[i*channels*places : (i+1)*channels*places]
}

// unfolded is memory for what a tile reads. It belongs to no program: there may be many convolutions, one at a time.
var unfolded = sync.Pool{New: func() any { return new([]float64) }}

// withUnfolded calls f with memory for n numbers.
func withUnfolded[T kernel.Float](n int, f func(columns []T)) {
	p := unfolded.Get().(*[]float64)
	if len(*p) < n {
		*p = make([]float64, n)
	}
	f(kernel.ScratchOf[T](*p)[:n])
	unfolded.Put(p)
}

// manyParts is from how many on they are shared between processors; a few products are shared each by itself.
const manyParts = 8

// parts is a task that does n parts, each with memory for as many numbers.
func parts[T kernel.Float](n, size int, f func(i int, columns []T)) Task {
	one := func(i int) { withUnfolded(size, func(columns []T) { f(i, columns) }) }
	if n < manyParts {
		return func() error {
			for i := range n {
				one(i)
			}
			return nil
		}
	}
	part := kernel.Part(func(i int, _ []float64) { one(i) })
	return func() error { kernel.Share(n, part); return nil }
}

// unfoldedSize is how many numbers a tile reads.
func (o Conv) unfoldedSize() int {
	if o.plain() {
		return 0
	}
	tile, _ := o.tile()
	return tile * o.depth()
}

func (o Conv) Bind(b *Binding) Task { return pick(b, bindConv[float32](o), bindConv[float64](o)) }

func bindConv[T kernel.Float](o Conv) func(*Binding) Task {
	return func(b *Binding) Task {
		x, w, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.Out)
		var bias []T
		if len(b.In) > 2 {
			bias = Vec[T](b.In[2])
		}
		if n := o.together(); n > 1 {
			return convTogether(o, n, x, w, bias, dst)
		}
		depth, places := o.depth(), o.Places()
		tile, tiles := o.tile()
		return parts(o.Batch*o.Groups*tiles, o.unfoldedSize(), func(i int, columns []T) {
			at, g := i/tiles, i/tiles%o.Groups
			from, to := o.results(tile, i%tiles)
			y := group(dst, at, o.To, places)
			image, ld := group(x, at, o.From, o.Elements()), places
			if o.plain() {
				image = image[from:]
			} else {
				unfold(o.Window, columns, to-from, image, o.From, from, to, 0)
				image, ld = columns, to-from
			}
			convolved(o, y[from:], places, group(w, g, o.To, depth), image, ld, to-from, biasOfGroup(bias, g, o.To))
		})
	}
}

// biasOfGroup is a group's part of a bias; nil of none.
func biasOfGroup[T kernel.Float](bias []T, g, to int) []T {
	if bias == nil {
		return nil
	}
	return bias[g*to:][:to]
}

// convolved multiplies a group's weights by what n results read, with ld between its rows, and adds the bias.
func convolved[T kernel.Float](o Conv, y []T, ldy int, w, columns []T, ld, n int, bias []T) {
	beta := T(0)
	if bias != nil {
		for m, v := range bias {
			kernel.Fill(y[m*ldy:][:n], v)
		}
		beta = 1
	}
	depth := o.depth()
	multiply(o.Precision, false, false, o.To, n, depth, w, depth, columns, ld, beta, y, ldy, nil)
}

// ConvInput is a convolution's derivative with respect to x, from the gradient of the result and the weights: a transposed
// convolution.
type ConvInput struct{ Conv }

// In is ConvInput in a precision.
func (o ConvInput) In(p kernel.Precision) Op {
	o.Precision = p
	return o
}

func (o ConvInput) String() string { return "transposed convolution " + o.sizes() }

func (o ConvInput) Bind(b *Binding) Task {
	return pick(b, bindConvInput[float32](o.Conv), bindConvInput[float64](o.Conv))
}

func bindConvInput[T kernel.Float](o Conv) func(*Binding) Task {
	return func(b *Binding) Task {
		dy, w, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.Out)
		depth, places := o.depth(), o.Places()
		tile, tiles := o.tile()
		return parts(o.Batch*o.Groups, o.unfoldedSize(), func(i int, columns []T) {
			dx, grad, weight := group(dst, i, o.From, o.Elements()), group(dy, i, o.To, places), group(w, i%o.Groups, o.To, depth)
			if o.plain() {
				multiply(o.Precision, true, false, depth, places, o.To, weight, depth, grad, places, 0, dx, places, nil)
				return
			}
			kernel.Fill(dx, 0)
			for t := range tiles {
				from, to := o.results(tile, t)
				multiply(o.Precision, true, false, depth, to-from, o.To, weight, depth, grad[from:], places, 0, columns, to-from, nil)
				fold(o.Window, dx, columns, o.From, from, to)
			}
		})
	}
}

// ConvWeight is a convolution's derivative with respect to the weights, from x and the gradient of the result.
type ConvWeight struct{ Conv }

// In is ConvWeight in a precision.
func (o ConvWeight) In(p kernel.Precision) Op {
	o.Precision = p
	return o
}

func (o ConvWeight) String() string { return "convolution's weights' gradient " + o.sizes() }

func (o ConvWeight) Bind(b *Binding) Task {
	return pick(b, bindConvWeight[float32](o.Conv), bindConvWeight[float64](o.Conv))
}

func bindConvWeight[T kernel.Float](o Conv) func(*Binding) Task {
	return func(b *Binding) Task {
		x, dy, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.Out)
		depth, places := o.depth(), o.Places()
		tile, tiles := o.tile()
		return parts(o.Groups, o.unfoldedSize(), func(g int, columns []T) {
			dw, beta := group(dst, g, o.To, depth), T(0)
			for n := range o.Batch {
				image, grad := group(x, n*o.Groups+g, o.From, o.Elements()), group(dy, n*o.Groups+g, o.To, places)
				for t := range tiles {
					from, to := o.results(tile, t)
					part, ld := image[from:], places
					if !o.plain() {
						unfold(o.Window, columns, to-from, image, o.From, from, to, 0)
						part, ld = columns, to-from
					}
					multiply(o.Precision, false, true, o.To, depth, to-from, grad[from:], places, part, ld, beta, dw, depth, nil)
					beta = 1
				}
			}
		})
	}
}
