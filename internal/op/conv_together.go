package op

import "github.com/unroll-go/unroll/internal/kernel"

// A product of few columns takes as long as one of a tile's: the frames of a signal, say, that have four results each. So several
// sequences of the batch are unfolded side by side, and multiplied together. The bits are those of one after the other, since no
// sum depends on the columns beside it.

const (
	// fewPlaces is the number of results of a sequence below which several are multiplied together.
	fewPlaces = 64
	// tinyConv is the number of multiplications below which a product is another kernel's, which rounds otherwise.
	tinyConv = 256
)

// together is how many sequences of the batch are multiplied together.
func (o Conv) together() int {
	if o.Precision != kernel.FullPrecision || o.Places() >= fewPlaces || o.To*o.Places()*o.depth() < tinyConv {
		return 1
	}
	return max(1, min(o.Batch, max(fewPlaces, unfoldedAtOnce/o.depth())/o.Places()))
}

// convTogether is a convolution that multiplies n sequences at a time.
func convTogether[T kernel.Float](o Conv, n int, x, w, bias, dst []T) Task {
	depth, places := o.depth(), o.Places()
	return parts((o.Batch+n-1)/n*o.Groups, n*places*(depth+o.To), func(i int, memory []T) {
		first, g := i/o.Groups*n, i%o.Groups
		last := min(first+n, o.Batch)
		all := (last - first) * places
		columns, results := memory[:depth*all], memory[depth*all:][:o.To*all]
		for at := first; at < last; at++ {
			unfold(o.Window, columns[(at-first)*places:], all, group(x, at*o.Groups+g, o.From, o.Elements()), o.From, 0, places, 0)
		}
		convolved(o, results, all, group(w, g, o.To, depth), columns, all, all, biasOfGroup(bias, g, o.To))
		for at := first; at < last; at++ {
			y := group(dst, at*o.Groups+g, o.To, places)
			for m := range o.To {
				copy(y[m*places:][:places], results[m*all+(at-first)*places:])
			}
		}
	})
}
