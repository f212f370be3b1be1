package serve

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

// BenchmarkRows predicts texts of 48 words together, by one LSTM: what a row costs beside others is what batches can gain. Run it
// with -cpu 1. GFLOP/s counts matrix products alone.
func BenchmarkRows(b *testing.B) {
	const words, embed = 48, 128
	text := strings.TrimSpace(strings.Repeat("the quick brown fox jumps over a lazy dog and runs away ", words/12))
	for _, hidden := range []int{256, 512, 1024} {
		m, err := models.NewClassifier(models.Config{Cell: "lstm", OneWay: true, Tokens: "word", Hidden: hidden, Embed: embed, Seed: 3},
			[]string{text, "bad"}, []string{"good", "bad"})
		if err != nil {
			b.Fatal(err)
		}
		for _, rows := range []int{1, 2, 4, 8, 16, 32, 64} {
			texts := make([]string, rows)
			for i := range texts {
				texts[i] = text
			}
			b.Run(fmt.Sprintf("hidden=%d/rows=%d", hidden, rows), func(b *testing.B) {
				for b.Loop() {
					if _, err := m.Predict(texts); err != nil {
						b.Fatal(err)
					}
				}
				row := b.Elapsed().Seconds() / float64(b.N*rows)
				b.ReportMetric(row*1e3, "ms/row")
				b.ReportMetric(float64(words*2*4*hidden*(embed+hidden))/row/1e9, "GFLOP/s")
			})
		}
	}
}
