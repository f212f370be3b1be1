package serve

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

// BenchmarkRequests answers requests of 64 clients at once, without a network: classification of 15 words and 50 characters of a
// completion by networks of 256 units, a GRU in both directions and an LSTM, with batches and one at a time.
func BenchmarkRequests(b *testing.B) {
	dir := b.TempDir()
	text := strings.Repeat(corpus, 3)
	c, err := models.NewClassifier(models.Config{Hidden: 256, Embed: 128, Seed: 3}, []string{text, "bad"}, []string{"good", "bad"})
	if err == nil {
		err = c.Save(filepath.Join(dir, "mood.safetensors"))
	}
	if err != nil {
		b.Fatal(err)
	}
	m, err := models.NewLanguageModel(models.Config{Hidden: 256, Embed: 128, Seed: 3}, text)
	if err == nil {
		err = m.Save(filepath.Join(dir, "text.safetensors"))
	}
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []struct{ name, path, body string }{
		{"classify", "/invocations", `["the quick brown fox jumps over the lazy dog and runs away from many hunters"]`},
		{"complete", "/v1/completions", `{"prompt":"the quick","max_tokens":50,"temperature":0}`},
	} {
		for _, rows := range []int{64, 1} {
			b.Run(kind.name+map[int]string{64: "/batches", 1: "/alone"}[rows], func(b *testing.B) {
				file := map[string]string{"classify": "mood", "complete": "text"}[kind.name]
				o := Options{BatchRows: rows, Models: []ModelFile{{file, filepath.Join(dir, file+".safetensors")}}}
				s, err := New(o)
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				b.SetParallelism(32) // for each of GOMAXPROCS
				b.ResetTimer()
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						r := httptest.NewRequest(http.MethodPost, kind.path, strings.NewReader(kind.body))
						r.Header.Set("Content-Type", "application/json")
						w := httptest.NewRecorder()
						s.ServeHTTP(w, r)
						if w.Code != http.StatusOK {
							b.Fatal(w.Body)
						}
					}
				})
			})
		}
	}
}
