package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/kernel"
)

// BenchmarkRead reads a weight of 512x2048 once and does nothing else with it than to add it up: what a product with
// one row cannot be faster than. The weight was written before: memory that never was may be one page of zeros, over and
// over.
func BenchmarkRead(b *testing.B) {
	x := make([]float32, 512*2048)
	kernel.Fill(x, 1)
	total := float32(0)
	for b.Loop() {
		total += kernel.Sum(x)
	}
	b.SetBytes(int64(4 * len(x)))
	if total == 0 {
		b.Fatal(total)
	}
}

// BenchmarkUpdate clips and updates 16 million weights by Adam, far more than the caches hold. Of each it must read the
// gradient for the norm, then gradient, weight and two moments, and write the latter three: 32 bytes. Four more go to
// the gradient, which is scaled where it lies, if it is clipped.
func BenchmarkUpdate(b *testing.B) {
	const n = 1 << 24
	p := graph.NewParams(1)
	if _, err := p.Add("w", graph.Floats(make([]float32, n), n)); err != nil {
		b.Fatal(err)
	}
	g := p.At(0).Grad().Float32s()
	for i := range g {
		g[i] = float32(i%7) - 3
	}
	adam := &optim.Adam{}
	step := func() {
		if _, err := optim.Update(adam, p, 1e-3, 1); err != nil {
			b.Fatal(err)
		}
	}
	step() // makes the moments
	for b.Loop() {
		step()
	}
	b.SetBytes(32 * n)
}
