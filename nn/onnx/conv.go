package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// buildConv convolves x [N, C, ...] with W [M, C/group, ...], and adds B [M].
func buildConv(c *call) []value {
	x, w, bias, ok := c.convolution()
	if !ok {
		return nil
	}
	o, ok := c.window(x.Rank()-2, c.kernel(w))
	if !ok {
		return nil
	}
	o.pad(x.Shape()[2:])
	if !c.room(append([]int{x.Dim(0), w.Dim(0)}, o.results(x.Shape()[2:])...)) {
		return nil
	}
	return []value{{node: c.g.Conv(x, w, bias, o.graph(c.int("group", 1)))}}
}

// convolution gives the inputs of a convolution: x, the weights, and the bias if there is one.
func (c *call) convolution() (x, w, bias graph.Node, ok bool) {
	x, w = c.float(0), c.float(1)
	if !c.arg(2).absent() {
		bias = c.float(2)
	}
	return x, w, bias, c.convolves(x.Shape(), w.Shape())
}

// convolves tells whether x and weights of these shapes have those of a convolution.
func (c *call) convolves(x, w []int) bool {
	switch {
	case c.g.Err() != nil:
	case len(x) < 3 || len(w) != len(x):
		c.failf("x of shape %v and weights of shape %v; want [N, C, ...] and [M, C/group, ...]", x, w)
	case c.int("group", 1) < 1:
		c.failf("group %d; want at least 1", c.int("group", 1))
	case c.has("kernel_shape") && !slices.Equal(c.node.ints("kernel_shape"), w[2:]):
		c.failf("kernel_shape %v for weights of shape %v", c.node.ints("kernel_shape"), w)
	}
	return c.g.Err() == nil
}

// kernel is the size of the window that weights have.
func (c *call) kernel(w graph.Node) []int { return w.Shape()[2:] }

// buildConvTranspose is the transpose of a convolution: x [N, C, ...] with W [C, M/group, ...] and B [M] gives [N, M, ...].
func buildConvTranspose(c *call) []value {
	x, w, bias, ok := c.convolution()
	if !ok {
		return nil
	}
	o, ok := c.window(x.Rank()-2, c.kernel(w))
	if !ok {
		return nil
	}
	lengths, ok := c.transposed(o, x.Shape()[2:])
	if !ok {
		return nil
	}
	group := c.int("group", 1)
	if !c.room(append([]int{x.Dim(0), w.Dim(1), group}, lengths...)) {
		return nil
	}
	y := c.g.ConvTranspose(x, w, o.graph(group), lengths...)
	if bias.Valid() && c.g.Err() == nil {
		y = c.g.Add(y, c.channels(bias, y))
	}
	return []value{{node: y}}
}

// transposed decides the lengths of the result, and the padding if output_shape does.
func (c *call) transposed(o window, have []int) ([]int, bool) {
	extra, want := c.node.ints("output_padding"), c.node.ints("output_shape")
	if extra == nil {
		extra = repeated(0, len(have))
	}
	if len(extra) != len(have) || want != nil && len(want) != len(have) {
		c.failf("output_padding %v and output_shape %v for a tensor with %d dimensions", extra, want, len(have)+2)
		return nil, false
	}
	lengths := make([]int, len(have))
	for i, n := range have {
		if extra[i] < 0 || extra[i] >= max(o.stride[i], o.dilation[i]) || n > farthest {
			c.failf("output_padding %v; want numbers from 0, below the strides %v or the dilations %v", extra, o.stride, o.dilation)
			return nil, false
		}
		full := int64(o.stride[i])*int64(n-1) + int64(o.reach(i)) + int64(extra[i])
		length := full - int64(o.before[i]) - int64(o.after[i])
		switch {
		case want != nil:
			length = int64(want[i])
		case o.same != "":
			length = int64(o.stride[i]) * int64(n)
		}
		if length < 1 || length > farthest || full > 2*farthest {
			c.failf("%d places along axis %d; want 1 to %d", length, i+2, farthest)
			return nil, false
		}
		if want != nil || o.same != "" {
			if o.same == "" { // an odd place of padding comes first then
				o.same = "SAME_LOWER"
			}
			o.share(i, int(full-length))
		}
		lengths[i] = int(length)
	}
	return lengths, true
}

// channels gives x [C] a shape that broadcasts along axis 1 of y [N, C, ...].
func (c *call) channels(x, y graph.Node) graph.Node {
	shape := repeated(1, y.Rank()-1)
	shape[0] = y.Dim(1)
	if c.g.Err() == nil && (x.Rank() != 1 || x.Dim(0) != y.Dim(1)) {
		c.failf("a number for each channel of shape %v, where x has %d channels", x.Shape(), y.Dim(1))
		return graph.Node{}
	}
	return c.g.Reshape(x, shape...)
}
