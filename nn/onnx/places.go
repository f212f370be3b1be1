package onnx

import (
	"cmp"
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// The operators here take elements at places that whole numbers name, or find such places.

// rowsAt views v as so many rows, and takes those at places [...], which may be known only when the model runs.
func (c *call) rowsAt(v value, rows int, inner []int, places value) value {
	if c.g.Err() != nil {
		return value{}
	}
	n := sizeOf(inner)
	shape := append(cloneInts(places.shape()), inner...)
	if !c.room(shape) {
		return value{}
	}
	if v.isWhole() && !v.truth {
		return c.computed(c.elements(v), shape, func(dst []int, in [][]int) error {
			for i, p := range in[1] {
				copy(dst[i*n:(i+1)*n], in[0][p*n:])
			}
			return nil
		}, v, places)
	}
	if v.known != nil && places.known != nil {
		return value{known: v.known.at(shape, blockPlaces(1, 0, n, places.known.ints), 0)}
	}
	x := c.computedFloats(v)
	if c.g.Err() != nil {
		return value{}
	}
	table := c.g.Reshape(x, append([]int{rows}, inner...)...)
	if k := places.known; k != nil && k.len() > 0 {
		return value{node: c.g.Reshape(c.pick(table, 0, k.ints), shape...), truth: v.truth}
	}
	return value{node: c.g.Gather(table, c.ids(places)), truth: v.truth}
}

// buildGatherElements takes one entry of an axis for every place of the index: y[i][j] = x[index[i][j]][j] for axis 0.
func buildGatherElements(c *call) []value {
	v := c.arg(0)
	index, ok := c.wholes(1)
	if !ok || v.absent() {
		return c.failf("an input is missing")
	}
	places, ok := c.elementPlaces(v.shape(), index)
	if !ok {
		return nil
	}
	return []value{c.rowsAt(v, sizeOf(v.shape()), nil, places)}
}

// elementPlaces are the places in a tensor that an index along the node's axis means.
func (c *call) elementPlaces(have []int, index value) (value, bool) {
	axis, ok := c.axis(c.int("axis", 0), len(have))
	if !ok {
		return value{}, false
	}
	shape := index.shape()
	for i := range have {
		if len(shape) != len(have) || i != axis && shape[i] > have[i] {
			c.failf("an index of shape %v for a tensor of shape %v", shape, have)
			return value{}, false
		}
	}
	if !c.room(shape) {
		return value{}, false
	}
	moves := steps(have)
	n, along := have[axis], moves[axis]
	moves[axis] = 0
	base := strided(shape, moves)
	out := c.computed(onnxpb.TensorProto_INT64, shape, func(dst []int, in [][]int) error {
		for i, at := range in[0] {
			at, err := fromEnd(at, n)
			if err != nil {
				return err
			}
			dst[i] = base[i] + at*along
		}
		return nil
	}, index)
	return out, c.g.Err() == nil
}

// buildGatherND takes slices of x that vectors of the index, its last axis, name: after batch_dims axes that both share.
func buildGatherND(c *call) []value {
	v := c.arg(0)
	index, ok := c.wholes(1)
	if !ok || v.absent() {
		return c.failf("an input is missing")
	}
	have, shape, batch := v.shape(), index.shape(), c.int("batch_dims", 0)
	if batch < 0 || batch >= len(shape) || batch >= len(have) || !slices.Equal(have[:batch], shape[:batch]) {
		return c.failf("batch_dims %d, an index of shape %v and a tensor of shape %v", batch, shape, have)
	}
	places, inner, ok := c.vectorPlaces(have, index, batch)
	if !ok {
		return nil
	}
	return []value{c.rowsAt(v, sizeOf(have)/max(1, sizeOf(inner)), inner, places)}
}

// vectorPlaces are the rows that the vectors of an index name, and the shape of a row.
func (c *call) vectorPlaces(have []int, index value, batch int) (places value, inner []int, ok bool) {
	shape := index.shape()
	k := shape[len(shape)-1]
	if k < 1 || batch+k > len(have) {
		c.failf("an index of shape %v for a tensor of shape %v", shape, have)
		return value{}, nil, false
	}
	axes, inner := have[batch:batch+k], have[batch+k:]
	moves := steps(have[:batch+k])
	out := shape[:len(shape)-1]
	each := sizeOf(out[batch:])
	places = c.computed(onnxpb.TensorProto_INT64, out, func(dst []int, in [][]int) error {
		for i := range dst {
			dst[i] = i / each * sizeOf(axes) // the batch
			for j, n := range axes {
				at, err := fromEnd(in[0][i*k+j], n)
				if err != nil {
					return err
				}
				dst[i] += at * moves[batch+j]
			}
		}
		return nil
	}, index)
	return places, inner, c.g.Err() == nil
}

// buildTopK gives the k largest of an axis and their places, or the smallest, in order. Of equal ones the first comes first.
func buildTopK(c *call) []value {
	v := c.arg(0)
	k := c.node.ints("k")
	if c.has("k") {
		k = []int{c.int("k", 0)}
	}
	if c.opset >= 10 {
		var ok bool
		if k, ok = c.ints(1); !ok {
			return nil
		}
	}
	axis, ok := c.axis(c.int("axis", -1), len(v.shape()))
	if !ok {
		return nil
	}
	n := v.shape()[axis]
	if len(k) != 1 || k[0] < 1 || k[0] > n {
		return c.failf("k %v of %d entries; want one number from 1 on, at most all", k, n)
	}
	swap := swapped(len(v.shape()), axis)
	v = c.transposedTo(v, swap)
	places := c.largest(v, k[0], c.int("largest", 1) != 0)
	if c.g.Err() != nil {
		return nil
	}
	base := func(i int) int { return i / k[0] * n } // of the row
	flat := c.computed(onnxpb.TensorProto_INT64, places.shape(), func(dst []int, in [][]int) error {
		for i, at := range in[0] {
			dst[i] = base(i) + at
		}
		return nil
	}, places)
	numbers := c.rowsAt(v, sizeOf(v.shape()), nil, flat)
	if c.g.Err() != nil {
		return nil
	}
	return []value{c.transposedTo(numbers, swap), c.transposedTo(places, swap)}
}

// largest are the places of the k largest of the last axis, or the smallest.
func (c *call) largest(v value, k int, largest bool) value {
	if c.g.Err() != nil {
		return value{}
	}
	shape := v.shape()
	n := shape[len(shape)-1]
	out := append(cloneInts(shape[:len(shape)-1]), k)
	if !v.isWhole() {
		x := c.computedFloats(v)
		if !largest && c.g.Err() == nil {
			x = c.g.Neg(x)
		}
		return value{ids: c.g.TopK(x, k), idKind: onnxpb.TensorProto_INT64}
	}
	return c.computed(onnxpb.TensorProto_INT64, out, func(dst []int, in [][]int) error {
		places := make([]int, n)
		for r := 0; r*k < len(dst); r++ {
			row := in[0][r*n : (r+1)*n]
			for i := range places {
				places[i] = i
			}
			slices.SortStableFunc(places, func(a, b int) int {
				if largest {
					a, b = b, a
				}
				return cmp.Compare(row[a], row[b])
			})
			copy(dst[r*k:(r+1)*k], places)
		}
		return nil
	}, v)
}

// buildArgMax finds the place of the first maximum of an axis, or minimum; of the last one if the file says so.
func buildArgMax(c *call) []value {
	v := c.arg(0)
	axis, ok := c.axis(c.int("axis", 0), len(v.shape()))
	if !ok {
		return nil
	}
	have := v.shape()
	n, last := have[axis], c.int("select_last_index", 0) != 0
	if n < 1 || v.absent() {
		return c.failf("an input that is missing, or has no entries along axis %d", axis)
	}
	if last {
		v = c.picked(v, axis, n-1, n, -1)
	}
	v = c.transposedTo(v, swapped(len(have), axis))
	places := c.largest1(v, c.op == "ArgMax")
	if last {
		places = c.combined(onnxpb.TensorProto_INT64, value{known: single(n - 1)}, places, wholeFunctions["Sub"])
	}
	if c.g.Err() != nil {
		return nil
	}
	places = c.transposedTo(places, swapped(len(have), axis))
	if c.int("keepdims", 1) != 0 || c.g.Err() != nil {
		return []value{places}
	}
	return c.relabelled(places, slices.Delete(cloneInts(have), axis, axis+1))
}

// largest1 is largest for one, which needs no sorting of floats.
func (c *call) largest1(v value, largest bool) value {
	if v.isWhole() || c.g.Err() != nil {
		return c.largest(v, 1, largest)
	}
	x := c.computedFloats(v)
	if c.g.Err() != nil {
		return value{}
	}
	if !largest {
		x = c.g.Neg(x)
	}
	shape := v.shape()
	shape[len(shape)-1] = 1
	return c.moved(value{ids: c.g.ArgMax(x), idKind: onnxpb.TensorProto_INT64}, shape, inOrder, 0, func(x graph.Node) graph.Node { return x })
}

// single is a known whole number.
func single(v int) *constant {
	return &constant{kind: onnxpb.TensorProto_INT64, shape: []int{}, ints: []int{v}}
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

// buildOneHot puts the on value where a new axis has the number of the entry, and the off value elsewhere.
func buildOneHot(c *call) []value {
	depth, v, values := c.arg(1).known, c.arg(0), c.arg(2)
	switch {
	case c.g.Err() != nil:
		return nil
	case depth == nil || depth.len() != 1 || !(depth.number(0) >= 1 && depth.number(0) <= farthest):
		return c.failf("input 1 (%q), the depth, is not one number above 0 that is known before", c.node.input(1))
	case values.absent() || len(values.shape()) != 1 || values.shape()[0] != 2:
		return c.failf("input 2 (%q) is no pair of numbers: off and on", c.node.input(2))
	}
	if !v.isWhole() { // floats that are whole numbers
		v = first(c.cast(v, onnxpb.TensorProto_INT64))
	}
	n, have := int(depth.number(0)), v.shape()
	axis, ok := c.axis(c.int("axis", -1), len(have)+1)
	if !ok {
		return nil
	}
	shape := slices.Insert(cloneInts(have), axis, n)
	inner := sizeOf(have[axis:])
	hot := c.computed(onnxpb.TensorProto_BOOL, shape, func(dst []int, in [][]int) error {
		clear(dst)
		for i, id := range in[0] {
			if id < 0 {
				id += n
			}
			if id >= 0 && id < n {
				dst[(i/inner*n+id)*inner+i%inner] = 1
			}
		}
		return nil
	}, v)
	if values.isWhole() {
		return []value{c.computed(c.elements(values), shape, func(dst []int, in [][]int) error {
			for i, k := range in[0] {
				dst[i] = in[1][k]
			}
			return nil
		}, hot, values)}
	}
	return []value{c.rowsAt(values, 2, nil, hot)}
}

// first is the first of some values.
func first(v []value) value {
	if len(v) == 0 {
		return value{}
	}
	return v[0]
}

// buildNonZero lists the places of what is not 0, axis by axis: how many there are must be known when the graph is built.
func buildNonZero(c *call) []value {
	k := c.arg(0).known
	if k == nil {
		return c.failf("input 0 (%q) is computed when the model runs; want numbers that are known before, as how many are not 0 decides shapes",
			c.node.input(0))
	}
	var places []int
	for i := range k.len() {
		if k.number(i) != 0 {
			places = append(places, i)
		}
	}
	out := &constant{kind: onnxpb.TensorProto_INT64, shape: []int{len(k.shape), len(places)}, ints: []int{}}
	for d, step := range steps(k.shape) {
		for _, p := range places {
			out.ints = append(out.ints, p/step%k.shape[d])
		}
	}
	return []value{{known: out}}
}

// buildReverseSequence turns the first steps of each sequence round, as many as its length.
func buildReverseSequence(c *call) []value {
	v := c.arg(0)
	lengths, ok := c.wholes(1)
	batch, time := c.int("batch_axis", 1), c.int("time_axis", 0)
	have := v.shape()
	if !ok || v.absent() || len(have) < 2 || batch+time != 1 || batch*time != 0 || !slices.Equal(lengths.shape(), []int{have[batch]}) {
		return c.failf("a tensor of shape %v, lengths of shape %v, batch_axis %d and time_axis %d; want axes 0 and 1",
			have, lengths.shape(), batch, time)
	}
	T, move := have[time], steps(have[:2])
	places := c.computed(onnxpb.TensorProto_INT64, have[:2], func(dst []int, in [][]int) error {
		for b, n := range in[0] {
			for t := range T {
				from := t
				if t < min(n, T) {
					from = min(n, T) - 1 - t
				}
				dst[t*move[time]+b*move[batch]] = from*move[time] + b*move[batch]
			}
		}
		return nil
	}, lengths)
	return []value{c.rowsAt(v, have[0]*have[1], have[2:], places)}
}
