package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/internal/kernel"
)

// BenchmarkRead reads a weight of 512x2048 once and does nothing else with it than to add it up: what a product with
// one row cannot be faster than.
func BenchmarkRead(b *testing.B) {
	x := make([]float32, 512*2048)
	for i := range x {
		x[i] = 1 // memory that nobody has written may be one page of zeros, again and again
	}
	total := float32(0)
	for b.Loop() {
		total += kernel.Sum(x)
	}
	b.SetBytes(int64(4 * len(x)))
	if total == 0 {
		b.Fatal(total)
	}
}
