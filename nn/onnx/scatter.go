package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// The operators here put updates into a copy of a tensor, at places that whole numbers name. Seen as rows of the tensor and rows
// of updates, every row of the result is one or the other, so a scatter is a look-up: it has a gradient, and of two
// updates of one row the last stays, as in ONNX Runtime.

// buildScatterElements puts one number for every place of the index: y[index[i][j]][j] = updates[i][j] for axis 0.
func buildScatterElements(c *call) []value {
	v, updates := c.arg(0), c.arg(2)
	index, ok := c.wholes(1)
	if !ok || v.absent() || updates.absent() {
		return c.failf("an input is missing")
	}
	places, ok := c.elementPlaces(v.shape(), index)
	if !ok {
		return nil
	}
	if !slices.Equal(updates.shape(), index.shape()) {
		return c.failf("updates of shape %v for an index of shape %v", updates.shape(), index.shape())
	}
	return c.scattered(scatter{v: v, updates: updates, places: places, rows: sizeOf(v.shape())})
}

// buildScatterND puts slices at places that vectors of the index, its last axis, name.
func buildScatterND(c *call) []value {
	v, updates := c.arg(0), c.arg(2)
	index, ok := c.wholes(1)
	if !ok || v.absent() || updates.absent() || len(index.shape()) < 1 {
		return c.failf("an input is missing")
	}
	places, inner, ok := c.vectorPlaces(v.shape(), index, 0)
	if !ok {
		return nil
	}
	if want := append(cloneInts(places.shape()), inner...); !slices.Equal(updates.shape(), want) {
		return c.failf("updates of shape %v; want %v", updates.shape(), want)
	}
	return c.scattered(scatter{v: v, updates: updates, places: places, rows: sizeOf(v.shape()) / max(1, sizeOf(inner)), inner: inner})
}

// scatter is a tensor as rows of a shape, and updates of some of them.
type scatter struct {
	v, updates, places value
	rows               int
	inner              []int
}

// mostRounds is how many updates of one row there may be that are multiplied or compared: each is a step of its own.
const mostRounds = 256

func (c *call) scattered(s scatter) []value {
	how := c.node.string("reduction", "none")
	m := sizeOf(s.places.shape())
	if m == 0 {
		return []value{s.v}
	}
	switch how {
	case "none":
		return []value{c.replaced(s, s.v, nil)}
	case "add":
		if !s.v.isWhole() {
			return []value{c.added(s)}
		}
	case "mul", "max", "min":
	default:
		return c.failf("reduction %q; want none, add, mul, max or min", how)
	}
	op := map[string]string{"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}[how]
	if s.v.isWhole() {
		return []value{c.reducedWhole(s, wholeFunctions[op])}
	}
	turns := make([]int, m) // the round of each update: no two of one row in the same
	for i := range turns {
		turns[i] = i
	}
	if k := s.places.known; k != nil {
		seen := map[int]int{}
		for i, p := range k.ints {
			turns[i], seen[p] = seen[p], seen[p]+1
		}
	}
	rounds := slices.Max(turns) + 1
	if rounds > mostRounds {
		return c.failf("%d updates with reduction %q, which may be of one row; want at most %d", rounds, how, mostRounds)
	}
	out := s.v
	for r := range rounds {
		own := func(i int) bool { return turns[i] == r }
		updates := c.computedFloats(c.replaced(s, out, own))
		hit := c.broadcastRows(c.asTruth(c.hits(s, own)).node, s)
		old := c.computedFloats(out)
		if c.g.Err() != nil {
			return nil
		}
		var next graph.Node
		switch how {
		case "mul":
			next = c.g.Mul(old, updates)
		default:
			next = c.larger(how == "max", old, updates)
		}
		out = value{node: c.g.Where(hit, next, old)}
	}
	return []value{out}
}

// replaced puts the updates that have a turn, nil for all, in place of rows of a tensor.
func (c *call) replaced(s scatter, v value, turn func(i int) bool) value {
	rows := s.rows
	from := c.computed(onnxpb.TensorProto_INT64, []int{rows}, func(dst []int, in [][]int) error {
		for i := range dst {
			dst[i] = i
		}
		for i, p := range in[0] {
			if turn == nil || turn(i) {
				dst[p] = rows + i
			}
		}
		return nil
	}, s.places)
	if c.g.Err() != nil {
		return value{}
	}
	m := sizeOf(s.places.shape())
	both := []value{first(c.relabelled(v, append([]int{rows}, s.inner...))), first(c.relabelled(s.updates, append([]int{m}, s.inner...)))}
	if c.g.Err() != nil {
		return value{}
	}
	out := c.rowsAt(first(c.concat(both, 0)), rows+m, s.inner, from)
	if c.g.Err() != nil {
		return value{}
	}
	return first(c.relabelled(out, s.v.shape()))
}

// hits are 1 for the rows that updates with a turn replace, and 0 for the others.
func (c *call) hits(s scatter, turn func(i int) bool) value {
	out := c.computed(onnxpb.TensorProto_BOOL, []int{s.rows}, func(dst []int, in [][]int) error {
		clear(dst)
		for i, p := range in[0] {
			if turn(i) {
				dst[p] = 1
			}
		}
		return nil
	}, s.places)
	if out.known != nil {
		out = value{ids: c.ids(out), idKind: onnxpb.TensorProto_BOOL}
	}
	return out
}

// broadcastRows gives a number for each row the shape of the tensor.
func (c *call) broadcastRows(x graph.Node, s scatter) graph.Node {
	if c.g.Err() != nil {
		return graph.Node{}
	}
	x = c.g.Reshape(x, append([]int{s.rows}, repeated(1, len(s.inner))...)...)
	return c.g.Reshape(c.g.BroadcastTo(x, append([]int{s.rows}, s.inner...)...), s.v.shape()...)
}

// added adds the updates to their rows.
func (c *call) added(s scatter) value {
	m, n := sizeOf(s.places.shape()), sizeOf(s.inner)
	x, updates, at := c.computedFloats(s.v), c.computedFloats(s.updates), c.ids(s.places)
	at = c.moved(value{ids: at}, []int{m}, inOrder, 0, nil).ids
	if c.g.Err() != nil {
		return value{}
	}
	sums := c.g.Scatter(c.g.Transpose(c.g.Reshape(updates, m, n)), at, s.rows) // [n, rows]
	return value{node: c.g.Add(x, c.g.Reshape(c.g.Transpose(sums), s.v.shape()...))}
}

// reducedWhole combines whole numbers with those of their rows.
func (c *call) reducedWhole(s scatter, f func(x, y int) (int, error)) value {
	n, kind := sizeOf(s.inner), c.elements(s.v)
	return c.computed(kind, s.v.shape(), func(dst []int, in [][]int) error {
		copy(dst, in[0])
		for i, p := range in[1] {
			for k := range n {
				v, err := f(dst[p*n+k], in[2][i*n+k])
				if err != nil {
					return err
				}
				dst[p*n+k] = v
			}
		}
		return fitAll(kind, dst)
	}, s.v, s.places, s.updates)
}
