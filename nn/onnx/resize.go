package onnx

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// resizing is what the attributes of a Resize or an Upsample say.
type resizing struct {
	mode, coordinates, nearest, policy string
	antialias, inside                  bool    // inside: entries beyond the ends weigh nothing
	a, outside                         float64 // the constant of cubic; what there is outside of a region
	region                             []float64
}

// buildResize makes axes longer or shorter: by scales, or to sizes. mode nearest repeats and leaves out, linear and cubic
// interpolate.
func buildResize(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	r, ok := c.resizing()
	if !ok {
		return nil
	}
	scalesAt, sizesAt := 2, 3
	if c.op == "Upsample" || c.opset < 11 {
		scalesAt, sizesAt = 1, many
	}
	scales, sizes, ok := c.scales(x.Shape(), scalesAt, sizesAt, r.policy)
	if !ok || r.coordinates == "tf_crop_and_resize" && !c.regions(&r, x.Rank()) {
		return nil
	}
	var beyond []bool // which of the entries lie outside of the region
	for axis, size := range sizes {
		n := x.Dim(axis)
		if exact := float64(n) * scales[axis]; r.coordinates == "align_corners" && math.Abs(exact-float64(size)) > 1e-3 {
			return c.failf("align_corners with a scale of %g, which makes %g entries of %d; want a whole number: runtimes differ otherwise",
				scales[axis], exact, n)
		}
		shape := x.Shape()
		shape[axis] = size
		if !c.room(shape) || r.mode != "nearest" && !c.room([]int{n, size}) {
			return nil
		}
		var out []bool
		if size != n || scales[axis] != 1 || r.region != nil {
			if x, out = c.resized(x, axis, size, scales[axis], r); c.g.Err() != nil {
				return nil
			}
		}
		if r.region != nil {
			beyond = crossed(beyond, out, size)
		}
	}
	return []value{{node: c.filled(x, beyond, r.outside)}}
}

// resizing reads the attributes.
func (c *call) resizing() (resizing, bool) {
	r := resizing{mode: c.node.string("mode", "nearest"), coordinates: c.node.string("coordinate_transformation_mode", "half_pixel"),
		nearest: c.node.string("nearest_mode", "round_prefer_floor"), policy: c.node.string("keep_aspect_ratio_policy", "stretch"),
		antialias: c.int("antialias", 0) != 0, inside: c.int("exclude_outside", 0) != 0,
		a: c.node.float("cubic_coeff_a", -0.75), outside: c.node.float("extrapolation_value", 0)}
	if c.op == "Upsample" || c.opset < 11 {
		r.coordinates, r.nearest = "asymmetric", "floor"
	}
	if r.mode == "bilinear" || r.mode == "trilinear" {
		r.mode = "linear"
	}
	if !slices.Contains([]string{"nearest", "linear", "cubic"}, r.mode) ||
		!slices.Contains([]string{"stretch", "not_larger", "not_smaller"}, r.policy) {
		c.failf("mode %q and keep_aspect_ratio_policy %q; want nearest, linear or cubic, and stretch, not_larger or not_smaller",
			r.mode, r.policy)
		return r, false
	}
	return r, true
}

// regions reads the part of each axis that is resized, as shares of it: starts, then ends.
func (c *call) regions(r *resizing, rank int) bool {
	k, axes := c.arg(1).known, c.node.ints("axes")
	if axes == nil {
		for i := range rank {
			axes = append(axes, i)
		}
	}
	if k == nil || k.floats == nil || k.len() != 2*len(axes) {
		c.failf("input 1 (%q) holds no two numbers for each of %d axes that are known before", c.node.input(1), len(axes))
		return false
	}
	r.region = make([]float64, 2*rank)
	for i := range rank {
		r.region[rank+i] = 1
	}
	for i, a := range axes {
		axis, ok := c.axis(a, rank)
		if !ok {
			return false
		}
		r.region[axis], r.region[rank+axis] = k.floats[i], k.floats[len(axes)+i]
	}
	return true
}

// crossed tells for each entry of a tensor with one axis more whether it is outside: along it, or before.
func crossed(before, along []bool, size int) []bool {
	if before == nil {
		before = []bool{false}
	}
	if along == nil {
		along = make([]bool, size)
	}
	out := make([]bool, 0, len(before)*len(along))
	for _, b := range before {
		for _, a := range along {
			out = append(out, a || b)
		}
	}
	return out
}

// filled puts a number where x lies outside.
func (c *call) filled(x graph.Node, beyond []bool, fill float64) graph.Node {
	if !slices.Contains(beyond, true) {
		return x
	}
	mask := make([]float64, len(beyond))
	for i, b := range beyond {
		if b {
			mask[i] = 1
		}
	}
	return c.g.Where(c.g.Const(graph.Floats64(mask, x.Shape()...)), c.g.Full(fill), x)
}

// scales gives the scale and the new size of every axis.
func (c *call) scales(have []int, scalesAt, sizesAt int, policy string) (scales []float64, sizes []int, ok bool) {
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
	one := c.aspect(have, axes, given, policy)
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
		if bySize && policy != "stretch" {
			size = math.Floor(one*n + 0.5)
		}
		if !(size >= 1 && size <= farthest) {
			c.failf("%g entries along axis %d; want 1 to %d", size, axis, farthest)
			return nil, nil, false
		}
		scales[axis], sizes[axis] = given[i], int(size)
		if bySize {
			scales[axis] = size / n
		}
		if bySize && policy != "stretch" {
			scales[axis] = one
		}
	}
	return scales, sizes, true
}

// aspect is the one scale of all axes with which none becomes larger than its size, or none smaller.
func (c *call) aspect(have, axes []int, sizes []float64, policy string) float64 {
	var each []float64
	for i, a := range axes {
		if axis, ok := c.axis(a, len(have)); ok {
			each = append(each, sizes[i]/float64(have[axis]))
		}
	}
	switch {
	case len(each) == 0:
		return 1
	case policy == "not_larger":
		return slices.Min(each)
	}
	return slices.Max(each)
}

// resized resizes one axis. It tells which entries lie outside of the region, if there is one.
func (c *call) resized(x graph.Node, axis, size int, scale float64, r resizing) (graph.Node, []bool) {
	n := x.Dim(axis)
	places, matrix, outside := make([]int, size), []float64(nil), make([]bool, size)
	if r.mode != "nearest" {
		matrix = make([]float64, n*size)
	}
	from, to := 0.0, 1.0
	if r.region != nil {
		from, to = r.region[axis], r.region[x.Rank()+axis]
	}
	for i := range size {
		at, ok := r.source(i, n, size, scale, from, to)
		if !ok {
			c.failf("coordinate_transformation_mode %q", r.coordinates)
			return graph.Node{}, nil
		}
		outside[i] = r.region != nil && !(at >= 0 && at <= float64(n-1))
		if !(math.Abs(at) < 2*farthest) {
			c.failf("coordinate %g of %d entries", at, n)
			return graph.Node{}, nil
		}
		if r.mode != "nearest" {
			r.weigh(at, scale, n, func(place int, share float64) { matrix[place*size+i] += share })
			continue
		}
		if places[i], ok = r.rounded(at, n); !ok {
			c.failf("nearest_mode %q", r.nearest)
			return graph.Node{}, nil
		}
	}
	if r.mode != "nearest" {
		return c.multiplied(x, axis, matrix, size), outside
	}
	return c.pick(x, axis, places), outside
}

// weigh gives the entries that make up a coordinate, and their shares. With antialias, a scale below 1 widens the neighbourhood.
func (r resizing) weigh(at, scale float64, n int, f func(place int, share float64)) {
	reach, weight := 1.0, func(x float64) float64 { return math.Max(0, 1-x) }
	if r.mode == "cubic" {
		reach, weight = 2, r.cubic
	}
	if scale = math.Min(scale, 1); !r.antialias {
		scale = 1
	}
	base := math.Ceil(at) - 1
	first := math.Max(math.Floor(-reach/scale), float64(-4*n-8)) + 1
	shares, sum := []float64{}, 0.0
	for k := first; k <= 1-first; k++ {
		share := weight(math.Abs(base+k-at) * scale)
		if place := base + k; r.inside && (place < 0 || place >= float64(n)) {
			share = 0
		}
		shares, sum = append(shares, share), sum+share
	}
	for i, share := range shares {
		f(int(max(0, min(float64(n-1), base+first+float64(i)))), share/sum)
	}
}

// cubic is the weight of an entry at a distance. (Keys, Cubic convolution interpolation for digital image processing, 1981)
func (r resizing) cubic(x float64) float64 {
	switch {
	case x <= 1:
		return ((r.a+2)*x-(r.a+3))*x*x + 1
	case x < 2:
		return ((r.a*x-5*r.a)*x+8*r.a)*x - 4*r.a
	}
	return 0
}

// source is the coordinate, of n, that entry i of size reads.
func (r resizing) source(i, n, size int, scale, from, to float64) (float64, bool) {
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
	case "tf_crop_and_resize":
		if size == 1 {
			return (from + to) / 2 * float64(n-1), true
		}
		return from*float64(n-1) + at*(to-from)*float64(n-1)/float64(size-1), true
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
