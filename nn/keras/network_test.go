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
