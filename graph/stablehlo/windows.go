package stablehlo

import (
	"math"
	"strings"

	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// windows has convolutions and pooling, over the last three axes.
func windows() []entry {
	return []entry{on(conv), on(convInput), on(convWeight), on(maxPool), on(maxPoolGrad), on(sumPool), on(sumPoolGrad)}
}

// with are the sizes before the axes of a window, and these.
func with(window [3]int, before ...int) []int { return append(before, window[:]...) }

// sliding is a convolution of three axes: stride of the results, low and high padding, and how far apart the places of x and of the
// weights are.
type sliding struct {
	stride, low, high, x, weights [3]int
	groups                        int
}

func (w *writer) convolve(x, weights value, s sliding, out [3]int) value {
	shape := with(out, x.shape[0], weights.shape[0])
	pads := make([]string, len(s.low))
	for i := range s.low {
		pads[i] = list(s.low[i], s.high[i])
	}
	pad := strings.Join(pads, ", ")
	return w.emit(x.kind, shape, "stablehlo.convolution(%s, %s) dim_numbers = [b, f, 0, 1, 2]x[o, i, 0, 1, 2]->[b, f, 0, 1, 2], "+
		"window = {stride = %s, pad = [%s], lhs_dilate = %s, rhs_dilate = %s} {batch_group_count = 1 : i64, feature_group_count = %d : i64, "+
		"precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (%s, %s) -> %s",
		x, weights, list(s.stride[:]...), pad, list(s.x[:]...), list(s.weights[:]...), s.groups, x.typ(), weights.typ(), typ(x.kind, shape))
}

// spanned is how many places n entries cover that are step apart.
func spanned(n, step int) int { return (n-1)*step + 1 }

func conv(w *writer, o op.Conv, n *listing.Node) value {
	x := w.reshape(w.in(n, 0), with(o.Window.In, o.Batch, o.Groups*o.From)...)
	weights := w.reshape(w.in(n, 1), with(o.Kernel, o.Groups*o.To, o.From)...)
	s := sliding{stride: o.Stride, low: o.Before, x: [3]int{1, 1, 1}, weights: o.Dilation, groups: o.Groups}
	for i := range s.high {
		s.high[i] = spanned(o.Out[i], o.Stride[i]) - 1 + spanned(o.Kernel[i], o.Dilation[i]) - o.Window.In[i] - o.Before[i]
	}
	y := w.convolve(x, weights, s, o.Out)
	if len(n.In) > 2 {
		y = w.add(y, w.broadcast(w.flat(w.in(n, 2)), []int{1}, y.shape))
	}
	return w.reshape(y, n.Shape...)
}

// convInput is a convolution of dy, its entries a stride apart, with the weights turned round.
func convInput(w *writer, o op.ConvInput, n *listing.Node) value {
	dy := w.reshape(w.in(n, 0), with(o.Out, o.Batch, o.Groups*o.To)...)
	weights := w.reshape(w.in(n, 1), with(o.Kernel, o.Groups, o.To, o.From)...)
	weights = w.reshape(w.transpose(weights, 0, 2, 1, 3, 4, 5), with(o.Kernel, o.Groups*o.From, o.To)...)
	weights = w.emit(weights.kind, weights.shape, "stablehlo.reverse %s, dims = [2, 3, 4] : %s", weights, weights.typ())
	s := sliding{stride: [3]int{1, 1, 1}, x: o.Stride, weights: o.Dilation, groups: o.Groups}
	for i := range s.low {
		s.low[i] = spanned(o.Kernel[i], o.Dilation[i]) - 1 - o.Before[i]
		s.high[i] = o.Window.In[i] - spanned(o.Out[i], o.Stride[i]) - s.low[i] + spanned(o.Kernel[i], o.Dilation[i]) - 1
	}
	return w.reshape(w.convolve(dy, weights, s, o.Window.In), n.Shape...)
}

// convWeight is a convolution of x with dy in which the batch is summed over, and the channels of x are the batch.
func convWeight(w *writer, o op.ConvWeight, n *listing.Node) value {
	x := w.reshape(w.in(n, 0), with(o.Window.In, o.Batch, o.Groups, o.From)...)
	x = w.reshape(w.transpose(x, 2, 1, 0, 3, 4, 5), with(o.Window.In, o.From, o.Groups*o.Batch)...)
	dy := w.reshape(w.in(n, 1), with(o.Out, o.Batch, o.Groups, o.To)...)
	dy = w.reshape(w.transpose(dy, 1, 2, 0, 3, 4, 5), with(o.Out, o.Groups*o.To, o.Batch)...)
	s := sliding{stride: o.Dilation, low: o.Before, x: [3]int{1, 1, 1}, weights: o.Stride, groups: o.Groups}
	for i := range s.high {
		s.high[i] = spanned(o.Kernel[i], o.Dilation[i]) - 1 + spanned(o.Out[i], o.Stride[i]) - o.Window.In[i] - o.Before[i]
	}
	dw := w.convolve(x, dy, s, o.Kernel) // [From, Groups·To, Kernel]
	return w.reshape(w.transpose(dw, 1, 0, 2, 3, 4), n.Shape...)
}

// taps calls f with what each tap of a window reads of x [outer, In] for all results, [outer, Out].
func (w *writer) taps(o op.Window, x value, padding float64, f func(k [3]int, read value)) {
	high := [3]int{}
	for i := range high {
		high[i] = spanned(o.Out[i], o.Stride[i]) - 1 + spanned(o.Kernel[i], o.Dilation[i]) - o.In[i] - o.Before[i]
	}
	padded := w.pad(x, padding, with(o.Before, 0), with(high, 0), make([]int, 4))
	for k := range o.Taps() {
		at := [3]int{k / (o.Kernel[1] * o.Kernel[2]), k / o.Kernel[2] % o.Kernel[1], k % o.Kernel[2]}
		from, to := [3]int{}, [3]int{}
		for i := range at {
			from[i] = at[i] * o.Dilation[i]
			to[i] = from[i] + spanned(o.Out[i], o.Stride[i])
		}
		f(at, w.slice(padded, with(from, 0), with(to, x.shape[0]), with(o.Stride, 1)))
	}
}

// untap is the transpose of what a tap reads: x [outer, In] with the entries of y [outer, Out] where it read them.
func (w *writer) untap(o op.Window, k [3]int, y value) value {
	low, high, between := [3]int{}, [3]int{}, [3]int{}
	for i := range k {
		low[i] = k[i]*o.Dilation[i] - o.Before[i]
		between[i] = o.Stride[i] - 1
		high[i] = o.In[i] - low[i] - spanned(o.Out[i], o.Stride[i])
	}
	return w.pad(y, 0, with(low, 0), with(high, 0), with(between, 0))
}

// combined is the values that taps read, combined.
func (w *writer) combined(o op.Window, x value, padding float64, how string) value {
	var out *value
	w.taps(o, x, padding, func(_ [3]int, read value) {
		if out != nil {
			read = w.binary(how, *out, read)
		}
		out = &read
	})
	return *out
}

func maxPool(w *writer, o op.MaxPool, n *listing.Node) value {
	x := w.reshape(w.in(n, 0), with(o.In, o.Outer)...)
	return w.reshape(w.combined(o.Window, x, math.Inf(-1), "maximum"), n.Shape...)
}

// maxPoolGrad goes through the taps, and gives dy to the first that has the maximum.
func maxPoolGrad(w *writer, o op.MaxPoolGrad, n *listing.Node) value {
	x, dy := w.reshape(w.in(n, 0), with(o.In, o.Outer)...), w.reshape(w.in(n, 1), with(o.Out, o.Outer)...)
	largest := w.combined(o.Window, x, math.Inf(-1), "maximum")
	zero := w.full(0, dy.shape...)
	left, sum := dy, w.full(0, x.shape...)
	w.taps(o.Window, x, math.Inf(-1), func(k [3]int, read value) {
		is := w.compare("EQ", read, largest)
		sum = w.add(sum, w.untap(o.Window, k, w.choose(is, left, zero)))
		left = w.choose(is, zero, left)
	})
	return w.reshape(sum, n.Shape...)
}

func sumPool(w *writer, o op.SumPool, n *listing.Node) value {
	x := w.reshape(w.in(n, 0), with(o.In, o.Outer)...)
	return w.reshape(w.combined(o.Window, x, 0, "add"), n.Shape...)
}

func sumPoolGrad(w *writer, o op.SumPoolGrad, n *listing.Node) value {
	dy := w.reshape(w.in(n, 0), with(o.Out, o.Outer)...)
	sum := w.full(0, with(o.In, o.Outer)...)
	for k := range o.Taps() {
		at := [3]int{k / (o.Kernel[1] * o.Kernel[2]), k / o.Kernel[2] % o.Kernel[1], k % o.Kernel[2]}
		sum = w.add(sum, w.untap(o.Window, at, dy))
	}
	return w.reshape(sum, n.Shape...)
}
