package onnx

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// smallTensor is a tensor of whole numbers, in the field for them.
func smallTensor(name string, kind onnxpb.TensorProto_DataType, shape []int64, values ...int32) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{Name: name, DataType: int32(kind), Dims: shape, Int32Data: values}
}

// What quantised operators cannot compute is refused by name, when the model is read or when it is built.
func TestQuantisedRefused(t *testing.T) {
	const u8, i8 = onnxpb.TensorProto_UINT8, onnxpb.TensorProto_INT8
	for _, c := range []struct {
		file, want string
		change     func(f *onnxpb.ModelProto)
	}{
		{"matmul_signed", "the zero points \"z\" are not known, no vector or not INT8", func(f *onnxpb.ModelProto) {
			replace(f, smallTensor("z", u8, []int64{1}, 3))
		}},
		{"matmul_signed", "3 zero points for the shape [700 5]", func(f *onnxpb.ModelProto) { replace(f, smallTensor("z", i8, []int64{3}, 3, 4, 5)) }},
		{"matmul_signed", "want a matrix of UINT8 or INT8", func(f *onnxpb.ModelProto) { replace(f, smallTensor("w", i8, []int64{2}, 3, 4)) }},
		{"matmul_signed", "want [..., K]·[K, N]", func(f *onnxpb.ModelProto) { replace(f, smallTensor("w", i8, []int64{2, 1}, 3, 4)) }},
		{"matmul_signed", "holds INT32; want floats", func(f *onnxpb.ModelProto) { f.Graph.Node[2].OpType, f.Graph.Node[2].Attribute = "Relu", nil }},
		{"matmul_signed", "holds floats or nothing; want whole numbers", func(f *onnxpb.ModelProto) { f.Graph.Node[3].Input[0] = "q" }},
		{"matmul_signed", "holds floats or nothing; want whole numbers", func(f *onnxpb.ModelProto) { f.Graph.Node[2].Attribute[0].I = 7 }},
		{"conv_integer", "x of shape [2 4 9 7] and weights of shape [2 1]", func(f *onnxpb.ModelProto) { replace(f, smallTensor("w", u8, []int64{2, 1}, 3, 4)) }},
		{"conv_integer", "is computed, or no UINT8 or INT8", func(f *onnxpb.ModelProto) { replace(f, smallTensor("w", int32Kind, []int64{2, 1, 1, 1}, 3, 4)) }},
		{"conv_integer", "want one for each place of axis 1", func(f *onnxpb.ModelProto) { f.Graph.Node[4].Input[1] = "b" }},
		{"quantise", "scales or zero points of shape [2] for a tensor of shape [2 3]", func(f *onnxpb.ModelProto) { replace(f, smallTensor("z", u8, []int64{2}, 3, 4)) }},
		{"quantise", "does not give UINT8 or INT8", func(f *onnxpb.ModelProto) { replace(f, smallTensor("z", 5, []int64{3}, 3, 4, 5)) }},
		{"quantise", "does not give UINT8 or INT8", func(f *onnxpb.ModelProto) { replace(f, smallTensor("z", int32Kind, []int64{3}, 3, 4, 5)) }},
		{"quantise_blocked", "block_size -2", func(f *onnxpb.ModelProto) { attr(f.Graph.Node[0], "block_size").I = -2 }},
		{"lstm", "the weights \"R\" have shape", func(f *onnxpb.ModelProto) { replace(f, smallTensor("R", i8, []int64{1, 2, 1}, 3, 4)) }},
		{"lstm", "the weights \"W\" are UINT8; want UINT8 or INT8, and zero points of the same type", func(f *onnxpb.ModelProto) {
			for _, i := range f.Graph.Initializer {
				if i.Name == "W" {
					i.DataType = int32(u8)
				}
			}
		}},
		{"lstm", "sequence_lens, input 4 (\"lens\"), is not supported", func(f *onnxpb.ModelProto) {
			f.Graph.Node[0].Input[4] = "lens"
			f.Graph.Initializer = append(f.Graph.Initializer, smallTensor("lens", int32Kind, []int64{3}, 4, 2, 3))
		}},
		{"qgemm", "transA 1; want 0", func(f *onnxpb.ModelProto) {
			f.Graph.Node[0].Attribute = append(f.Graph.Node[0].Attribute, attrInt("transA", 1))
		}},
		{"qgemm", "the bias \"c\" is not known, or no INT32 of shape [9]", func(f *onnxpb.ModelProto) { replace(f, smallTensor("c", int32Kind, []int64{2}, 3, 4)) }},
		{"fused_matmul", "transBatchA or transBatchB", func(f *onnxpb.ModelProto) {
			f.Graph.Node[0].Attribute = append(f.Graph.Node[0].Attribute, attrInt("transBatchA", 1))
		}},
		{"qgemm", "com.microsoft.QGimm (1)", func(f *onnxpb.ModelProto) { f.Graph.Node[0].OpType = "QGimm" }},
	} {
		f := file(t, "quantised/"+c.file+".onnx")
		c.change(f)
		m, err := newModel(f, noFiles())
		if err == nil {
			g := graph.New(graph.NewParams(1))
			m.Build(g, smallInputs(g, m))
			err = g.Err()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want an error with %q, got %v", c.file, c.want, err)
		}
	}
}

// replace puts a tensor in the place of the initialiser of its name.
func replace(f *onnxpb.ModelProto, with *onnxpb.TensorProto) {
	for i, t := range f.Graph.Initializer {
		if t.Name == with.Name {
			f.Graph.Initializer[i] = with
		}
	}
}
