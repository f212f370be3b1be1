package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// BenchmarkInfer computes the logits of whole sequences without gradients.
func BenchmarkInfer(b *testing.B) {
	for _, w := range work.Suite() {
		if w.Kind == work.Infer {
			b.Run(w.Cell+"/"+w.Size(), func(b *testing.B) {
				repeat(b, model.NewReader(w).Read)
				report(b, w, w.FLOPs())
			})
		}
	}
}
