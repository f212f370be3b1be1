package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// BenchmarkGenerate writes one sequence, one token a call, always the likeliest.
func BenchmarkGenerate(b *testing.B) { generateAll(b, work.Generate) }

// BenchmarkGenerateInt8 is BenchmarkGenerate with weights in 8 bits.
func BenchmarkGenerateInt8(b *testing.B) { generateAll(b, work.GenerateInt8) }

func generateAll(b *testing.B, kind string) {
	for _, w := range work.Suite() {
		if w.Kind != kind {
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
