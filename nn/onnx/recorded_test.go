package onnx_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// The recorded models and values come from testdata/record.py. node: the ONNX project's own node tests; operators and
// runtime: run by ONNX Runtime; torch: exported and run by PyTorch.

// cases lists the models of a folder.
func cases(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.onnx"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no models in testdata/%s: %v", folder, err)
	}
	var names []string
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(p), ".onnx"))
	}
	return names
}

func read(t *testing.T, folder, name string) *onnx.Model {
	t.Helper()
	m, err := onnx.Read(filepath.Join("testdata", folder, name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// inputs gives a case's inputs in the model's order.
func inputs(m *onnx.Model, name string, rec map[string]*tensor.Dense) []*tensor.Dense {
	var in []*tensor.Dense
	for _, p := range m.Inputs() {
		in = append(in, rec[name+".in."+p.Name])
	}
	return in
}

// agrees runs a model over a store and compares all of its outputs.
func agrees(t *testing.T, m *onnx.Model, params *graph.Params, name string, rec map[string]*tensor.Dense, tolerance float64) {
	t.Helper()
	out, err := graph.NewFunc(params, m.Build).Run(inputs(m, name, rec)...)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Outputs() {
		graphtest.Close(t, p.Name, out[i], rec[name+".out."+p.Name], tolerance)
	}
}

func TestModelsGiveTheRecordedOutputs(t *testing.T) {
	for _, folder := range []string{"node", "operators", "runtime", "torch"} {
		rec, _ := graphtest.Golden(t, "testdata/"+folder+".safetensors")
		for _, name := range cases(t, folder) {
			t.Run(folder+"/"+name, func(t *testing.T) {
				m := read(t, folder, name)
				params, err := m.Params(1)
				if err != nil {
					t.Fatal(err)
				}
				agrees(t, m, params, name, rec, 1e-5)
				fresh := graph.NewParams(1) // without Params: the build puts the weights there
				if params.Dtype() == tensor.Float64 {
					fresh = graph.NewParams64(1)
				}
				agrees(t, m, fresh, name, rec, 1e-5)
				if got, want := fresh.Elements(), params.Elements(); got != want {
					t.Errorf("the build made %d weights, Params %d", got, want)
				}
			})
		}
	}
}

// What PyTorch exported comes back as the module's own state dict.
func TestTorchNamesComeBack(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/torch.safetensors")
	for _, name := range cases(t, "torch") {
		params, err := read(t, "torch", name).Params(1)
		if err != nil {
			t.Fatal(err)
		}
		prefix, found := name+".param.", 0
		for _, key := range slices.Sorted(maps.Keys(rec)) {
			weight, ok := strings.CutPrefix(key, prefix)
			if !ok {
				continue
			}
			p := params.Get(weight)
			if p == nil {
				t.Errorf("%s: no parameter %s in\n%v", name, weight, params)
				continue
			}
			graphtest.Close(t, name+": "+weight, p.Value(), rec[key], 0)
			found++
		}
		if found == 0 || found != params.Len() {
			t.Errorf("%s: %d parameters, PyTorch has %d\n%v", name, params.Len(), found, params)
		}
	}
}

func TestNodeTestsAreAllThere(t *testing.T) {
	for op, want := range map[string]int{"rnn": 6, "lstm": 6, "gru": 6} {
		found := 0
		for _, name := range cases(t, "node") {
			if strings.Contains(name, op) {
				found++
			}
		}
		if found != want {
			t.Errorf("%d node tests of %s; want %d", found, op, want)
		}
	}
	if _, err := os.Stat("testdata/record.py"); err != nil {
		t.Error(err)
	}
}
