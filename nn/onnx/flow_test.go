package onnx_test

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/graph/graphtest"
)

// Branches, loops, sequences and whole numbers give what ONNX Runtime gives, for every size. The models come from
// testdata/record_flow.py.
func TestFlow(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/flow.safetensors")
	for _, name := range cases(t, "flow") {
		t.Run(name, func(t *testing.T) {
			m := read(t, "flow", name)
			p, err := m.Params(1)
			if err != nil {
				t.Fatal(err)
			}
			for k := 0; ; k++ {
				run := fmt.Sprintf("%s/%d", name, k)
				if rec[run+".out."+m.Outputs()[0].Name] == nil {
					if k == 0 {
						t.Fatal("no recorded values")
					}
					break
				}
				agrees(t, m, p, run, rec, 1e-5)
			}
		})
	}
}
