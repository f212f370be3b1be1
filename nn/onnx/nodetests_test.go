package onnx_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// table is the page with the number of node tests that each operator passes.
const table = "../../docs/onnx-operators.md"

// The ONNX project's own tests of the operators, in the folder that testdata/node_tests.py wrote and UNROLL_ONNX_NODE_TESTS
// names. A test passes if all of its outputs are right. None may be wrong: what the package cannot compute it must refuse. As
// many must pass as the table in docs says; -update writes it.
func TestONNXNodeTests(t *testing.T) {
	folder := os.Getenv("UNROLL_ONNX_NODE_TESTS")
	if folder == "" {
		t.Skip("UNROLL_ONNX_NODE_TESTS names no folder that testdata/node_tests.py wrote")
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	passed, all, refused := map[string]int{}, map[string]int{}, map[string][]string{}
	for _, path := range paths {
		op, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".onnx"), ".")
		all[op]++
		switch wrong, err := nodeTest(t, path); {
		case err != nil:
			refused[op] = append(refused[op], name)
			t.Logf("%s: %v", name, err)
		case wrong != nil:
			t.Errorf("%s: %v", name, wrong)
		default:
			passed[op]++
		}
	}
	page := nodeTable(passed, all, refused)
	if *update {
		if err := os.WriteFile(table, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(table); err != nil || string(want) != page {
		t.Errorf("the table in %s is another (%v); run this test with -update", table, err)
	}
}

// nodeTest runs one test: what is wrong with the outputs, or why there are none.
func nodeTest(t *testing.T, path string) (wrong, refused error) {
	t.Helper()
	m, err := onnx.Read(path)
	if err != nil {
		return nil, err
	}
	values := strings.TrimSuffix(path, ".onnx") + ".safetensors"
	if _, err := os.Stat(values); err != nil {
		return nil, errors.New("its values are of a type that is not read")
	}
	rec, _ := graphtest.Golden(t, values)
	params, err := m.Params(1)
	if err != nil {
		return nil, err
	}
	var in []*tensor.Dense
	for _, p := range m.Inputs() {
		v := rec["in."+p.Name]
		if v.Dtype() == tensor.Float32 && params.Dtype() == tensor.Float64 { // a model of both types computes in the larger
			v = graph.Floats64(graphtest.Float64s(v), v.Shape()...)
		}
		in = append(in, v)
	}
	out, err := graph.NewFunc(params, m.Build).Run(in...)
	if err != nil {
		return nil, err
	}
	for i, p := range m.Outputs() {
		tolerance := 1e-5
		switch path := strings.ToLower(path); {
		case strings.Contains(path, "bfloat16"):
			tolerance = 1. / 128 // 8 bits of it are the fraction
		case strings.Contains(path, "float16") || strings.Contains(path, "ceil_last_window"):
			tolerance = 1e-3 // of numbers of 16 bits; of numbers that the test gives four digits of
		}
		if err := near(out[i], rec["out."+p.Name], tolerance); err != nil {
			return errors.Wrapf(err, "output %s", p.Name), nil
		}
	}
	return nil, nil
}

// near compares two tensors, to a share of the number, or of 1 if that is larger. (onnx.backend.test: 1e-3 of the number.)
func near(got, want *tensor.Dense, tolerance float64) error {
	if !slices.Equal([]int(got.Shape()), []int(want.Shape())) {
		return errors.Errorf("shape %v; want %v", got.Shape(), want.Shape())
	}
	a, b := graphtest.Float64s(got), graphtest.Float64s(want)
	for i, v := range b {
		if a[i] != v && !(math.Abs(a[i]-v) <= tolerance*math.Max(1, math.Abs(v))) && !(math.IsNaN(a[i]) && math.IsNaN(v)) {
			return errors.Errorf("number %d is %g; want %g", i, a[i], v)
		}
	}
	return nil
}

// nodeTable is the page of the docs.
func nodeTable(passed, all map[string]int, refused map[string][]string) string {
	var b strings.Builder
	b.WriteString(tableHead)
	total, good := 0, 0
	var ops []string
	for op := range all {
		ops = append(ops, op)
		total, good = total+all[op], good+passed[op]
	}
	slices.Sort(ops)
	for _, op := range ops {
		slices.Sort(refused[op])
		fmt.Fprintf(&b, "| %s | %d of %d | %s |\n", op, passed[op], all[op], strings.Join(refused[op], ", "))
	}
	fmt.Fprintf(&b, "| all | %d of %d | |\n", good, total)
	return b.String()
}
