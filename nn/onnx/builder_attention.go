package onnx

import "math"

// Memory declares an input for what a decoder looks at, [source, batch, width]: the outputs of an encoder.
func (b *Builder) Memory(name string, width int) Value {
	return b.input(name, b.kind, Dim{Size: -1, Name: "source"}, batchDim, Dim{Size: width})
}

// SideBySide puts the final states of two directions, [layers·2, batch, H], next to each other, [layers, batch, 2·H], as
// recurrent.Bridge merges them for a decoder that is twice as wide.
func (b *Builder) SideBySide(states Value) Value {
	const what = "SideBySide"
	if !b.floats(what, states) {
		return Value{}
	}
	d := states.dims
	if len(d) != 3 || d[0].Size < 2 || d[0].Size%2 != 0 || d[2].Size < 1 {
		return b.failf("%s: states %q; want those of two directions, [layers·2, batch, width]", what, Port{Name: states.name, Dims: d})
	}
	layers, width := d[0].Size/2, 2*d[2].Size
	apart := b.node("", "Reshape", 1, []string{states.name, b.numbers(layers, 2, -1, d[2].Size)})[0]
	turned := b.node("", "Transpose", 1, []string{apart}, attrInts("perm", 0, 2, 1, 3))[0]
	joined := b.node("", "Reshape", 1, []string{turned, b.numbers(layers, -1, width)})[0]
	return Value{name: joined, dims: []Dim{{Size: layers}, d[1], {Size: width}}}
}

// attentionWeights are the parameters of Luong's attention, which recurrent.Attentive keeps beside those of its cell.
var attentionWeights = []string{"weight_key", "weight_combine"}

// attend writes recurrent.Attentive's attention, LuongGeneral or, without a weight_key, LuongDot, over the outputs y
// [time, batch, H] of a decoder's cell: all steps at once, since without input feeding none knows of another's attention.
//
//	a = softmax(y·(memory·Wᵀ)ᵀ)    vector = tanh(W·[a·memory; y])
func (b *Builder) attend(s stack, y Value, o Layers) (vectors, weights Value) {
	what := s.op + " " + s.scope
	if !b.floats(what, o.Memory) {
		return Value{}, Value{}
	}
	if len(o.Memory.dims) != 3 {
		return b.failf("%s: a memory of %d dimensions; want [source, batch, width]", what, len(o.Memory.dims)), Value{}
	}
	memory, hidden := o.Memory.dims[2].Size, y.dims[2].Size
	w := &pool{b: b, scope: s.scope, y: o.Memory.name}
	turn := func(name string, perm ...int64) string {
		return w.node("Transpose", []string{name}, attrInts("perm", perm...))
	}
	values := turn(o.Memory.name, 1, 0, 2) // [batch, source, M]
	keys, own := values, in(s.scope, layered("weight_key", 0, false))
	if b.params.Get(own) != nil {
		matrix, shape := b.weight(own, 2)
		if b.err == nil && (shape[0] != hidden || shape[1] != memory) {
			return b.failf("%s: parameter %s has shape %v; want [%d %d]", what, own, shape, hidden, memory), Value{}
		}
		keys = w.node("MatMul", []string{values, turn(matrix, 1, 0)}) // [batch, source, H]
	} else if memory != hidden {
		return b.failf("%s: a memory %d wide, and states %d wide, without a weight_key_l0; want equal widths", what, memory, hidden), Value{}
	}
	queries := turn(y.name, 1, 0, 2)                                   // [batch, time, H]
	scores := w.node("MatMul", []string{queries, turn(keys, 0, 2, 1)}) // [batch, time, source]
	alignment := w.masked(what, scores, o.MemoryLengths)
	context := w.node("MatMul", []string{alignment, values}) // [batch, time, M]
	combine, shape := b.weight(in(s.scope, layered("weight_combine", 0, false)), 2)
	if b.err == nil && shape[1] != memory+hidden {
		return b.failf("%s: weight_combine_l0 has shape %v; want [units %d]", what, shape, memory+hidden), Value{}
	}
	if b.err != nil {
		return Value{}, Value{}
	}
	both := w.node("Concat", []string{context, queries}, attrInt("axis", 2))
	vector := w.node("Tanh", []string{w.node("MatMul", []string{both, turn(combine, 1, 0)})})
	batch, time, source := y.dims[1], y.dims[0], o.Memory.dims[0]
	return Value{name: turn(vector, 1, 0, 2), dims: []Dim{time, batch, {Size: shape[0]}}},
		Value{name: alignment, dims: []Dim{batch, time, source}}
}

// masked is the softmax of scores [batch, time, source] over the steps that the sources have; zeros of an empty one.
func (w *pool) masked(what, scores string, lengths Value) string {
	over := attrInt("axis", -1)
	if lengths.name == "" {
		return w.node("Softmax", []string{scores}, over)
	}
	if !w.b.usable(what, lengths) || !lengths.ints || len(lengths.dims) != 1 {
		w.b.failf("%s: %q is no input made by Lengths", what, lengths.name)
		return ""
	}
	w.masks(lengths.name) // [source, batch, 1]
	mask := w.node("Transpose", []string{w.mask}, attrInts("perm", 1, 2, 0))
	inside := w.node("Where", []string{mask, scores, w.b.scalar(w.b.kind, -math.MaxFloat32)})
	return w.node("Where", []string{mask, w.node("Softmax", []string{inside}, over), w.b.scalar(w.b.kind, 0)})
}
