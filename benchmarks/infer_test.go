package benchmarks

import (
	"math/rand/v2"
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
)

// BenchmarkInfer computes the logits of whole sequences with Func.Run, without gradients.
func BenchmarkInfer(b *testing.B) {
	for _, s := range []work.Work{
		{B: 1, T: 50, I: 128, H: 128, L: 1, V: 65},
		{B: 32, T: 50, I: 128, H: 128, L: 1, V: 65},
		{B: 1, T: 35, I: 512, H: 512, L: 2, V: 10000},
		{B: 32, T: 35, I: 512, H: 512, L: 2, V: 10000},
	} {
		s.Cell = "lstm"
		b.Run(s.Size(), func(b *testing.B) {
			ids := make([]int, s.Tokens())
			for i := range ids {
				ids[i] = rand.IntN(s.V)
			}
			f, in := graph.NewFunc(graph.NewParams(1), model.Logits(s, model.Cell(s))), graph.Ints(ids, s.T, s.B)
			repeat(b, func() error {
				_, err := f.Run(in)
				return err
			})
			b.ReportMetric(float64(s.Tokens())*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
