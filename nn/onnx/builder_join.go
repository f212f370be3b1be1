package onnx

import "github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"

// IDs declares an input of ids, int64, with an axis of open size for each name: Tokens is IDs(name, "time", "batch").
func (b *Builder) IDs(name string, axes ...string) Value {
	return b.input(name, onnxpb.TensorProto_INT64, open(axes)...)
}

// Numbers declares an input of floats. A dimension with Size -1 is open, and those of one Name are equal: Sequence is
// Numbers(name, Dim{-1, "time"}, Dim{-1, "batch"}, Dim{Size: width}).
func (b *Builder) Numbers(name string, dims ...Dim) Value {
	return b.input(name, b.kind, append([]Dim{}, dims...)...)
}

// LengthsOf declares an input for the lengths of some sequences, int32: Lengths is LengthsOf(name, "batch").
func (b *Builder) LengthsOf(name, axis string) Value {
	return b.input(name, onnxpb.TensorProto_INT32, open([]string{axis})...)
}

func open(axes []string) []Dim {
	dims := make([]Dim, len(axes))
	for i, name := range axes {
		dims[i] = Dim{Size: -1, Name: name}
	}
	return dims
}

// Weight is a parameter of the store, to be given out as it is.
func (b *Builder) Weight(name string) Value {
	if !b.made() {
		return Value{}
	}
	p := b.params.Get(name)
	if p == nil {
		return b.failf("the store has no parameter %s", name)
	}
	own, shape := b.weight(name, len(p.Shape()))
	if b.err != nil {
		return Value{}
	}
	dims := make([]Dim, len(shape))
	for i, n := range shape {
		dims[i] = Dim{Size: n}
	}
	return Value{name: own, dims: dims}
}

// Rows looks ids [...] up in a table [N, E] that the model computes, as Graph.Gather does, and gives [..., E].
func (b *Builder) Rows(table, ids Value) Value {
	if !b.floats("Rows", table) || !b.usable("Rows", ids) {
		return Value{}
	}
	if !ids.ints || len(table.dims) != 2 {
		return b.failf("Rows: a table of %d dimensions and %q; want [rows, width] and ids", len(table.dims), ids.name)
	}
	out := b.node("", "Gather", 1, []string{table.name, ids.name})
	return Value{name: out[0], dims: append(append([]Dim{}, ids.dims...), table.dims[1])}
}

// Beside puts values with the same axes beside each other, along the last.
func (b *Builder) Beside(parts ...Value) Value {
	if len(parts) == 0 {
		return b.failf("Beside: no values")
	}
	var names []string
	width := 0
	for _, v := range parts {
		if !b.floats("Beside", v) {
			return Value{}
		}
		rank := len(parts[0].dims)
		if len(v.dims) != rank || rank == 0 || v.dims[rank-1].Size < 0 {
			return b.failf("Beside: %v and %v; want as many axes, the last of known size", Port{Name: parts[0].name, Dims: parts[0].dims},
				Port{Name: v.name, Dims: v.dims})
		}
		names, width = append(names, v.name), width+v.dims[rank-1].Size
	}
	dims := append([]Dim{}, parts[0].dims...)
	dims[len(dims)-1] = Dim{Size: width}
	return Value{name: b.node("", "Concat", 1, names, attrInt("axis", -1))[0], dims: dims}
}
