package onnx

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// The operators here compute along one axis.

// multiplied multiplies an axis of x by a matrix [n, m], row by row; the axis then has m entries.
func (c *call) multiplied(x graph.Node, axis int, matrix []float64, m int) graph.Node {
	if c.g.Err() != nil {
		return graph.Node{}
	}
	n, last := x.Dim(axis), x.Rank()-1
	if last == 0 {
		return c.g.Reshape(c.multiplied(c.g.Reshape(x, 1, n), 1, matrix, m), m)
	}
	perm := make([]int, x.Rank())
	for i := range perm {
		perm[i] = i
	}
	perm[axis], perm[last] = last, axis
	y := c.g.MatMul(c.g.Transpose(x, perm...), c.g.Const(graph.Floats64(matrix, n, m)))
	return c.g.Transpose(y, perm...)
}

// buildCumSum adds up what comes before each entry of an axis, and the entry itself unless the sum is exclusive; in reverse,
// what comes after.
func buildCumSum(c *call) []value {
	x := c.float(0)
	at, ok := c.ints(1)
	if !ok || c.g.Err() != nil {
		return nil
	}
	if len(at) != 1 {
		return c.failf("%d axes; want one", len(at))
	}
	axis, ok := c.axis(at[0], x.Rank())
	if !ok {
		return nil
	}
	n := x.Dim(axis)
	if !c.room([]int{n, n}) {
		return nil
	}
	adds := make([]float64, n*n)
	for from := range n {
		for to := range n {
			before, same := from < to, from == to
			if c.int("reverse", 0) != 0 {
				before = from > to
			}
			if before || same && c.int("exclusive", 0) == 0 {
				adds[from*n+to] = 1
			}
		}
	}
	return []value{{node: c.multiplied(x, axis, adds, n)}}
}

// buildTrilu keeps one of the two triangles of the last two axes, and puts zeros elsewhere.
func buildTrilu(c *call) []value {
	k := 0
	if !c.arg(1).absent() {
		v, ok := c.ints(1)
		if !ok {
			return nil
		}
		if len(v) != 1 {
			return c.failf("%d diagonals; want one", len(v))
		}
		k = v[0]
	}
	v := c.arg(0)
	have := v.shape()
	if v.absent() || len(have) < 2 {
		return c.failf("a tensor of shape %v; want at least two dimensions", have)
	}
	rows, cols := have[len(have)-2], have[len(have)-1]
	kept := func(i int) bool { // an element of a matrix, by its place
		if c.int("upper", 1) != 0 {
			return i%cols-i/cols >= k
		}
		return i%cols-i/cols <= k
	}
	if known := v.known; known != nil && known.floats == nil {
		places := make([]int, known.len())
		for i := range places {
			places[i] = -1
			if kept(i % (rows * cols)) {
				places[i] = i
			}
		}
		return []value{{known: known.at(have, places, 0)}}
	}
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	mask := make([]float64, rows*cols)
	for i := range mask {
		if kept(i) {
			mask[i] = 1
		}
	}
	full := c.g.BroadcastTo(c.g.Const(graph.Floats64(mask, rows, cols)), have...)
	return []value{{node: c.g.Where(full, x, c.g.Full(0)), truth: v.truth}}
}

// buildArgMax finds the place of the first maximum of an axis, or minimum: whole numbers that are known when the model runs.
func buildArgMax(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	axis, ok := c.axis(c.int("axis", 0), x.Rank())
	if !ok {
		return nil
	}
	if c.int("select_last_index", 0) != 0 {
		return c.failf("select_last_index %d; want 0", c.int("select_last_index", 0))
	}
	if c.op == "ArgMin" {
		x = c.g.Neg(x)
	}
	shape := x.Shape()
	perm := make([]int, 0, len(shape))
	for i := range shape {
		if i != axis {
			perm = append(perm, i)
		}
	}
	places := c.g.ArgMax(c.g.Transpose(x, append(perm, axis)...))
	out := value{ids: &idView{base: places, shape: places.Shape()}}
	if c.int("keepdims", 1) == 0 || c.g.Err() != nil {
		return []value{out}
	}
	shape[axis] = 1
	return c.relabelled(out, shape)
}

// buildOneHot puts the on value where a new axis has the number of the entry, and the off value elsewhere.
func buildOneHot(c *call) []value {
	depth, v, values := c.arg(1).known, c.arg(0), c.arg(2).known
	switch {
	case c.g.Err() != nil:
		return nil
	case depth == nil || depth.len() != 1 || !(depth.number(0) >= 1 && depth.number(0) <= farthest):
		return c.failf("input 1 (%q), the depth, is not one number above 0 that is known before", c.node.input(1))
	case v.ids == nil && (v.known == nil || v.known.floats != nil || v.known.len() == 0):
		return c.failf("input 0 (%q) holds floats, or nothing; want whole numbers", c.node.input(0))
	case values == nil || values.len() != 2:
		return c.failf("input 2 (%q) is no pair of numbers that are known before: off and on", c.node.input(2))
	}
	n, rank := int(depth.number(0)), len(v.shape())
	axis, ok := c.axis(c.int("axis", -1), rank+1)
	if !ok || !c.room(append(cloneInts(v.shape()), 2*n)) {
		return nil
	}
	if v.known != nil {
		v = value{ids: &idView{base: c.g.Const(graph.Ints(v.known.ints)), shape: v.known.shape,
			ops: []reshaping{func(x graph.Node, tail []int) graph.Node {
				return c.g.Reshape(x, append(cloneInts(v.known.shape), tail...)...)
			}}}}
	}
	count, fromEnd := make([]int, n), make([]int, n)
	for i := range count {
		count[i], fromEnd[i] = i, i-n
	}
	g := c.g
	same := g.Add(g.SameIDs(v.ids.base, g.Const(graph.Ints(count))), g.SameIDs(v.ids.base, g.Const(graph.Ints(fromEnd))))
	same = c.looked(v.ids, same, []int{n})
	perm := make([]int, 0, rank+1)
	for i := range rank {
		perm = append(perm, i)
	}
	perm = append(perm[:axis], append([]int{rank}, perm[axis:]...)...)
	off, on := values.number(0), values.number(1)
	return []value{{node: g.Affine(g.Transpose(same, perm...), on-off, off)}}
}

// materialised gives whole numbers as ids.
func (c *call) materialised(v value) (graph.Node, bool) {
	switch {
	case v.ids != nil && len(v.ids.ops) == 0:
		return v.ids.base, true
	case v.known != nil && v.known.floats == nil && v.known.len() > 0 && len(v.known.shape) > 0:
		if !c.room(v.known.shape) {
			return graph.Node{}, false
		}
		return c.g.Const(graph.Ints(v.known.ints, v.known.shape...)), true
	}
	c.failf("whole numbers of shape %v are rearranged before, or a single one; want an input of the model, or known ones", v.shape())
	return graph.Node{}, false
}

// buildGatherElements takes one entry of an axis for every place of the index: y[i][j] = x[index[i][j]][j] for axis 0.
func buildGatherElements(c *call) []value {
	x, index := c.float(0), c.arg(1)
	if c.g.Err() != nil || index.absent() {
		return c.failf("an input is missing")
	}
	axis, ok := c.axis(c.int("axis", 0), x.Rank())
	if !ok {
		return nil
	}
	shape := index.shape()
	if len(shape) != x.Rank() {
		return c.failf("an index of shape %v for a tensor of shape %v", shape, x.Shape())
	}
	n, last := x.Dim(axis), x.Rank()-1
	if k := index.known; k != nil && k.floats == nil {
		k = &constant{kind: k.kind, shape: k.shape, ints: cloneInts(k.ints)}
		for i, v := range k.ints {
			if v < 0 {
				k.ints[i] += n
			}
			if k.ints[i] < 0 || k.ints[i] >= n {
				return c.failf("index %d of axis %d, which has %d", v, axis, n)
			}
		}
		if axis != last {
			k = k.transposed(swapped(x.Rank(), axis))
		}
		index.known = k
	} else if axis != last {
		return c.failf("an index that is given when the model runs, along axis %d of %d; want the last", axis, x.Rank())
	}
	for i, d := range shape {
		if i != axis && d != x.Dim(i) {
			if d > x.Dim(i) || d < 1 {
				return c.failf("an index of shape %v for a tensor of shape %v", shape, x.Shape())
			}
			x = c.g.Slice(x, i, 0, d)
		}
	}
	ids, ok := c.materialised(index)
	if !ok {
		return nil
	}
	if axis == last {
		return []value{{node: c.g.Pick(x, ids)}}
	}
	swap := swapped(x.Rank(), axis)
	return []value{{node: c.g.Transpose(c.g.Pick(c.g.Transpose(x, swap...), ids), swap...)}}
}

// swapped is the order of axes in which one has changed places with the last.
func swapped(rank, axis int) []int {
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[axis], perm[rank-1] = rank-1, axis
	return perm
}

// floatRange counts known floats from a start up to a limit, without it.
func (c *call) floatRange() []value {
	var bound [3]float64
	for i := range bound {
		k := c.arg(i).known
		if k == nil || k.len() != 1 {
			return c.failf("input %d (%q) is not one number that is known before", i, c.node.input(i))
		}
		bound[i] = k.number(0)
	}
	start, limit, step := bound[0], bound[1], bound[2]
	count := math.Ceil((limit - start) / step)
	if step == 0 || math.IsNaN(count) || count > farthest {
		return c.failf("from %g to %g by %g", start, limit, step)
	}
	if count < 1 {
		return c.failf("no numbers from %g to %g by %g", start, limit, step)
	}
	if !c.room([]int{int(count)}) {
		return nil
	}
	out := &constant{kind: c.m.kind, shape: []int{int(count)}, floats: make([]float64, int(count))}
	for i := range out.floats {
		out.floats[i] = start + float64(i)*step
	}
	return []value{{known: out}}
}
