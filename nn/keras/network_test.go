package keras_test

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras"
	"gorgonia.org/tensor"
)

// unpacked puts the files of testdata/models.zip, which testdata/record_models.py wrote, into a folder.
func unpacked(t *testing.T) (folder string, names []string) {
	t.Helper()
	z, err := zip.OpenReader("testdata/models.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	folder = t.TempDir()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, f.Name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f.Name, ".json") {
			names = append(names, f.Name)
		}
	}
	return folder, names
}

// array is nested lists of numbers.
func array(v any) (data []float32, shape []int) {
	list, ok := v.([]any)
	if !ok {
		return []float32{float32(v.(float64))}, nil
	}
	var inner []int
	for _, e := range list {
		d, s := array(e)
		data, inner = append(data, d...), s
	}
	return data, append([]int{len(list)}, inner...)
}

// recording reads what Keras was given and computed.
func recording(t *testing.T, path string, n *keras.Network) (in, out []*tensor.Dense) {
	t.Helper()
	text, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ X, Y []any }
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for i, v := range r.X {
		data, shape := array(v)
		if !n.Inputs()[i].Ints {
			in = append(in, graph.Floats(data, shape...))
			continue
		}
		ids := make([]int, len(data))
		for k, f := range data {
			ids[k] = int(f)
		}
		in = append(in, graph.Ints(ids, shape...))
	}
	for _, v := range r.Y {
		data, shape := array(v)
		out = append(out, graph.Floats(data, shape...))
	}
	return in, out
}

// Every layer gives what Keras 3 and Keras 2 compute; rows of a batch do not depend on each other.
func TestModelsOfKeras(t *testing.T) {
	folder, names := unpacked(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, name)
			n, err := keras.Open(path, keras.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := n.Params(1)
			if err != nil {
				t.Fatal(err)
			}
			in, want := recording(t, path, n)
			f := graph.NewFunc(p, n.Build)
			got, err := f.Run(in...)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) || len(n.Outputs()) != len(want) {
				t.Fatalf("%d outputs; want %d", len(got), len(want))
			}
			for i := range want {
				if e := apart(t, got[i], want[i]); !(e < 2e-6) {
					t.Errorf("output %d is %.3g of the largest value away", i, e)
				}
			}
			for i, x := range in {
				if in[i], err = row(x, 1); err != nil {
					t.Fatal(err)
				}
			}
			alone, err := f.Run(in...)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				one, err := row(want[i], 1)
				if err != nil {
					t.Fatal(err)
				}
				if e := apart(t, alone[i], one); !(e < 3e-6) {
					t.Errorf("row 1 of output %d alone is %.3g of the largest value away", i, e)
				}
			}
		})
	}
}

// row is one row of a batch.
func row(x *tensor.Dense, i int) (*tensor.Dense, error) {
	v, err := x.Slice(tensor.S(i, i+1))
	if err != nil {
		return nil, err
	}
	shape := append([]int{1}, x.Shape()[1:]...)
	one := v.Materialize().(*tensor.Dense)
	return one, one.Reshape(shape...)
}

// A model that was opened trains: its loss falls.
func TestModelsTrain(t *testing.T) {
	folder, _ := unpacked(t)
	for _, name := range []string{"lstm_concat.keras", "tokens.keras", "conv.keras", "keras2_gru_before.h5", "norms.keras", "heads.keras"} {
		t.Run(name, func(t *testing.T) {
			n, err := keras.Open(filepath.Join(folder, name), keras.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := n.Params(1)
			if err != nil {
				t.Fatal(err)
			}
			in, out := recording(t, filepath.Join(folder, name), n)
			falls(t, n, p, in, out)
		})
	}
}

// What is not supported is named, all of it at once; nothing panics.
func TestOpenRefuses(t *testing.T) {
	folder, _ := unpacked(t)
	lstm := filepath.Join(folder, "keras2_lstm.h5")
	layer := func(class, config string) string {
		return `{"class_name": "` + class + `", "config": {"name": "lstm", ` + config + `}}`
	}
	model := func(layers ...string) string {
		return `{"class_name": "Sequential", "config": {"name": "m", "layers": [` + strings.Join(layers, ", ") + `]}}`
	}
	for config, wants := range map[string][]string{
		`{`:                      {"no JSON object of Keras"},
		`{"class_name": "Mine"}`: {`the model's class is "Mine"`},
		model():                  {"without layers"},
		model(layer("Lambda", `"function": "x"`), layer("Mine", `"a": 1`), layer("Dense", `"units": "3", "activation": "odd"`)): {
			"Lambda lstm: a Lambda layer holds Python code", "Mine lstm: the class is not one", "units is \"3\"", "activation is \"odd\"",
		},
		model(layer("LSTM", `"units": 4`)):                                              {"layer lstm of class LSTM: its kernel", "has shape [4 12]; want [-1 16]"},
		model(layer("Dense", `"units": 12`)):                                            {"want [12]", "its bias"},
		model(layer("LSTM", `"units": 1e30`)):                                           {"units is 1e+30; want a whole number from 1"},
		model(layer("Bidirectional", `"layer": 3`)):                                     {"its layer is 3; want a layer"},
		model(layer("Conv1D", `"filters": 2, "kernel_size": [1, 2], "padding": "odd"`)): {"kernel_size is [1 2]", `padding is "odd"`},
	} {
		_, err := keras.Open(lstm, keras.Options{Config: config})
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: want an error with %q, got %v", config, want, err)
			}
		}
	}
	if _, err := keras.Open(file("lstm"), keras.Options{}); err == nil || !strings.Contains(err.Error(), "weights alone") {
		t.Errorf("weights: %v", err)
	}
	if whole, err := keras.IsModel(lstm); err != nil || !whole {
		t.Errorf("a model: %v, %v", whole, err)
	}
	var none *keras.Network
	if _, err := none.Params(1); err == nil || none.Inputs() != nil || none.Outputs() != nil || none.Notes() != nil || none.Version() != "" {
		t.Error("an empty network")
	}
}

// What a file says that has no effect here is told, and wrong inputs are errors.
func TestNetworkSays(t *testing.T) {
	folder, _ := unpacked(t)
	n, err := keras.Open(filepath.Join(folder, "stateful.keras"), keras.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(n.Notes(), "\n"); !strings.Contains(notes, "stateful has no effect") || !strings.Contains(notes, "dropout") {
		t.Errorf("notes %q", notes)
	}
	if s := n.String(); !strings.Contains(s, "weight_ih_l0 [12 4]") || !strings.Contains(s, "float [?, 6, 4]") {
		t.Error(s)
	}
	p, err := n.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []*tensor.Dense{graph.Ints([]int{1, 2}, 1, 2), graph.Floats([]float32{1, 2}, 1, 2), graph.Floats([]float32{1, 2}, 1, 1, 2)} {
		if out, err := graph.NewFunc(p, n.Build).Run(x); err == nil {
			t.Errorf("an input %v %v gives %v", x.Dtype(), x.Shape(), out)
		}
	}
	// Without a store of its own, the network brings its weights.
	x := graph.Floats(make([]float32, 2*6*4), 2, 6, 4)
	a, err := graph.NewFunc(p, n.Build).Run(x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := graph.NewFunc(graph.NewParams(9), n.Build).Run(x)
	if err != nil || apart(t, b[0], a[0]) != 0 {
		t.Errorf("without a store: %v", err)
	}
}
