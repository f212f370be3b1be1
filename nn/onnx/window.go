package onnx

import "github.com/unroll-go/unroll/graph"

// window is what the attributes of a convolution or a pooling say about the axes after the second.
type window struct {
	kernel, stride, dilation []int
	before, after            []int  // padding
	same                     string // SAME_UPPER or SAME_LOWER, which decide the padding by the lengths
}

// window reads the attributes for a tensor with so many axes after the second, and a kernel of the given size.
func (c *call) window(axes int, kernel []int) (window, bool) {
	w := window{kernel: kernel, stride: c.node.ints("strides"), dilation: c.node.ints("dilations"),
		before: make([]int, axes), after: make([]int, axes)}
	for name, list := range map[string][]int{"kernel_shape": kernel, "strides": w.stride, "dilations": w.dilation} {
		if list != nil && len(list) != axes {
			c.failf("%s %v for a tensor with %d dimensions; want %d numbers", name, list, axes+2, axes)
			return w, false
		}
	}
	if w.stride == nil {
		w.stride = repeated(1, axes)
	}
	if w.dilation == nil {
		w.dilation = repeated(1, axes)
	}
	for i := range axes {
		if kernel[i] < 1 || kernel[i] > farthest || w.stride[i] < 1 || w.stride[i] > farthest || w.dilation[i] < 1 || w.dilation[i] > farthest {
			c.failf("a kernel %v, strides %v and dilations %v; want numbers from 1 to %d", kernel, w.stride, w.dilation, farthest)
			return w, false
		}
	}
	switch mode := c.node.string("auto_pad", "NOTSET"); mode {
	case "VALID":
	case "SAME_UPPER", "SAME_LOWER":
		w.same = mode
	case "NOTSET":
		pads := c.node.ints("pads")
		if pads == nil {
			break
		}
		if len(pads) != 2*axes {
			c.failf("pads %v for a tensor with %d dimensions; want %d numbers", pads, axes+2, 2*axes)
			return w, false
		}
		for i := range axes {
			w.before[i], w.after[i] = pads[i], pads[axes+i]
			if min(pads[i], pads[axes+i]) < 0 || max(pads[i], pads[axes+i]) > farthest {
				c.failf("pads %v; want numbers from 0 to %d", pads, farthest)
				return w, false
			}
		}
	default:
		c.failf("auto_pad %q; want NOTSET, VALID, SAME_UPPER or SAME_LOWER", mode)
		return w, false
	}
	return w, true
}

// farthest is the largest size, stride, dilation or padding.
const farthest = 1 << 28

func repeated(v, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// reach is how many places the kernel spans along axis i.
func (w window) reach(i int) int { return (w.kernel[i]-1)*w.dilation[i] + 1 }

// share puts padding at both ends of axis i, an odd place where auto_pad wants it.
func (w window) share(i, total int) {
	total = max(total, 0)
	w.before[i], w.after[i] = total/2, total-total/2
	if w.same == "SAME_LOWER" {
		w.before[i], w.after[i] = w.after[i], w.before[i]
	}
}

// pad decides the padding of SAME_UPPER and SAME_LOWER for axes of the given lengths: as many results as a stride fits in.
func (w window) pad(lengths []int) {
	for i, n := range lengths {
		if w.same != "" {
			results := (n + w.stride[i] - 1) / w.stride[i]
			w.share(i, (results-1)*w.stride[i]+w.reach(i)-n)
		}
	}
}

// lengthen pads the ends so that the last results, for which a stride would be too long, are there, too: ceil_mode. A
// window that would begin in the padding at the end is none.
func (w window) lengthen(lengths []int) {
	for i, n := range lengths {
		left := n + w.before[i] + w.after[i] - w.reach(i)
		if left < 0 {
			continue
		}
		results := (left+w.stride[i]-1)/w.stride[i] + 1
		if (results-1)*w.stride[i] >= n+w.before[i] {
			results--
		}
		w.after[i] = max(w.after[i], (results-1)*w.stride[i]+w.reach(i)-n-w.before[i])
	}
}

// results are how many there are along each axis; 0 where the window does not fit.
func (w window) results(lengths []int) []int {
	out := make([]int, len(lengths))
	for i, n := range lengths {
		if left := n + w.before[i] + w.after[i] - w.reach(i); left >= 0 {
			out[i] = left/w.stride[i] + 1
		}
	}
	return out
}

// graph is the window in the graph's terms.
func (w window) graph(groups int) graph.Window {
	return graph.Window{Stride: w.stride, Dilation: w.dilation, Before: w.before, After: w.after, Groups: groups}
}
