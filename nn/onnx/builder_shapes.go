package onnx

import (
	"fmt"
	"math"

	"github.com/unroll-go/unroll/internal/op"
)

// product writes a matrix product. In ONNX no operand is transposed, and one of more dimensions is many matrices.
func (w *writer) product(i int) string {
	n := w.list[i]
	a, b := w.operand(i, 0), w.operand(i, 1)
	var turnA, turnB bool
	switch o := n.Op.(type) {
	case op.MatMul:
		turnA, turnB = o.TransA, o.TransB
		if turnA { // over all rows of both
			a, b = w.flat(i, n.In[0]), w.flat(i, n.In[1])
			return w.node(i, "MatMul", []string{w.node(i, "Transpose", []string{a}, attrInts("perm", 1, 0)), b})
		}
	case op.BatchMatMul:
		turnA, turnB = o.TransA, o.TransB
	}
	if turnA {
		a = w.turned(i, n.In[0])
	}
	if turnB {
		b = w.turned(i, n.In[1])
	}
	return w.node(i, "MatMul", []string{a, b})
}

// turned swaps the last two dimensions of a node. Where it is outside of a loop, that is done once.
func (w *writer) turned(i, at int) string {
	perm := make([]int64, w.rank(at))
	for k := range perm {
		perm[k] = int64(k)
	}
	last := len(perm) - 1
	perm[last], perm[last-1] = perm[last-1], perm[last]
	key := fmt.Sprint("turned ", w.names[at])
	if name, ok := w.sizes[key]; ok {
		return name
	}
	if w.inside(at) {
		return w.node(i, "Transpose", []string{w.names[at]}, attrInts("perm", perm...))
	}
	defer w.outside()()
	w.sizes[key] = w.node(i, "Transpose", []string{w.names[at]}, attrInts("perm", perm...))
	return w.sizes[key]
}

// flat is a node as a matrix of its last dimension.
func (w *writer) flat(i, at int) string {
	if w.rank(at) == 2 {
		return w.names[at]
	}
	shape := w.list[at].Shape
	return w.node(i, "Reshape", []string{w.names[at], w.b.numbers(-1, shape[len(shape)-1])})
}

// reshape gives a value the shape of node i. ONNX takes 0 for a dimension that stays, and -1 for one that follows from the others.
func (w *writer) reshape(i int, x string, from int) string {
	sizes, open := make([]int, w.rank(i)), 0
	for k := range sizes {
		v := w.sizesOf(i, k)
		switch {
		case same(v):
			sizes[k] = v[0]
		case from >= 0 && k < w.rank(from) && fmt.Sprint(w.sizesOf(from, k)) == fmt.Sprint(v):
			sizes[k] = 0
		default:
			sizes[k] = -1
			open++
		}
	}
	if open <= 1 {
		return w.node(i, "Reshape", []string{x, w.b.numbers(sizes...)})
	}
	shape, ok := w.shapeValue(i, -1)
	if !ok {
		return w.refuse(i, w.list[i].Op.String())
	}
	return w.node(i, "Reshape", []string{x, shape})
}

// expand repeats a value of as many dimensions.
func (w *writer) expand(i int, x string, from int) string {
	shape, ok := w.shapeValue(i, from)
	if !ok {
		return w.refuse(i, w.list[i].Op.String())
	}
	return w.node(i, "Expand", []string{x, shape})
}

// spans finds the dimensions from a up to b of a node that an operation sees as [outer, n, inner], in every trace: as few as can be,
// so that those of size 1 beside them stay out.
func (w *writer) spans(at int, see func(t int) (outer, n, inner int)) (a, b int, ok bool) {
	fits := func(a, b int) bool {
		for t := range traces {
			s := w.shape(at, t)
			outer, n, inner := see(t)
			if op.Size(s[:a]) != outer || op.Size(s[a:b]) != n || op.Size(s[b:]) != inner {
				return false
			}
		}
		return true
	}
	rank := w.rank(at)
	for count := min(1, rank); count <= rank; count++ {
		for a := 0; a+count <= rank; a++ {
			if fits(a, a+count) {
				return a, a + count, true
			}
		}
	}
	return 0, 0, false
}

// reduce adds up or finds the largest along some axes that lie beside each other.
func (w *writer) reduce(i int) string {
	from := w.list[i].In[0]
	a, b, ok := w.spans(from, func(t int) (int, int, int) {
		switch o := w.all[t][i].Op.(type) {
		case op.Sum:
			return o.Outer, o.N, o.Inner
		case op.Max:
			return o.Outer, o.N, o.Inner
		}
		return 0, 0, 0
	})
	if !ok {
		return w.refuse(i, w.list[i].Op.String())
	}
	y := w.operand(i, 0)
	if a < b {
		var axes []int
		var wide []int64
		for k := a; k < b; k++ {
			axes, wide = append(axes, k), append(wide, int64(k))
		}
		if _, sum := w.list[i].Op.(op.Sum); sum {
			y = w.node(i, "ReduceSum", []string{y, w.b.numbers(axes...)}, attrInt("keepdims", 0))
		} else {
			y = w.node(i, "ReduceMax", []string{y}, attrInts("axes", wide...), attrInt("keepdims", 0))
		}
	}
	if w.rank(i) != w.rank(from)-(b-a) {
		y = w.reshape(i, y, -1)
	}
	return y
}

// along writes what takes or joins entries of one axis.
func (w *writer) along(i int) string {
	switch w.list[i].Op.(type) {
	case op.Slice:
		return w.slice(i)
	case *op.Concat:
		return w.concat(i)
	}
	return w.take(i)
}

func (w *writer) slice(i int) string {
	from := w.list[i].In[0]
	cut := func(t int) op.Slice { return w.all[t][i].Op.(op.Slice) }
	at, _, ok := w.spans(from, func(t int) (int, int, int) { return cut(t).Outer, cut(t).N, cut(t).Inner })
	if !ok {
		return w.refuse(i, w.list[i].Op.String())
	}
	starts, ends, lengths := make([]int, traces), make([]int, traces), make([]int, traces)
	for t := range traces {
		starts[t], ends[t], lengths[t] = cut(t).Start, cut(t).End, cut(t).N
	}
	start, okStart := w.bound(starts, lengths, from)
	end, okEnd := w.bound(ends, lengths, from)
	if !okStart || !okEnd {
		return w.refuse(i, w.list[i].Op.String())
	}
	y := w.node(i, "Slice", []string{w.operand(i, 0), start, end, w.b.numbers(at)})
	if w.rank(i) < w.rank(from) { // one entry of Unstack
		y = w.node(i, "Squeeze", []string{y, w.b.numbers(at)})
	}
	return y
}

// bound is an end of a slice of an axis: a number, one counted from the end, or a size.
func (w *writer) bound(v, lengths []int, from int) (string, bool) {
	if same(v) {
		return w.b.numbers(v[0]), true
	}
	back := make([]int, traces)
	for t := range back {
		back[t] = v[t] - lengths[t]
	}
	switch {
	case same(back) && back[0] == 0:
		return w.b.numbers(math.MaxInt32), true
	case same(back):
		return w.b.numbers(back[0]), true
	}
	return w.size(v, from)
}

func (w *writer) concat(i int) string {
	n := w.list[i]
	first := n.In[0]
	x := w.operands(i)
	if w.rank(i) > w.rank(first) { // Stack
		for k, name := range x {
			x[k] = w.node(i, "Unsqueeze", []string{name, w.b.numbers(0)})
		}
		return w.node(i, "Concat", x, attrInt("axis", 0))
	}
	for axis := range w.rank(i) {
		fits := true
		for t := range traces {
			o, s := w.all[t][i].Op.(*op.Concat), w.shape(i, t)
			fits = fits && op.Size(s[:axis]) == o.Outer && op.Size(s[axis+1:]) == o.Inner
			for k, kid := range n.In {
				fits = fits && w.shape(kid, t)[axis] == o.Len(k)
			}
		}
		if fits {
			return w.node(i, "Concat", x, attrInt("axis", axis))
		}
	}
	return w.refuse(i, n.Op.String())
}

// take picks known places, the same for all sizes; or it turns an axis round.
func (w *writer) take(i int) string {
	from := w.list[i].In[0]
	see := func(t int) *op.Take { return w.all[t][i].Op.(*op.Take) }
	at, _, ok := w.spans(from, func(t int) (int, int, int) { return see(t).Outer, see(t).N, see(t).Inner })
	if !ok {
		return w.refuse(i, w.list[i].Op.String())
	}
	turned, equal, inside := true, true, true
	for t := range traces {
		o := see(t)
		equal = equal && fmt.Sprint(o.At) == fmt.Sprint(see(0).At)
		turned = turned && len(o.At) == o.N
		for k, place := range o.At {
			turned, inside = turned && place == o.N-1-k, inside && place >= 0
		}
	}
	x := w.operand(i, 0)
	switch {
	case turned:
		return w.node(i, "Slice", []string{x, w.b.numbers(-1), w.b.numbers(math.MinInt32), w.b.numbers(at), w.b.numbers(-1)})
	case equal && inside:
		return w.node(i, "Gather", []string{x, w.b.numbers(see(0).At...)}, attrInt("axis", at))
	}
	return w.refuse(i, w.list[i].Op.String())
}

// window writes a convolution or a pool.
func (w *writer) window(i int) string {
	n, x := w.list[i], w.operands(i)
	axes := w.rank(i) - 2
	attributes := func(o op.Window) []*attribute {
		list := func(from [3]int) []int64 {
			var out []int64
			for _, v := range from[3-axes:] {
				out = append(out, int64(v))
			}
			return out
		}
		return []*attribute{attrInts("kernel_shape", list(o.Kernel)...), attrInts("strides", list(o.Stride)...),
			attrInts("pads", append(list(o.Before), list(o.After)...)...), attrInts("dilations", list(o.Dilation)...)}
	}
	for t := range traces {
		a, b := windowOf(w.all[t][i].Op), windowOf(n.Op)
		a.In, a.Out, b.In, b.Out = [3]int{}, [3]int{}, [3]int{}, [3]int{}
		if a != b {
			return w.refuse(i, n.Op.String()+" with a window that depends on sizes")
		}
	}
	switch o := n.Op.(type) {
	case op.Conv:
		return w.node(i, "Conv", x, append(attributes(o.Window), attrInt("group", o.Groups))...)
	case op.MaxPool:
		return w.node(i, "MaxPool", x, attributes(o.Window)...)
	case op.SumPool:
		if o.Dilation != [3]int{1, 1, 1} {
			break
		}
		a := attributes(o.Window)
		mean := w.node(i, "AveragePool", x, a[0], a[1], a[2], attrInt("count_include_pad", 1))
		return w.node(i, "Mul", []string{mean, w.number(float64(o.Taps()))})
	}
	return w.refuse(i, n.Op.String())
}

func windowOf(o op.Op) op.Window {
	switch o := o.(type) {
	case op.Conv:
		return o.Window
	case op.MaxPool:
		return o.Window
	case op.SumPool:
		return o.Window
	}
	return op.Window{}
}
