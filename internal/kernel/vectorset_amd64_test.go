//go:build amd64 && !noasm

package kernel

import "testing"

// eachVectorSet runs f by every implementation that the processor has.
func eachVectorSet(t *testing.T, f func(t *testing.T)) {
	two, five := hasAVX2, hasAVX512
	defer func() { hasAVX2, hasAVX512 = two, five }()
	hasAVX2, hasAVX512 = false, false
	t.Run("generic", f)
	if hasAVX2 = two; two {
		t.Run("avx2", f)
	}
	if hasAVX512 = five; five {
		t.Run("avx512", f)
	}
}

// eachReducedSet is eachVectorSet for products with weights of fewer bits, which VNNI makes a difference for.
func eachReducedSet(t *testing.T, f func(t *testing.T)) {
	eachVectorSet(t, f)
	if before := hasVNNI; before && hasAVX512 {
		defer func() { hasVNNI = before }()
		hasVNNI = false
		t.Run("avx512 without VNNI", f)
	}
}

// TestSetsAgree compares the bits that AVX2 and AVX-512 give.
func TestSetsAgree(t *testing.T) {
	if !hasAVX512 {
		t.Skip("the processor has no AVX-512")
	}
	defer func() { hasAVX512 = true }()
	x := sweep(10007)
	narrow, wide := make([]float32, len(x)), make([]float32, len(x))
	for _, a := range activations {
		hasAVX512 = false
		a.run(narrow, x)
		hasAVX512 = true
		a.run(wide, x)
		for i := range x {
			if !sameBits(narrow[i], wide[i]) {
				t.Fatalf("%s(%g): AVX2 gives %g, AVX-512 gives %g", a.name, x[i], narrow[i], wide[i])
			}
		}
	}
	for n := range 100 {
		row := make([]float32, n)
		fillNormal(row, uint64(n))
		hasAVX512 = false
		want := sumExp32(row, 0.5)
		hasAVX512 = true
		if got := sumExp32(row, 0.5); got != want {
			t.Errorf("sumExp of %d: AVX2 gives %v, AVX-512 gives %v", n, want, got)
		}
	}
}
