package models

import (
	"context"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/graph"
)

// A training step of the defaults is compiled, for eight recordings of two and a half seconds.
func BenchmarkRecogniserCompiles(b *testing.B) {
	r := song(b, 8, sungWords)
	m, err := NewRecogniser(Defaults(KindRecogniser), r)
	if err != nil {
		b.Fatal(err)
	}
	in := []int{8, 48}
	frames := graph.Floats(make([]float32, 256*8*40), 256, 8, 40)
	steps := []int{64, 64, 64, 64, 64, 64, 64, 64}
	for range b.N {
		_, err := m.Loss().GradProgram(frames, graph.Ints(steps), graph.Ints(make([]int, 8*48), in...), graph.Ints(steps))
		if err != nil {
			b.Fatal(err)
		}
	}
}

// Passes over 64 recordings, with and without a memory of what was heard.
func BenchmarkRecogniserFit(b *testing.B) {
	r := song(b, 64, sungWords)
	for name, cache := range map[string]*audio.Cache{"cache": audio.NewCache(1 << 30), "none": nil} {
		b.Run(name, func(b *testing.B) {
			r.Cache = cache
			c := Defaults(KindRecogniser)
			c.Batch, c.Epochs, c.Patience = 8, max(b.N, 1), 0
			m, err := NewRecogniser(c, r)
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			if _, err := m.Fit(context.Background(), r, r.Pick([]int{0, 1}), Run{}); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N*r.Len())/b.Elapsed().Seconds(), "recordings/s")
		})
	}
}

// The song is heard and judged.
func BenchmarkRecogniserEvaluates(b *testing.B) {
	r := song(b, 64, sungWords)
	m, err := NewRecogniser(Defaults(KindRecogniser), r)
	if err != nil {
		b.Fatal(err)
	}
	for range b.N {
		if _, err := m.Evaluate(context.Background(), r, Transcribing{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*r.Len())/b.Elapsed().Seconds(), "recordings/s")
}
