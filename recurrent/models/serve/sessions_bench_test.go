//go:build !js

package serve

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unroll-go/unroll/recurrent/models"
)

// BenchmarkSessions makes 100,000 sessions of two LSTM layers of 256 units, each of another text, and steps each of them once, by 64
// clients at once: in memory alone, in a file with all in memory, in a file with a twentieth of them in memory, and after a restart.
// Run it with -benchtime 1x.
func BenchmarkSessions(b *testing.B) {
	const many = 100_000
	dir := b.TempDir()
	m, err := models.NewLanguageModel(models.Config{Hidden: 256, Embed: 128, Seed: 3}, corpus)
	if err == nil {
		err = m.Save(filepath.Join(dir, "text.safetensors"))
	}
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(dir, "sessions.db")
	open := func(b *testing.B, path string, memory int64) *Server {
		begin := time.Now()
		s, err := New(Options{Models: []ModelFile{{"text", filepath.Join(dir, "text.safetensors")}},
			Sessions: SessionOptions{Path: path, Memory: memory}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begin).Seconds()*1000, "ms-to-open")
		return s
	}
	// all has 64 clients ask once for each session.
	all := func(b *testing.B, s *Server, unit string, ask func(i int) (path, body string)) {
		var next atomic.Int64
		var clients sync.WaitGroup
		begin := time.Now()
		for range 64 {
			clients.Go(func() {
				for i := int(next.Add(1)) - 1; i < many; i = int(next.Add(1)) - 1 {
					path, body := ask(i)
					w := httptest.NewRecorder()
					s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
					if w.Code >= 300 {
						b.Error(w.Body)
						return
					}
				}
			})
		}
		clients.Wait()
		b.ReportMetric(time.Since(begin).Seconds()*1e6/many, unit)
	}
	create := func(i int) (path, body string) {
		prompt := fmt.Sprintf("%c%c%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, 'a'+i/17576%26)
		return "/v1/sessions", fmt.Sprintf(`{"id":"s%d","prompt":%q}`, i, prompt)
	}
	step := func(i int) (path, body string) {
		return fmt.Sprintf("/v1/sessions/s%d/write", i*7919%many), `{"max_tokens":1,"temperature":0}`
	}
	held := func(b *testing.B, before uint64) {
		b.ReportMetric(float64(heap()-before)/many, "B-of-memory/session")
	}
	b.Run("memory", func(b *testing.B) {
		before := heap()
		s := open(b, "", 1<<30)
		defer s.Close()
		all(b, s, "us/create", create)
		all(b, s, "us/step", step)
		held(b, before)
	})
	for _, memory := range []int64{1 << 30, 1 << 24} {
		b.Run(fmt.Sprintf("file/memory=%dMB", memory>>20), func(b *testing.B) {
			before := heap()
			_ = os.Remove(file) // there may be none
			s := open(b, file, memory)
			defer s.Close()
			all(b, s, "us/create", create)
			all(b, s, "us/step", step)
			held(b, before)
			if info, err := os.Stat(file); err == nil {
				b.ReportMetric(float64(info.Size())/many, "B-of-file/session")
			}
		})
	}
	b.Run("restart", func(b *testing.B) {
		s := open(b, file, 1<<30)
		defer s.Close()
		all(b, s, "us/step", step)
	})
}

// heap is how much memory is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
