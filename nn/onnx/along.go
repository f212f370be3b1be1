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
	v := c.arg(0)
	at, ok := c.ints(1)
	if !ok || c.g.Err() != nil || v.absent() {
		return c.failf("an input is missing")
	}
	if len(at) != 1 {
		return c.failf("%d axes; want one", len(at))
	}
	axis, ok := c.axis(at[0], len(v.shape()))
	if !ok {
		return nil
	}
	n := v.shape()[axis]
	reverse, exclusive := c.int("reverse", 0) != 0, c.int("exclusive", 0) != 0
	if v.isWhole() {
		return []value{c.wholeSums(v, axis, reverse, exclusive)}
	}
	x := c.float(0)
	if c.g.Err() != nil || !c.room([]int{n, n}) {
		return nil
	}
	adds := make([]float64, n*n)
	for from := range n {
		for to := range n {
			before := from < to
			if reverse {
				before = from > to
			}
			if before || from == to && !exclusive {
				adds[from*n+to] = 1
			}
		}
	}
	return []value{{node: c.multiplied(x, axis, adds, n)}}
}

// wholeSums is a CumSum of whole numbers.
func (c *call) wholeSums(v value, axis int, reverse, exclusive bool) value {
	shape, kind := v.shape(), c.elements(v)
	n, inner := shape[axis], sizeOf(shape[axis+1:])
	return c.computed(kind, shape, func(dst []int, in [][]int) error {
		for start := 0; start < len(dst); start += n * inner {
			for k := range inner {
				sum := 0
				for i := range n {
					at := start + i*inner + k
					if reverse {
						at = start + (n-1-i)*inner + k
					}
					before := sum
					sum += in[0][at]
					dst[at] = sum
					if exclusive {
						dst[at] = before
					}
				}
			}
		}
		return fitAll(kind, dst)
	}, v)
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
	places := func() []int {
		at := make([]int, sizeOf(have))
		for i := range at {
			at[i] = -1
			if kept(i % (rows * cols)) {
				at[i] = i
			}
		}
		return at
	}
	return []value{c.moved(v, have, places, 0, func(x graph.Node) graph.Node {
		mask := make([]float64, rows*cols)
		for i := range mask {
			if kept(i) {
				mask[i] = 1
			}
		}
		full := c.g.BroadcastTo(c.g.Const(graph.Floats64(mask, rows, cols)), have...)
		return c.g.Where(full, x, c.g.Full(0))
	})}
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
	count = max(count, 0)
	if !c.room([]int{int(count)}) {
		return nil
	}
	out := &constant{kind: c.m.kind, shape: []int{int(count)}, floats: make([]float64, int(count))}
	for i := range out.floats {
		out.floats[i] = start + float64(float64(i)*step)
	}
	return []value{{known: out}}
}
