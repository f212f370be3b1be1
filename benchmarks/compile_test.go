package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
)

// BenchmarkCompile builds, differentiates and compiles one layer.
func BenchmarkCompile(b *testing.B) {
	for _, steps := range []int{50, 200, 1000} {
		w := work.Work{Kind: work.Train, Cell: "lstm", B: 32, T: steps, I: 128, H: 128, L: 1, V: 65}
		b.Run(w.Cell+"/"+w.Size(), func(b *testing.B) {
			in, p := model.Batch(w), graph.NewParams(1)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := graph.NewFunc(p, model.Loss(w, model.Cell(w))).GradProgram(in...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
