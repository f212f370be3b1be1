package serve

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

// BenchmarkStream has a sensor send a row when it has been told of the one before, over HTTP, sessions in a file; or send all and
// be told of all.
func BenchmarkStream(b *testing.B) {
	dir := b.TempDir()
	rows := models.Sequences{Columns: []models.SequenceColumn{{Name: "x"}, {Name: "y"}}, IDs: []string{"a", "b"}, Labels: []string{"up", "down"},
		Values: [][]float64{{1, 2, 3, 4}, {4, 3, 2, 1, 0, 0}}}
	m, err := models.NewSequenceModel(models.Config{Hidden: 64, OneWay: true, Pool: "last", Seed: 5}, rows)
	if err == nil {
		err = m.Save(filepath.Join(dir, "trend.safetensors"))
	}
	if err != nil {
		b.Fatal(err)
	}
	_, h, _ := newServer(b, Options{Models: []ModelFile{{"sensor", filepath.Join(dir, "trend.safetensors")}},
		Sessions: SessionOptions{Path: filepath.Join(dir, "sessions.db")}})
	for _, waits := range []bool{true, false} {
		b.Run(fmt.Sprintf("waits=%v", waits), func(b *testing.B) {
			var a sessionAbout
			post(b, h.URL+"/v1/sessions", `{"model":"sensor"}`, &a)
			in, out := io.Pipe()
			r, err := http.NewRequest(http.MethodPost, h.URL+"/v1/sessions/"+a.ID+"/stream", in)
			if err != nil {
				b.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				b.Fatal(err)
			}
			defer answer.Body.Close()
			lines := bufio.NewReader(answer.Body)
			told := make(chan struct{}, 1)
			go func() {
				for {
					line, err := lines.ReadString('\n')
					if err != nil {
						close(told)
						return
					}
					if waits && len(line) > 4 && line[:4] == "id: " {
						told <- struct{}{}
					}
				}
			}()
			b.ResetTimer()
			for range b.N {
				if _, err := io.WriteString(out, `{"x":0.25,"y":1.5}`+"\n"); err != nil {
					b.Fatal(err)
				}
				if waits {
					<-told
				}
			}
			_ = out.Close()
			<-told // the end
		})
	}
}
