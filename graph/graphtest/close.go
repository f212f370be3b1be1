package graphtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Close fails the test unless got has want's shape and every element is within tolerance of want's, relative to the
// larger of 1 and the element.
func Close(t testing.TB, name string, got, want *tensor.Dense, tolerance float64) {
	t.Helper()
	for _, v := range []*tensor.Dense{got, want} {
		if err := dense.Check(v); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("%s: shape %v, want %v", name, got.Shape(), want.Shape())
		return
	}
	x, y := Float64s(got), Float64s(want)
	worst, at := 0.0, -1
	for i := range x {
		e := math.Abs(x[i]-y[i]) / math.Max(1, math.Abs(y[i]))
		if x[i] == y[i] {
			e = 0 // infinities of one sign
		}
		if !(e <= tolerance) && (at < 0 || !(e <= worst)) {
			worst, at = e, i
		}
	}
	if at >= 0 {
		t.Errorf("%s[%d]: %.9g, want %.9g (error %.2g, tolerance %.2g)", name, at, x[at], y[at], worst, tolerance)
	}
}

// Float64s copies a tensor's elements, of whatever type, as float64. It is nil for a tensor that graph functions refuse,
// such as a view.
func Float64s(t *tensor.Dense) []float64 {
	if dense.Check(t) != nil {
		return nil
	}
	var out []float64
	switch t.Dtype() {
	case tensor.Float64:
		return append(out, t.Float64s()...)
	case tensor.Int:
		for _, v := range t.Ints() {
			out = append(out, float64(v))
		}
	default:
		for _, v := range t.Float32s() {
			out = append(out, float64(v))
		}
	}
	return out
}

// Random returns a float64 tensor of normal draws from a seed; no shape means a scalar.
func Random(seed uint64, shape ...int) *tensor.Dense {
	n, err := dense.Size(shape)
	if err != nil {
		return graph.Floats64(nil, shape...) // whoever takes it says what is wrong
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	data := make([]float64, n)
	for i := range data {
		data[i] = rng.NormFloat64()
	}
	if len(shape) == 0 {
		return tensor.New(tensor.FromScalar(data[0]))
	}
	return graph.Floats64(data, shape...)
}

// RandomIDs returns ids below n, which is at least 1, from a seed; no shape means one of them.
func RandomIDs(seed uint64, n int, shape ...int) *tensor.Dense {
	size, err := dense.Size(shape)
	if err != nil || n < 1 {
		return graph.Ints(nil, shape...)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	data := make([]int, size)
	for i := range data {
		data[i] = rng.IntN(n)
	}
	return graph.Ints(data, shape...)
}

// Float32 rounds a float64 tensor to float32; ints stay, and so do tensors that graph functions refuse.
func Float32(t *tensor.Dense) *tensor.Dense {
	if dense.Check(t, tensor.Float64) != nil {
		return t
	}
	out := make([]float32, len(t.Float64s()))
	for i, v := range t.Float64s() {
		out[i] = float32(v)
	}
	if t.IsScalar() {
		return tensor.New(tensor.FromScalar(out[0]))
	}
	return graph.Floats(out, t.Shape()...)
}

// Golden reads recorded values: a safetensors file as a map by name. The metadata is returned, too.
func Golden(t testing.TB, path string) (map[string]*tensor.Dense, map[string]string) {
	t.Helper()
	list, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]*tensor.Dense, len(list))
	for _, v := range list {
		out[v.Name] = v.Value
	}
	return out, metadata
}
