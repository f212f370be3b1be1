package onnx

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// resizing is what the attributes of a Resize or an Upsample say.
type resizing struct {
	mode, coordinates, nearest string
}

// buildResize makes axes longer or shorter: by scales, or to sizes. mode nearest repeats and leaves out, linear interpolates.
func buildResize(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	r := resizing{c.node.string("mode", "nearest"), c.node.string("coordinate_transformation_mode", "half_pixel"),
		c.node.string("nearest_mode", "round_prefer_floor")}
	scalesAt, sizesAt := 2, 3
	if c.op == "Upsample" || c.opset < 11 {
		scalesAt, sizesAt = 1, many
		r.coordinates, r.nearest = "asymmetric", "floor"
	}
	if r.mode == "bilinear" || r.mode == "trilinear" {
		r.mode = "linear"
	}
	policy, antialias := c.node.string("keep_aspect_ratio_policy", "stretch"), c.int("antialias", 0)
	if r.mode != "nearest" && r.mode != "linear" || antialias != 0 || policy != "stretch" || r.coordinates == "tf_crop_and_resize" {
		return c.failf("mode %q, antialias %d, coordinates %q, aspect ratio %q; want nearest or linear, no antialias, and all of it stretched",
			r.mode, antialias, r.coordinates, policy)
	}
	scales, sizes, ok := c.scales(x.Shape(), scalesAt, sizesAt)
	if !ok {
		return nil
	}
	for axis, size := range sizes {
		n := x.Dim(axis)
		if exact := float64(n) * scales[axis]; r.coordinates == "align_corners" && math.Abs(exact-float64(size)) > 1e-3 {
			return c.failf("align_corners with a scale of %g, which makes %g entries of %d; want a whole number: runtimes differ otherwise",
				scales[axis], exact, n)
		}
		if size == n && scales[axis] == 1 {
			continue
		}
		shape := x.Shape()
		shape[axis] = size
		if !c.room(shape) || r.mode == "linear" && !c.room([]int{n, size}) {
			return nil
		}
		if x = c.resized(x, axis, size, scales[axis], r); c.g.Err() != nil {
			return nil
		}
	}
	return []value{{node: x}}
}

// scales gives the scale and the new size of every axis.
func (c *call) scales(have []int, scalesAt, sizesAt int) (scales []float64, sizes []int, ok bool) {
	axes := c.node.ints("axes")
	if axes == nil {
		for i := range have {
			axes = append(axes, i)
		}
	}
	scales, sizes = make([]float64, len(have)), cloneInts(have)
	for i := range scales {
		scales[i] = 1
	}
	given, bySize := c.node.floats("scales"), false
	if v := c.arg(sizesAt); !v.absent() && len(v.shape()) == 1 && v.shape()[0] > 0 {
		want, ok := c.ints(sizesAt)
		if !ok {
			return nil, nil, false
		}
		given, bySize = make([]float64, len(want)), true
		for i, n := range want {
			given[i] = float64(n)
		}
	} else if given == nil {
		k := c.arg(scalesAt).known
		if k == nil || k.floats == nil {
			c.failf("input %d (%q) is not known before", scalesAt, c.node.input(scalesAt))
			return nil, nil, false
		}
		given = k.floats
	}
	if len(given) != len(axes) {
		c.failf("%d scales or sizes for axes %v of a tensor of shape %v", len(given), axes, have)
		return nil, nil, false
	}
	for i, a := range axes {
		axis, ok := c.axis(a, len(have))
		if !ok {
			return nil, nil, false
		}
		n := float64(have[axis])
		size := math.Floor(n * given[i])
		if bySize {
			size = given[i]
		}
		if !(size >= 1 && size <= farthest) {
			c.failf("%g entries along axis %d; want 1 to %d", size, axis, farthest)
			return nil, nil, false
		}
		scales[axis], sizes[axis] = given[i], int(size)
		if bySize {
			scales[axis] = size / n
		}
	}
	return scales, sizes, true
}

// resized resizes one axis.
func (c *call) resized(x graph.Node, axis, size int, scale float64, r resizing) graph.Node {
	n := x.Dim(axis)
	places, matrix := make([]int, size), []float64(nil)
	if r.mode == "linear" {
		matrix = make([]float64, n*size)
	}
	for i := range size {
		at, ok := r.source(i, n, size, scale)
		if !ok {
			c.failf("coordinate_transformation_mode %q", r.coordinates)
			return graph.Node{}
		}
		if r.mode == "linear" {
			low := math.Floor(at)
			first, second := max(0, min(n-1, int(low))), max(0, min(n-1, int(low)+1))
			matrix[first*size+i] += 1 - (at - low)
			matrix[second*size+i] += at - low
			continue
		}
		if places[i], ok = r.rounded(at, n); !ok {
			c.failf("nearest_mode %q", r.nearest)
			return graph.Node{}
		}
	}
	if r.mode == "linear" {
		return c.multiplied(x, axis, matrix, size)
	}
	return c.pick(x, axis, places)
}

// source is the coordinate, of n, that entry i of size reads.
func (r resizing) source(i, n, size int, scale float64) (float64, bool) {
	at := float64(i)
	switch r.coordinates {
	case "half_pixel":
		return (at+0.5)/scale - 0.5, true
	case "half_pixel_symmetric":
		adjustment := float64(size) / (scale * float64(n))
		return float64(n)/2*(1-adjustment) + (at+0.5)/scale - 0.5, true
	case "pytorch_half_pixel":
		if size == 1 {
			return 0, true
		}
		return (at+0.5)/scale - 0.5, true
	case "align_corners":
		if size == 1 {
			return 0, true
		}
		return at * float64(n-1) / float64(size-1), true
	case "asymmetric":
		return at / scale, true
	}
	return 0, false
}

// rounded is the entry of n next to a coordinate.
func (r resizing) rounded(at float64, n int) (int, bool) {
	switch r.nearest {
	case "round_prefer_floor":
		at = math.Ceil(at - 0.5)
	case "round_prefer_ceil":
		at = math.Floor(at + 0.5)
	case "floor":
		at = math.Floor(at)
	case "ceil":
		at = math.Ceil(at)
	default:
		return 0, false
	}
	return int(max(0, min(float64(n-1), at))), true
}
