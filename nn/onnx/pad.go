package onnx

import "github.com/unroll-go/unroll/graph"

// buildPad puts entries around x, or takes some off where their number is below 0: a constant, the entries next to the end
// (reflect), the last one (edge), or those of the other end (wrap).
func buildPad(c *call) []value {
	v := c.arg(0)
	have := v.shape()
	pads := c.node.ints("pads")
	if c.opset >= 11 {
		var ok bool
		if pads, ok = c.ints(1); !ok {
			return nil
		}
	}
	fill, ok := c.fill()
	if !ok {
		return nil
	}
	axes := make([]int, 0, len(have))
	if c.arg(3).absent() {
		for i := range have {
			axes = append(axes, i)
		}
	} else if axes, ok = c.ints(3); !ok {
		return nil
	}
	if len(pads) != 2*len(axes) {
		return c.failf("pads %v for axes %v of a tensor with %d dimensions", pads, axes, len(have))
	}
	for i, a := range axes {
		axis, ok := c.axis(a, len(have))
		if !ok {
			return nil
		}
		if pads[i] == 0 && pads[len(axes)+i] == 0 {
			continue
		}
		if v = c.padded(v, axis, pads[i], pads[len(axes)+i], fill); c.g.Err() != nil {
			return nil
		}
	}
	return []value{v}
}

// fill is the constant that a padding of mode constant takes.
func (c *call) fill() (float64, bool) {
	if c.opset < 11 {
		return c.node.float("value", 0), true
	}
	v := c.arg(2)
	switch {
	case v.absent():
		return 0, true
	case v.known == nil || v.known.len() != 1:
		c.failf("input 2 (%q) is not one number that is known before", c.node.input(2))
		return 0, false
	}
	return v.known.number(0), true
}

// padded pads one axis.
func (c *call) padded(v value, axis, before, after int, fill float64) value {
	mode, n := c.node.string("mode", "constant"), v.shape()[axis]
	shape := cloneInts(v.shape())
	if max(before, after, -before, -after) > farthest || n+before+after < 0 {
		c.failf("%d and %d entries around an axis of %d", before, after, n)
		return value{}
	}
	shape[axis] = n + before + after
	if !c.room(shape) {
		return value{}
	}
	places, ok := padPlaces(mode, n, before, after)
	if !ok {
		c.failf("mode %q with %d and %d entries around an axis of %d; want constant, reflect, edge or wrap, and at least one entry there",
			mode, before, after, n)
		return value{}
	}
	if fill == 0 || mode != "constant" || !v.node.Valid() {
		return c.entries(v, axis, places, fill)
	}
	return value{node: c.surrounded(v.node, axis, max(before, 0), max(after, 0), max(-before, 0), n-max(-after, 0), fill)}
}

// surrounded puts a constant around the entries of an axis from one to another.
func (c *call) surrounded(x graph.Node, axis, before, after, from, to int, fill float64) graph.Node {
	var parts []graph.Node
	constant := func(n int) {
		if n > 0 {
			shape := x.Shape()
			shape[axis] = n
			parts = append(parts, c.g.Full(fill, shape...))
		}
	}
	constant(before)
	if from < to {
		parts = append(parts, c.g.Slice(x, axis, from, to))
	}
	constant(after)
	return c.g.Concat(axis, parts...)
}

// padPlaces says which entry of n each one of the padded axis is, -1 for the constant.
func padPlaces(mode string, n, before, after int) ([]int, bool) {
	places := make([]int, n+before+after)
	for i := range places {
		at := i - before
		switch {
		case at >= 0 && at < n:
		case n == 0:
			return nil, false
		case mode == "constant":
			at = -1
		case mode == "edge":
			at = max(0, min(n-1, at))
		case mode == "wrap":
			at = (at%n + n) % n
		case mode == "reflect":
			if n == 1 {
				at = 0
				break
			}
			period := 2 * (n - 1)
			at = (at%period + period) % period
			at = min(at, period-at)
		default:
			return nil, false
		}
		places[i] = at
	}
	return places, mode == "constant" || mode == "edge" || mode == "wrap" || mode == "reflect"
}
