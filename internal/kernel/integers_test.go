package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// extremes are whole numbers of 8 bits, among which the largest and smallest are frequent.
func extremes(r *rand.Rand, n int, often int) []int8 {
	x := make([]int8, n)
	for i := range x {
		switch r.IntN(often) {
		case 0:
			x[i] = -128
		case 1:
			x[i] = 127
		default:
			x[i] = int8(r.IntN(256) - 128)
		}
	}
	return x
}

// Products of whole numbers are those of a plain loop, on every kernel set, with sums far past 2^24.
func TestMultiplyIntegers(t *testing.T) {
	eachReducedSet(t, func(t *testing.T) {
		for _, shape := range []struct{ m, k, n, often int }{
			{1, 1, 1, 3}, {1, 3, 5, 3}, {2, 4, 64, 2}, {3, 7, 65, 9}, {4, 64, 128, 2}, {5, 511, 33, 2}, {7, 513, 129, 1}, {2, 2049, 257, 1}, {9, 30, 300, 9},
		} {
			for _, form := range []string{"plain", "rows", "columns"} {
				t.Run(fmt.Sprintf("%s %v", form, shape), func(t *testing.T) { integersCase(t, shape.m, shape.k, shape.n, shape.often, form) })
			}
		}
	})
}

func integersCase(t *testing.T, m, k, n, often int, form string) {
	r := rand.New(rand.NewPCG(uint64(m*k*n), 1))
	lda, ldb, ldc := k+1, n+2, n+3
	a, b := extremes(r, m*lda, often), extremes(r, k*ldb, often)
	several := func(n int, below float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = float64(r.IntN(257) - 128)
			if below > 0 {
				out[i] = float64(int(r.Float64()*below) - int(below/2))
			}
		}
		return out
	}
	var terms IntegerTerms
	switch form {
	case "rows":
		terms = IntegerTerms{Left: several(m, 0), Right: several(1, 0), Rows: several(m, 1<<31)}
	case "columns":
		terms = IntegerTerms{Left: several(1, 0), Right: several(n, 0), Columns: several(n, 1<<31)}
	}
	at := func(x []float64, i int) int {
		if len(x) == 0 {
			return 0
		}
		return int(x[i%len(x)])
	}
	var left IntegerRows
	var right Integers
	for range 2 { // memory is used again
		left.Pack(m, k, a, lda)
		right.Pack(k, n, b, ldb, form == "columns")
	}
	got, got64 := make([]float32, m*ldc), make([]float64, m*ldc)
	MultiplyIntegers(&left, &right, terms, got, ldc)
	MultiplyIntegers(&left, &right, terms, got64, ldc)
	for i := range m {
		for j := range n {
			sum := at(terms.Rows, i) + at(terms.Columns, j)
			for l := range k {
				sum += (int(a[i*lda+l]) + at(terms.Left, i)) * (int(b[l*ldb+j]) + at(terms.Right, j))
			}
			if got64[i*ldc+j] != float64(sum) || got[i*ldc+j] != float32(sum) {
				t.Fatalf("[%d, %d] is %g and %g; want %d", i, j, got[i*ldc+j], got64[i*ldc+j], sum)
			}
		}
	}
}
