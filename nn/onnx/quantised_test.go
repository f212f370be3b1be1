package onnx_test

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
)

// Quantised models give what ONNX Runtime gives. testdata/quantised.py recorded them: operators, and small models that
// onnxruntime.quantization made of PyTorch's.
func TestQuantisedModelsGiveTheRecordedOutputs(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/quantised.safetensors")
	for _, name := range cases(t, "quantised") {
		t.Run(name, func(t *testing.T) {
			m := read(t, "quantised", name)
			params, err := m.Params(1)
			if err != nil {
				t.Fatal(err)
			}
			out, err := graph.NewFunc(params, m.Build).Run(inputs(m, name, rec)...)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range m.Outputs() {
				equals(t, p.Name, out[i], rec[name+".out."+p.Name], 1e-6)
			}
		})
	}
}
