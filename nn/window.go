package nn

import "github.com/unroll-go/unroll/graph"

// window is what a convolution or a pooling sees of a sequence at a time: size steps, dilation apart. The next window
// begins stride steps later.
type window struct{ size, stride, dilation int }

// reach is the number of steps from the first to the last one seen, both included.
func (w window) reach() int { return w.dilation*(w.size-1) + 1 }

// views returns, for k from 0 to size-1, element k of every window: [T', B, C] of x [T, B, C], with T' windows. With a
// stride of 1 they are views of x and cost nothing.
func (w window) views(g *graph.Graph, what string, x graph.Node) []graph.Node {
	steps := x.Dim(0)
	if w.reach() > steps {
		g.Failf(what, "its window has %d steps; want at most the %d that the sequence has with its padding", w.reach(), steps)
		return nil
	}
	n := (steps-w.reach())/w.stride + 1
	// Every view is cut into blocks of stride steps, of which it takes the first: the last block may need more steps
	// than there are.
	missing := w.reach() - 1 + n*w.stride - steps
	if g.Rolled() { // the same for all lengths
		missing = w.stride - 1
	}
	if w.stride > 1 && missing > 0 {
		x = padded(g, x, 0, missing)
	}
	out := make([]graph.Node, w.size)
	for k := range out {
		from := k * w.dilation
		v := g.Slice(x, 0, from, from+n*w.stride)
		if w.stride > 1 {
			v = g.Slice(g.Reshape(v, n, w.stride, x.Dim(1), x.Dim(2)), 1, 0, 1)
			v = g.Reshape(v, n, x.Dim(1), x.Dim(2))
		}
		out[k] = v
	}
	return out
}
