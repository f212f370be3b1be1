package onnx_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// What PyTorch's two exporters, tf2onnx and paddle2onnx write for recurrent networks gives what ONNX Runtime gives, for
// several batches and lengths, and can be trained. The files come from testdata/record_exporters.py.
func TestExporters(t *testing.T) {
	for _, name := range cases(t, "exporters") {
		t.Run(name, func(t *testing.T) {
			m := read(t, "exporters", name)
			p, err := m.Params(1)
			if err != nil {
				t.Fatal(err)
			}
			rec, _ := graphtest.Golden(t, "testdata/exporters/"+name+".safetensors")
			runs := map[string]bool{}
			for value := range rec {
				run, _, _ := strings.Cut(value, ".")
				runs[run] = true
			}
			if len(runs) != 3 {
				t.Fatalf("%d runs; want 3", len(runs))
			}
			f := graph.NewFunc(p, m.Build)
			var in, out []*tensor.Dense
			for _, run := range slices.Sorted(maps.Keys(runs)) {
				in = nil
				for _, port := range m.Inputs() {
					in = append(in, rec[run+".in."+port.Name])
				}
				if out, err = f.Run(in...); err != nil {
					t.Fatal(err)
				}
				for i, port := range m.Outputs() {
					equals(t, run+" "+port.Name, out[i], rec[run+".out."+port.Name], 1e-5)
				}
			}
			learns(t, m, p, in, out)
		})
	}
}
