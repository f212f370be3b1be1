package fetch

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestChild is not a test by itself: TestTwoProcesses runs it in programs of their own.
func TestChild(t *testing.T) {
	url := os.Getenv("FETCH_TEST_URL")
	if url == "" {
		t.Skip("run by TestTwoProcesses")
	}
	data := content(1)
	r := Request{URLs: []string{url}, Path: os.Getenv("FETCH_TEST_PATH"), SHA256: sum(data), Attempts: 1}
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, data)
}

// child starts TestChild in a program of its own.
func child(t *testing.T, url, path string, output *bytes.Buffer) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	c.Env = append(os.Environ(), "FETCH_TEST_URL="+url, "FETCH_TEST_PATH="+path)
	c.Stdout, c.Stderr = output, output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// A program that was killed while it downloaded leaves no lock, and a part that the next goes on with.
func TestKilledProcess(t *testing.T) {
	s := newServer(t, content(1))
	sent := make(chan bool)
	stuck := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			s.serve(w, r)
			return
		}
		w.Header().Set("ETag", s.tag)
		w.Header().Set("Content-Length", "300000")
		w.Write(s.data[:200_000])
		w.(http.Flusher).Flush()
		sent <- true
		<-r.Context().Done()
	}))
	defer stuck.Close()
	r := s.request(t)
	r.URLs[0] = stuck.URL
	var output bytes.Buffer
	c := child(t, stuck.URL, r.Path, &output)
	<-sent
	for size := int64(0); size < 100_000; time.Sleep(time.Millisecond) { // until some of it is on disk
		if stat, err := os.Stat(r.part()); err == nil {
			size = stat.Size()
		}
	}
	c.Process.Kill()
	c.Wait()
	wantNone(t, r)
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
	if len(s.ranges) != 1 || !strings.HasPrefix(s.ranges[0], "bytes=") {
		t.Errorf("asked for the parts %q", s.ranges)
	}
}

func TestTwoProcesses(t *testing.T) {
	s := newServer(t, content(1))
	path := filepath.Join(t.TempDir(), "file.bin")
	var children []*exec.Cmd
	var outputs [4]bytes.Buffer
	for i := range outputs {
		children = append(children, child(t, s.URL, path, &outputs[i]))
	}
	for i, c := range children {
		if err := c.Wait(); err != nil || !strings.Contains(outputs[i].String(), "--- PASS: TestChild") {
			t.Errorf("%v: %s", err, &outputs[i])
		}
	}
	if got := strings.Join(s.ranges, "|"); got != "" {
		t.Errorf("asked more than once: %q", got)
	}
	if len(s.ranges) != 1 {
		t.Errorf("fetched %d times", len(s.ranges))
	}
}

// Many that want one file at the same time fetch it once, and none sees a part of it.
func TestTogether(t *testing.T) {
	var served atomic.Int64
	data := content(1)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		w.Header().Set("ETag", `"v"`)
		for i := 0; i < len(data); i += 50_000 {
			w.Write(data[i : i+50_000])
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}))
	defer slow.Close()
	r := Request{URLs: []string{slow.URL}, Path: filepath.Join(t.TempDir(), "file.bin"), SHA256: sum(data)}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if err := File(t.Context(), r); err != nil {
				t.Error(err)
			}
			if got, err := os.ReadFile(r.Path); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	wait.Wait()
	if n := served.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// Waiting for another program's download can be given up.
func TestCancelWhileWaiting(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	os.MkdirAll(filepath.Dir(r.Path), 0o755)
	unlock, err := lock(t.Context(), filepath.Join(filepath.Dir(r.Path), ".lock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := File(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("want the deadline, got %v", err)
	}
	unlock()
	if err := File(t.Context(), r); err != nil {
		t.Error(err)
	}
}
