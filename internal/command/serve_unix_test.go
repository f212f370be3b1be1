//go:build unix

package command

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unroll-go/unroll/recurrent/models"
	"github.com/unroll-go/unroll/recurrent/models/serve"
)

// A stream that has begun when the signal to end comes is written to its end; later requests find nobody.
func TestStreamEndsWholeAfterSIGTERM(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.safetensors")
	m, err := models.NewLanguageModel(models.Config{Hidden: 16, Embed: 8, Seed: 1}, "the quick brown fox jumps over the lazy dog. the quick brown fox.")
	if err == nil {
		err = m.Save(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	fl := serveFlags{grace: time.Minute}
	if fl.options.Log, err = (&serveFlags{logs: "off"}).logger(io.Discard); err != nil {
		t.Fatal(err)
	}
	fl.options.Models = []serve.ModelFile{{Name: "text", Path: path}}
	s, err := serve.New(fl.options)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), terminate)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- fl.serve(ctx, s, l) }()
	url := "http://" + l.Addr().String() + "/v1/completions"
	body := `{"prompt":"the","max_tokens":4000,"stream":true,"temperature":1,"seed":1}`
	a, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	lines, events := bufio.NewScanner(a.Body), 0
	for lines.Scan() && lines.Text() != "data: [DONE]" {
		if strings.HasPrefix(lines.Text(), "data: {") {
			if events++; events == 1 {
				if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				<-ctx.Done()
			}
		}
	}
	if lines.Text() != "data: [DONE]" || events != 4001 {
		t.Errorf("%v: %d events, the last line %q; want 4001 and [DONE]", lines.Err(), events, lines.Text())
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	if again, err := http.Post(url, "application/json", strings.NewReader(body)); err == nil {
		_ = again.Body.Close()
		t.Errorf("a service that has ended answers with status %d", again.StatusCode)
	}
}
