package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
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

// BenchmarkSessions steps sessions, of which there are 100,000 in a file, one token each time, by 64 clients at once.
func BenchmarkSessions(b *testing.B) {
	dir := b.TempDir()
	m, err := models.NewLanguageModel(models.Config{Hidden: 256, Embed: 128, Seed: 3}, corpus)
	if err == nil {
		err = m.Save(filepath.Join(dir, "text.safetensors"))
	}
	if err != nil {
		b.Fatal(err)
	}
	for _, memory := range []int64{1 << 30, 16 << 20} {
		b.Run(fmt.Sprintf("memory=%dMB", memory>>20), func(b *testing.B) {
			o := Options{Models: []ModelFile{{"text", filepath.Join(dir, "text.safetensors")}}}
			o.Sessions = SessionOptions{Path: filepath.Join(dir, fmt.Sprint(memory, ".db")), Memory: memory}
			s, err := New(o)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			do := func(path, body string) []byte {
				r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code >= 300 {
					b.Fatal(w.Body)
				}
				return w.Body.Bytes()
			}
			const many = 100_000
			if s.sessions.count == 0 {
				do("/v1/sessions", `{"id":"s0","prompt":"the quick"}`)
				for from := 1; from < many; from += 1000 {
					ids := make([]string, min(1000, many-from))
					for i := range ids {
						ids[i] = fmt.Sprint("s", from+i)
					}
					list, _ := json.Marshal(map[string]any{"ids": ids})
					do("/v1/sessions/s0/fork", string(list))
				}
			}
			var next atomic.Int64
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					do(fmt.Sprintf("/v1/sessions/s%d/write", next.Add(7919)%many), `{"max_tokens":1,"temperature":0}`)
				}
			})
			b.StopTimer()
			var mem runtime.MemStats
			runtime.ReadMemStats(&mem)
			b.ReportMetric(float64(mem.HeapInuse)/1e6, "heap-MB")
		})
	}
}
