package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// BenchmarkGenerate writes one sequence, one token a call, always the likeliest.
func BenchmarkGenerate(b *testing.B) {
	for _, w := range work.Suite() {
		if w.Kind != work.Generate {
			continue
		}
		b.Run(w.Cell+"/"+w.Size(), func(b *testing.B) {
			g, err := model.NewGenerator(w)
			if err != nil {
				b.Fatal(err)
			}
			repeat(b, g.Next)
			report(b, w, w.FLOPs())
		})
	}
}
