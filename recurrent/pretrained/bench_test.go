package pretrained

import (
	"os"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// The benchmarks run over the model in the folder that FOUNDATION names.
func benchmarked(b *testing.B) *Model {
	b.Helper()
	folder := os.Getenv("FOUNDATION")
	if folder == "" {
		b.Skip("FOUNDATION names no folder")
	}
	m, err := Load(folder)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkStep reads one token after the other.
func BenchmarkStep(b *testing.B) {
	m := benchmarked(b)
	for _, w := range []graph.WeightFormat{graph.FullWeights, graph.BFloat16Weights, graph.Int8Weights} {
		b.Run(w.String(), func(b *testing.B) {
			if err := m.SetWeightFormat(w); err != nil {
				b.Fatal(err)
			}
			s, err := m.Stream()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.Read(1); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(m.params.Elements() * []int{4, 2, 1}[w]))
			for b.Loop() {
				if _, err := s.Read(7); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkPrompt reads 128 tokens at once.
func BenchmarkPrompt(b *testing.B) {
	m := benchmarked(b)
	s, err := m.Stream()
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]int, 128)
	if _, err := s.Read(ids...); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Read(ids...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(ids))/b.Elapsed().Seconds(), "tokens/s")
}
