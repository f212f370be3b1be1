package keras

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

func convLayer(s settings) operation   { return convolution(s, 1) }
func conv2DLayer(s settings) operation { return convolution(s, 2) }

// window is how a convolution or pooling walks one axis.
type window struct {
	size, stride, dilation int
	padding                string // valid, same or causal
}

// places is the padding before and after an axis of n, and the number of results. With same padding there are n/stride
// results, rounded up, and an odd one of the padding goes to the end.
func (w window) places(n int) (before, after, results int) {
	reach := (w.size-1)*w.dilation + 1
	switch w.padding {
	case "same":
		results = (n + w.stride - 1) / w.stride
		total := max((results-1)*w.stride+reach-n, 0)
		return total / 2, total - total/2, results
	case "causal":
		before = reach - 1
	}
	return before, 0, (n+before-reach)/w.stride + 1
}

// windows reads kernel_size or pool_size, strides, dilation_rate and padding.
func windows(s settings, axes int, key string, stride []int, paddings ...string) []window {
	sizes, dilations := s.sizes(key, axes, 0), s.sizes("dilation_rate", axes, 1)
	if s.values["strides"] != nil {
		stride = s.sizes("strides", axes, 1)
	}
	if stride == nil {
		stride = sizes
	}
	p := s.text("padding", s.text("border_mode", "valid"))
	if !slices.Contains(paddings, p) {
		s.problem("padding is %q; want one of %v", p, paddings)
	}
	s.only("data_format", "channels_last")
	out := make([]window, axes)
	for i := range out {
		out[i] = window{sizes[i], stride[i], dilations[i], p}
	}
	if product(sizes) > 1<<14 {
		s.problem("%s is %v; want at most %d together", key, sizes, 1<<14)
	}
	return out
}

// convolution is a Conv1D of [B, T, C] or a Conv2D of [B, H, W, C]: a sum of products with views of the input, one for each
// place in the kernel. Weight: [Filters, C, kernel...], as PyTorch's.
func convolution(s settings, axes int) operation {
	filters, f, bias := s.size("filters", 0), s.activation("activation", "linear"), s.truth("use_bias", true)
	s.only("groups", 1)
	paddings := []string{"valid", "same"}
	if axes == 1 {
		paddings = append(paddings, "causal")
	}
	ws := windows(s, axes, "kernel_size", slices.Repeat([]int{1}, axes), paddings...)
	taps := 1
	shape := []int{}
	for _, w := range ws {
		taps *= w.size
		shape = append(shape, w.size)
	}
	return operation{
		take: func(t *taker) {
			k := t.next("kernel", append(slices.Clone(shape), -1, filters)...)
			in := k.Shape[axes]
			t.put("weight", k, place{append([]int{filters, in}, shape...), k.Shape, func(i int) int {
				filter, channel, tap := i/(in*taps), i/taps%in, i%taps
				return (tap*in+channel)*filters + filter
			}})
			if bias {
				t.put("bias", t.next("bias", filters), same([]int{filters}))
			}
		},
		run: func(c *call) []value {
			y := convolve(c, ws, filters, taps)
			if bias {
				y = c.g.Add(y, c.weight(c.g, "bias"))
			}
			return []value{{x: f(c.g, y)}}
		},
	}
}

func convolve(c *call, ws []window, filters, taps int) graph.Node {
	g, x := c.g, c.in[0].x
	weight := c.weight(g, "weight")
	if g.Err() == nil && (x.Rank() != len(ws)+2 || x.IsIDs() || x.Dim(-1) != weight.Dim(1)) {
		return g.Failf("Keras", "%s wants %d axes and %d channels, found %v", c.layer.name, len(ws)+2, weight.Dim(1), x)
	}
	var terms []graph.Node
	kernels := g.Unstack(g.Transpose(g.Reshape(weight, filters, -1, taps), 2, 0, 1)) // [Filters, C] for each place
	views := views(c, x, ws, 0)
	if g.Err() != nil {
		return graph.Node{}
	}
	for i, v := range views {
		terms = append(terms, g.MatMulT(v, kernels[i]))
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return g.Add(terms...)
}

// views are the input as each place of the kernel sees it, the last axis of the kernel running fastest. v is the padding.
func views(c *call, x graph.Node, ws []window, v float64) []graph.Node {
	all := []graph.Node{x}
	for i, w := range ws {
		axis := i + 1
		if c.g.Err() != nil {
			return nil
		}
		before, after, n := w.places(x.Dim(axis))
		if n < 1 {
			c.g.Failf("Keras", "%s needs at least %d steps, found %d", c.layer.name, (w.size-1)*w.dilation+1, x.Dim(axis))
			return nil
		}
		var next []graph.Node
		for _, one := range all {
			wide := padded(c.g, one, axis, before, after, v)
			for k := range w.size {
				if c.g.Err() != nil {
					return nil
				}
				next = append(next, strided(c.g, wide, axis, k*w.dilation, n, w.stride))
			}
		}
		all = next
	}
	return all
}
