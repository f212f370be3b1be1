package command

import (
	"archive/zip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/numpy"
)

// kerasModel unpacks one of the models that nn/keras's tests compare with Keras.
func kerasModel(t *testing.T, name string) string {
	t.Helper()
	z, err := zip.OpenReader("../../nn/keras/testdata/models.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	in, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// A model of Keras runs on arrays of NumPy, and inspect shows its layers.
func TestRunKeras(t *testing.T) {
	model, dir := kerasModel(t, "merged.keras"), t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	x := graph.Named{Name: "b", Value: graph.Floats(make([]float32, 24), 1, 6, 4)}
	y := graph.Named{Name: "a", Value: graph.Ints(make([]int, 24), 1, 6, 4)}
	if err := numpy.Write(in("x.npz"), []graph.Named{x, y}); err != nil {
		t.Fatal(err)
	}
	must(t, "run", model, "--input", in("x.npz"), "--out", in("y.npz"))
	out, err := numpy.Read(in("y.npz"))
	if err != nil || len(out) != 2 || out[0].Name != "one" || out[1].Name != "two" {
		t.Fatalf("%v, %v", out, err)
	}
	if said, _ := must(t, "inspect", model); !strings.Contains(said, "layer  two: LSTM with weight_ih_l0 [8 4]") || !strings.Contains(said, "input  a float [?, ?, 4]") {
		t.Error(said)
	}
	if err := numpy.Write(in("one.npz"), []graph.Named{x}); err != nil {
		t.Fatal(err)
	}
	if err := numpy.Write(in("other.npz"), []graph.Named{x, {Name: "c", Value: x.Value}}); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"run needs --input FILE.npz":           {"run", model},
		"exists; choose another name":          {"run", model, "--input", in("x.npz"), "--out", in("y.npz")},
		"has the arrays b; the model wants a":  {"run", model, "--input", in("one.npz"), "--out", in("z.npz")},
		"has no array a; it has b, c":          {"run", model, "--input", in("other.npz"), "--out", in("z.npz")},
		"does not say how its weights compute": {"run", in("x.npz"), "--input", in("x.npz"), "--out", in("z.npz")},
		"no such file":                         {"run", model, "--input", in("none.npz"), "--out", in("z.npz")},
		"weights alone":                        {"run", "../../nn/keras/testdata/lstm.weights.h5", "--input", in("x.npz"), "--out", in("z.npz")},
	} {
		if status, _, said := capture(t, context.Background(), args...); status == 0 || !strings.Contains(said, want) {
			t.Errorf("%v: want a message with %q, got status %d, %s", args, want, status, said)
		}
	}
}

// Weights alone run with a description, a map of names, and a layer of another's class with a function.
func TestRunWeights(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		if err := os.WriteFile(in(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := numpy.Write(in("weights.npz"), []graph.Named{
		{Name: "w", Value: graph.Floats([]float32{1, 2, 3, 4, 5, 6}, 3, 2)}, {Name: "b", Value: graph.Floats([]float32{1, -1})},
	}); err != nil {
		t.Fatal(err)
	}
	if err := numpy.Write(in("x.npz"), []graph.Named{{Name: "x", Value: graph.Floats([]float32{1, 0, 0, 0, 1, 1}, 2, 3)}}); err != nil {
		t.Fatal(err)
	}
	write("net.json", `{"inputs": [{"name": "x", "type": "float", "shape": ["B", 3]}], "layers": [{"module": "Linear", "weights": "head", "name": "y"}], "outputs": ["y"]}`)
	write("names.json", `{"head.weight": {"from": "w", "transpose": true}, "head.bias": "b"}`)
	must(t, "run", in("weights.npz"), "--config", in("net.json"), "--names", in("names.json"), "--input", in("x.npz"), "--out", in("y.npz"))
	out, err := numpy.Read(in("y.npz"))
	if err != nil || len(out) != 1 || out[0].Name != "y" {
		t.Fatalf("%v, %v", out, err)
	}
	if got := out[0].Value.Float32s(); !slices.Equal(got, []float32{2, 1, 9, 9}) {
		t.Errorf("the outputs are %v", got)
	}
	must(t, "convert", in("weights.npz"), in("named.safetensors"), "--names", in("names.json"))
	must(t, "run", in("named.safetensors"), "--config", in("net.json"), "--input", in("x.npz"), "--out", in("z.npz"))
	write("bad.json", `{"head.weight": "v", "head.bias": "c"}`)
	base := []string{"--input", in("x.npz"), "--out", in("no.npz")}
	for want, args := range map[string][]string{
		"layer y: the file has no head.weight":                                            {"run", in("weights.npz"), "--config", in("net.json")},
		"head.bias: the file has no c; head.weight: the file has no v":                    {"run", in("weights.npz"), "--config", in("net.json"), "--names", in("bad.json")},
		"--class has no meaning for a file of weights":                                    {"run", in("weights.npz"), "--config", in("net.json"), "--class", "A=squeeze"},
		"want NAME=FUNCTION, where the function is identity, squeeze or weighted_average": {"run", kerasModel(t, "merged.keras"), "--class", "A=b"},
		`has no tensors below "ema"`:                                                      {"run", in("weights.npz"), "--config", in("net.json"), "--state", "ema"},
		"has weights of":                                                                  {"convert", "../../nn/keras/testdata/lstm.weights.h5", in("no.pt"), "--names", in("names.json")},
		"--config: open " + in("none.json"):                                               {"run", in("weights.npz"), "--config", in("none.json")},
	} {
		if args[0] == "run" {
			args = append(args, base...)
		}
		if status, _, said := capture(t, context.Background(), args...); status == 0 || !strings.Contains(said, want) {
			t.Errorf("%v: want a message with %q, got status %d, %s", args, want, status, said)
		}
	}
}
