package onnx

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	rnn "github.com/unroll-go/unroll/recurrent"
	"google.golang.org/protobuf/proto"
	"gorgonia.org/tensor"
)

// file reads a recorded model's messages, to be changed.
func file(t *testing.T, path string) *onnxpb.ModelProto {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", path))
	if err != nil {
		t.Fatal(err)
	}
	f := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(data, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// reread parses changed messages.
func reread(t *testing.T, f *onnxpb.ModelProto) (*Model, error) {
	t.Helper()
	data, err := proto.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return Parse(data)
}

// Weights that the model is given, instead of holding them, are reordered when it runs, to the same values.
func TestGivenWeights(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/runtime.safetensors")
	for _, name := range []string{"lstm_everything", "gru_bidirectional", "gru_bidirectional_reset_after", "rnn_bidirectional_lengths"} {
		f := file(t, "runtime/"+name+".onnx")
		given := map[string]*tensor.Dense{}
		for _, w := range f.Graph.Initializer {
			c, err := readTensor(w, noFiles())
			if err != nil {
				t.Fatal(err)
			}
			given[w.Name] = dense(tensor.Float32, c.floats, c.shape)
			dims := make([]Dim, len(c.shape))
			for i, d := range c.shape {
				dims[i].Size = d
			}
			f.Graph.Input = append(f.Graph.Input, valueInfo(w.Name, floatKind, dims))
		}
		f.Graph.Initializer = nil
		m, err := reread(t, f)
		if err != nil {
			t.Fatal(err)
		}
		var in []*tensor.Dense
		for _, p := range m.Inputs() {
			v := given[p.Name]
			if v == nil {
				v = rec[name+".in."+p.Name]
			}
			in = append(in, v)
		}
		p := graph.NewParams(1)
		out, err := graph.NewFunc(p, m.Build).Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		if p.Len() != 0 {
			t.Errorf("%s: %d parameters in a model without weights", name, p.Len())
		}
		for i, port := range m.Outputs() {
			graphtest.Close(t, name+" "+port.Name, out[i], rec[name+".out."+port.Name], 1e-5)
		}
	}
}

// Every weight of a model that was read gets its gradient.
func TestGradients(t *testing.T) {
	for path, in := range map[string][]*tensor.Dense{
		"runtime/lstm_everything.onnx":               {graphtest.Random(1, 5, 3, 4), graph.Ints([]int{5, 0, 3}), graphtest.Random(2, 2, 3, 2), graphtest.Random(3, 2, 3, 2)},
		"runtime/gru_bidirectional_reset_after.onnx": {graphtest.Random(1, 4, 2, 4), graph.Ints([]int{1, 4}), graphtest.Random(2, 2, 2, 2)},
		"runtime/rnn_two_activations.onnx":           {graphtest.Random(1, 3, 2, 4)},
		"torch/tagger.onnx":                          {graph.Ints([]int{1, 2, 3, 4, 5, 6}, 2, 3)},
	} {
		m, err := Read(filepath.Join("testdata", path))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(path, func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Inputs: in, Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
				loss := g.Full(0)
				for _, y := range m.Build(g, in) {
					loss = g.Add(loss, g.Sum(g.Square(g.AddScalar(y, 0.3))))
				}
				return []graph.Node{loss}
			}})
		})
	}
}

// A model that was read and written is the model that was read.
func TestWriteKeepsEveryBit(t *testing.T) {
	for _, folder := range []string{"runtime", "torch"} {
		paths, _ := filepath.Glob(filepath.Join("testdata", folder, "*.onnx"))
		for _, path := range paths {
			m, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := m.Params(1)
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "model.onnx")
			if err := m.Write(out, p); err != nil {
				t.Fatal(err)
			}
			again, err := Read(out)
			if err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(again.proto, file(t, folder+"/"+filepath.Base(path))) {
				t.Errorf("%s changed on the way", path)
			}
		}
	}
}

func TestExternalData(t *testing.T) {
	f := file(t, "torch/charlm.onnx")
	dir := t.TempDir()
	w := f.Graph.Initializer[0]
	set := func(location string, offset, length int) string {
		w.DataLocation = onnxpb.TensorProto_EXTERNAL
		w.ExternalData = []*onnxpb.StringStringEntryProto{{Key: "location", Value: location},
			{Key: "offset", Value: fmt.Sprint(offset)}, {Key: "length", Value: fmt.Sprint(length)}}
		data, err := proto.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "model.onnx")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	raw := w.RawData
	w.RawData = nil
	if err := os.WriteFile(filepath.Join(dir, "weights.data"), append([]byte("eight by"), raw...), 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := Read(set("weights.data", 8, len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Read("testdata/torch/charlm.onnx")
	if err != nil {
		t.Fatal(err)
	}
	a, b := m.weights, whole.weights
	for i := range b {
		if a[i].name != b[i].name || !slices.Equal(a[i].source.floats, b[i].source.floats) {
			t.Errorf("%s differs from %s of the whole file", a[i].name, b[i].name)
		}
	}
	for want, path := range map[string]func() string{
		"is not a file beside the model": func() string { return set("../weights.data", 8, len(raw)) },
		"which has 120":                  func() string { return set("weights.data", 9, len(raw)) },
		"needs 112 bytes of FLOAT":       func() string { return set("weights.data", 8, len(raw)-4) },
		"no such file":                   func() string { return set("other.data", 8, len(raw)) },
	} {
		if _, err := Read(path()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	data, _ := proto.Marshal(f)
	if _, err := Parse(data); err == nil || !strings.Contains(err.Error(), "use Read instead of Parse") {
		t.Errorf("Parse of a model with data in other files: %v", err)
	}
}

// Layers of a model that was read are written as the very initialisers that they were read from.
func TestBuilderRestoresInitialisers(t *testing.T) {
	for name, layer := range map[string]rnn.Layer{
		"lstm_everything":               rnn.Bidirectional{Cell: rnn.LSTM{Hidden: 2, Peepholes: true}},
		"gru_bidirectional_reset_after": rnn.Bidirectional{Cell: rnn.GRU{Hidden: 2}},
		"rnn_bidirectional_lengths":     rnn.Bidirectional{Cell: rnn.RNN{Hidden: 2}},
		"lstm_reverse_lengths":          nil,
	} {
		m, err := Read("testdata/runtime/" + name + ".onnx")
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Params(1)
		if err != nil {
			t.Fatal(err)
		}
		b := NewBuilder(p)
		y := b.Apply(func(g *graph.Graph, in []graph.Node) []graph.Node {
			if layer == nil {
				y, _ := rnn.Unroll(g.Scope("encoder"), rnn.LSTM{Hidden: 2}, in[0], rnn.Options{Reverse: true})
				return []graph.Node{y}
			}
			y, _ := layer.Apply(g.Scope("encoder"), in[0], rnn.Options{})
			return []graph.Node{y}
		}, b.Sequence("X", 4))
		for _, v := range y {
			b.Output("Y", v)
		}
		made, err := b.Model()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range file(t, "runtime/"+name+".onnx").Graph.Initializer {
			i := slices.IndexFunc(made.proto.Graph.Initializer, func(v *onnxpb.TensorProto) bool { return v.Name == "encoder."+w.Name+"_l0" })
			if i < 0 {
				t.Errorf("%s: %s is not written", name, w.Name)
				continue
			}
			if v := made.proto.Graph.Initializer[i]; !slices.Equal(v.RawData, w.RawData) || !slices.Equal(v.Dims, w.Dims) {
				t.Errorf("%s: %s changed", name, w.Name)
			}
		}
	}
}
