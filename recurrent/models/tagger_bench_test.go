package models

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph/optim"
)

// BenchmarkTaggerStep makes training steps, of the default network with 17 tags, on 16 sentences of 24 words. Words/s are
// those of the sentences.
func BenchmarkTaggerStep(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	var s Sentences
	for range 16 {
		var words, tags []string
		for range 24 {
			var w strings.Builder
			for range 16 {
				w.WriteByte(byte('a' + rng.IntN(26)))
			}
			if len(s.Words) > 0 && rng.IntN(2) == 0 { // words that come again
				words = append(words, s.Words[0][rng.IntN(24)])
			} else {
				words = append(words, w.String())
			}
			tags = append(tags, string(rune('A'+rng.IntN(17))))
		}
		s.Words, s.Tags = append(s.Words, words), append(s.Tags, tags)
	}
	c := taggerDefaults()
	m, err := NewTagger(c, s, s.AllTags())
	if err != nil {
		b.Fatal(err)
	}
	source, err := m.source(s, "train on", true)
	if err != nil {
		b.Fatal(err)
	}
	in, _ := source.Next()
	f := m.Loss()
	o := &optim.Adam{}
	step := func() {
		if _, err := f.Grad(in...); err != nil {
			b.Fatal(err)
		}
		if _, err := optim.Update(o, m.Params(), 0.001, 5); err != nil {
			b.Fatal(err)
		}
	}
	step() // compiles
	b.Logf("words %v, spellings %v, %d words known", in[0].Shape(), in[2].Shape(), m.Words().Len())
	b.ResetTimer()
	for range b.N {
		step()
	}
	b.ReportMetric(float64(s.Count()*b.N)/b.Elapsed().Seconds(), "words/s")
}
