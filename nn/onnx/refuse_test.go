package onnx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"gorgonia.org/tensor"
)

// What a model may not have is refused by name when it is read.
func TestRefusedByName(t *testing.T) {
	const lstm = "LSTM node /encoder/LSTM: "
	for want, change := range map[string]func(f *onnxpb.ModelProto, n *onnxpb.NodeProto){
		"operators that are not supported, with the number of their nodes: Optional (1), SequenceMap (2)": func(f *onnxpb.ModelProto, n *onnxpb.NodeProto) {
			n.OpType = "SequenceMap"
			f.Graph.Node = append(f.Graph.Node, &onnxpb.NodeProto{OpType: "Optional"}, &onnxpb.NodeProto{OpType: "SequenceMap"})
		},
		lstm + "the attribute \"output_sequence\" is not supported": func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) {
			n.Attribute = append(n.Attribute, attrInt("output_sequence", 1))
		},
		lstm + "the attribute \"clip\" is of type INT; want FLOAT":                                 func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) { attr(n, "clip").Type = onnxpb.AttributeProto_INT },
		"operators that are not supported, with the number of their nodes: com.microsoft.LSTM (1)": func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) { n.Domain = "com.microsoft" },
		lstm + "direction \"sideways\"":                                                            func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) { attr(n, "direction").S = []byte("sideways") },
		lstm + "the activation \"ThresholdedRelu\" is not supported": func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) {
			n.Attribute = append(n.Attribute, attrStrings("activations", "ThresholdedRelu", "Tanh", "Tanh", "Sigmoid", "Tanh", "Tanh"))
		},
		lstm + "activations [Tanh]; want 3 for each direction": func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) {
			n.Attribute = append(n.Attribute, attrStrings("activations", "Tanh"))
		},
		lstm + "activation_alpha has 0 numbers, too few": func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) {
			n.Attribute = append(n.Attribute, attrStrings("activations", "Affine", "Tanh", "Tanh", "Sigmoid", "Tanh", "Tanh"))
		},
		lstm + "\"W\" has shape [2 8 4], which does not fit 2 directions and hidden_size 3": func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) { attr(n, "hidden_size").I = 3 },
		lstm + "its input \"sequence_lens\" is not computed by a node before it": func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) {
			f.Graph.Input = append(f.Graph.Input[:1], f.Graph.Input[2:]...)
		},
		lstm + "its output 3, \"more\", is not supported":                 func(_ *onnxpb.ModelProto, n *onnxpb.NodeProto) { n.Output = append(n.Output, "more") },
		"the output \"nothing\" is not computed":                          func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) { f.Graph.Output[0].Name = "nothing" },
		"it uses version 6 of ONNX's operators; want 7 to":                func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) { f.OpsetImport[0].Version = 6 },
		"initialiser \"W\": its elements are COMPLEX64":                   func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) { f.Graph.Initializer[0].DataType = 14 },
		"initialiser \"W\": its shape [2 8 4] needs 128 bytes of FLOAT16": func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) { f.Graph.Initializer[0].DataType = 10 },
		"initialiser \"W\": its shape [2 8 4] needs 512 bytes":            func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) { f.Graph.Initializer[0].DataType = 11 },
		"input \"X\": its elements are STRING":                            func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) { f.Graph.Input[0].Type.GetTensorType().ElemType = 8 },
		"it has sparse initialisers, which are not supported": func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) {
			f.Graph.SparseInitializer = make([]*onnxpb.SparseTensorProto, 1)
		},
		"it has no graph": func(f *onnxpb.ModelProto, _ *onnxpb.NodeProto) { f.Graph = nil },
	} {
		f := file(t, "runtime/lstm_everything.onnx")
		change(f, f.Graph.Node[0])
		if _, err := newModel(f, noFiles()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func attr(n *onnxpb.NodeProto, name string) *onnxpb.AttributeProto {
	for _, a := range n.Attribute {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// What only shows with the inputs' shapes is refused when the graph is built.
func TestRefusedWhenBuilt(t *testing.T) {
	good := func() []*tensor.Dense {
		r := func(seed uint64, shape ...int) *tensor.Dense {
			return graphtest.Float32(graphtest.Random(seed, shape...))
		}
		return []*tensor.Dense{r(1, 5, 3, 4), graph.Ints([]int{5, 2, 3}), r(2, 2, 3, 2), r(3, 2, 3, 2)}
	}
	m, err := Read("testdata/runtime/lstm_everything.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := graph.NewFunc(graph.NewParams(1), m.Build).Run(good()...); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(in []*tensor.Dense) []*tensor.Dense{
		"3 inputs; want 4": func(in []*tensor.Dense) []*tensor.Dense { return in[:3] },
		"input 0: want X float [time, batch, 4], found floats [5 3 5]": func(in []*tensor.Dense) []*tensor.Dense {
			in[0] = graph.Floats(make([]float32, 75), 5, 3, 5)
			return in
		},
		"input 1: want sequence_lens int [batch], found ids [2]": func(in []*tensor.Dense) []*tensor.Dense {
			in[1] = graph.Ints([]int{1, 2})
			return in
		},
		"input 1: want sequence_lens int [batch], found floats [3]": func(in []*tensor.Dense) []*tensor.Dense {
			in[1] = graph.Floats(make([]float32, 3))
			return in
		},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), m.Build).Run(change(good())...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	f := file(t, "torch/charlm.onnx")
	for _, n := range f.Graph.Node {
		if n.OpType == "Concat" {
			attr(n, "axis").I = 7
		}
	}
	if m, err = newModel(f, noFiles()); err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Dense{graph.Ints([]int{1, 2}, 2, 1), graph.Floats(make([]float32, 6), 2, 1, 3), graph.Floats(make([]float32, 6), 2, 1, 3)}
	if _, err := graph.NewFunc(graph.NewParams(1), m.Build).Run(in...); err == nil || !strings.Contains(err.Error(), "Concat node /lstm/Concat: axis 7") {
		t.Errorf("want an error about the axis, got %v", err)
	}
}

// FuzzParse builds what it can read, unless the inputs are large. internal/damage runs damaged models, too.
//
// It starts from small files: of large ones, fuzzing makes smaller ones first, and hardly gets any further.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"operators", "node"} {
		paths, _ := filepath.Glob(filepath.Join("testdata", folder, "*.onnx"))
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			if len(data) < 300 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		for _, p := range m.Inputs() {
			for _, d := range p.Dims {
				if d.Size > 16 {
					return // a large model, but a model
				}
			}
		}
		g := graph.New(graph.NewParams(1))
		m.Build(g, smallInputs(g, m))
	})
}
