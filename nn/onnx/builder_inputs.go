package onnx

import "github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"

// timeDim and batchDim are the dimensions of a sequence that vary.
var timeDim, batchDim = Dim{Size: -1, Name: "time"}, Dim{Size: -1, Name: "batch"}

// Tokens declares an input of ids, int64 [time, batch].
func (b *Builder) Tokens(name string) Value {
	return b.input(name, onnxpb.TensorProto_INT64, timeDim, batchDim)
}

// Sequence declares an input of features, [time, batch, width].
func (b *Builder) Sequence(name string, width int) Value {
	return b.input(name, b.kind, timeDim, batchDim, Dim{Size: width})
}

// Lengths declares an input for the lengths of the sequences in a batch, int32 [batch].
func (b *Builder) Lengths(name string) Value {
	return b.input(name, onnxpb.TensorProto_INT32, batchDim)
}

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

func (b *Builder) input(name string, kind onnxpb.TensorProto_DataType, dims ...Dim) Value {
	for _, d := range dims {
		if d.Size == 0 || d.Size < -1 {
			return b.failf("input %q: a dimension of size %d; want at least 1", name, d.Size)
		}
	}
	if !b.take(name) {
		return Value{}
	}
	b.file.Input = append(b.file.Input, valueInfo(name, kind, dims))
	return Value{name: name, ints: !isFloat(kind), dims: dims}
}

func valueInfo(name string, kind onnxpb.TensorProto_DataType, dims []Dim) *onnxpb.ValueInfoProto {
	shape := &onnxpb.TensorShapeProto{}
	for _, d := range dims {
		to := &onnxpb.TensorShapeProto_Dimension{}
		if d.Size >= 0 {
			to.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d.Size)}
		} else {
			to.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: d.Name}
		}
		shape.Dim = append(shape.Dim, to)
	}
	return &onnxpb.ValueInfoProto{Name: name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: int32(kind), Shape: shape}}}}
}
