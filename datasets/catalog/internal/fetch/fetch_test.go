package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// content is a file of 300,000 bytes that no two seeds share.
func content(seed uint64) []byte {
	b := make([]byte, 300_000)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	r.Read(b)
	return b
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// server serves one file in the ways of real servers, good and bad.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	data     []byte
	tag      string
	cut      int      // of the next answers, each breaks off after so many bytes; 0 means never
	cuts     int      // how many answers are still to be cut
	noRanges bool     // parts are not served
	ranges   []string // the Range headers that came
}

func newServer(t *testing.T, data []byte) *server {
	s := &server{data: data, tag: `"v1"`}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	body, from := s.data, 0
	if s.tag != "" {
		w.Header().Set("ETag", s.tag)
	}
	if rest, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && !s.noRanges && r.Header.Get("If-Range") == s.tag {
		from, _ = strconv.Atoi(strings.TrimSuffix(rest, "-"))
		if from >= len(body) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(body)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)-from))
		w.WriteHeader(http.StatusPartialContent)
		body = body[from:]
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	if s.cuts > 0 && s.cut < len(body) {
		s.cuts--
		w.Write(body[:s.cut])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(body)
}

func (s *server) request(t *testing.T) Request {
	return Request{
		URLs: []string{s.URL + "/file.bin"}, Path: filepath.Join(t.TempDir(), "set", "file.bin"),
		SHA256: sum(s.data), Bytes: int64(len(s.data)), Attempts: 1, Pause: time.Millisecond,
	}
}

func wantFile(t *testing.T, r Request, data []byte) {
	t.Helper()
	got, err := os.ReadFile(r.Path)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v; want the %d of the server", len(got), err, len(data))
	}
	for _, leftover := range []string{r.part(), r.note()} {
		if _, err := os.Stat(leftover); err == nil {
			t.Errorf("%s was left", leftover)
		}
	}
}

func wantNone(t *testing.T, r Request) {
	t.Helper()
	if _, err := os.Stat(r.Path); !os.IsNotExist(err) {
		t.Errorf("something is at the file's place: %v", err)
	}
}

func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("want an error with %q, got %v", text, err)
		}
	}
}

func TestFetch(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	var last, total int64 = -1, -1
	r.Progress = func(done, of int64) {
		if done < last {
			t.Errorf("progress went back from %d to %d", last, done)
		}
		last, total = done, of
	}
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
	if last != 300_000 || total != 300_000 {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	s.Close() // from now on it must be there without a server
	if err := File(t.Context(), r); err != nil {
		t.Error(err)
	}
	r.Offline = true
	if err := File(t.Context(), r); err != nil {
		t.Error(err)
	}
}

func TestWrongHash(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	r.SHA256 = sum(content(2))
	err := File(t.Context(), r)
	wantError(t, err, "has the SHA-256 "+sum(s.data), "want "+r.SHA256)
	wantNone(t, r)
	if _, err := os.Stat(r.part()); err == nil {
		t.Error("the wrong bytes were kept to be continued")
	}
}

func TestWrongFileOnDisk(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	os.MkdirAll(filepath.Dir(r.Path), 0o755)
	os.WriteFile(r.Path, []byte("mine"), 0o644)
	wantError(t, File(t.Context(), r), r.Path, sum([]byte("mine")), r.SHA256, "remove the file")
	if got, _ := os.ReadFile(r.Path); string(got) != "mine" {
		t.Error("a file of the user was overwritten")
	}
}

func TestResume(t *testing.T) {
	for _, attempts := range []int{1, 3} { // in another call, in the same call
		s := newServer(t, content(1))
		s.cut, s.cuts = 100_000, 1
		r := s.request(t)
		r.Attempts = attempts
		err := File(t.Context(), r)
		if attempts == 1 {
			wantError(t, err, "after 100000 bytes")
			wantNone(t, r)
			err = File(t.Context(), r)
		}
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, r, s.data)
		if got := strings.Join(s.ranges, "|"); got != "|bytes=100000-" {
			t.Errorf("%d attempts: asked for the parts %q", attempts, got)
		}
	}
}

// A file that has changed at its source since the first part came is fetched from its start.
func TestResumeOfChangedFile(t *testing.T) {
	s := newServer(t, content(1))
	s.cut, s.cuts = 100_000, 1
	r := s.request(t)
	r.SHA256 = "" // both versions are welcome, a mixture is not
	if err := File(t.Context(), r); err == nil {
		t.Fatal("a cut download is whole")
	}
	s.data, s.tag = content(2), `"v2"`
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, content(2))
}

// Without a name for the version, nobody can say that the rest belongs to what is there.
func TestNoValidator(t *testing.T) {
	for _, tag := range []string{"", `W/"weak"`} {
		s := newServer(t, content(1))
		s.cut, s.cuts, s.tag = 100_000, 1, tag
		r := s.request(t)
		r.Attempts = 2
		if err := File(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		wantFile(t, r, s.data)
		if got := strings.Join(s.ranges, "|"); got != "|" {
			t.Errorf("asked for the parts %q", got)
		}
	}
}

func TestServerWithoutRanges(t *testing.T) {
	s := newServer(t, content(1))
	s.cut, s.cuts, s.noRanges = 100_000, 1, true
	r := s.request(t)
	r.Attempts = 2
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
	if got := strings.Join(s.ranges, "|"); got != "|bytes=100000-" {
		t.Errorf("asked for the parts %q", got)
	}
}

// What is there is longer than the file: begun anew.
func TestPartTooLong(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	r.Attempts = 2
	os.MkdirAll(filepath.Dir(r.Path), 0o755)
	os.WriteFile(r.part(), append(content(1), 'x'), 0o644)
	os.WriteFile(r.note(), fmt.Appendf(nil, `{"url":%q,"validator":%q}`, r.URLs[0], s.tag), 0o644)
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
}

func TestNoNetwork(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	s.Close()
	for _, offline := range []bool{false, true} {
		r.Offline = offline
		err := File(t.Context(), r)
		wantError(t, err, r.URLs[0], "bring the file by other means to "+r.Path, r.SHA256, "300000 bytes")
		var missing *Unavailable
		if !errors.As(err, &missing) || missing.Path != r.Path || missing.URL != r.URLs[0] {
			t.Errorf("%#v", missing)
		}
		if !offline && !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the cause is lost: %v", err)
		}
		wantNone(t, r)
	}
}

func TestMirrors(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	s := newServer(t, content(1))
	r := s.request(t)
	r.URLs = []string{gone.URL + "/file.bin", r.URLs[0]}
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
	r.Path += "2"
	r.SHA256 = sum(content(2))
	wantError(t, File(t.Context(), r), "404", "; the download has the SHA-256 "+sum(s.data)) // each with its reason
	wantNone(t, r)
}

// A page that says "log in" where a file should be, and servers that send without end.
func TestOtherLength(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	r.Bytes = 1000
	wantError(t, File(t.Context(), r), "has 300000 bytes; want 1000")
	wantNone(t, r)
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			w.Write(make([]byte, 1000)) // chunked: no length
			w.(http.Flusher).Flush()
		}
	}))
	defer endless.Close()
	r.URLs[0] = endless.URL
	wantError(t, File(t.Context(), r), "more than 1000 bytes")
	wantNone(t, r)
	r.Bytes = 200_000
	wantError(t, File(t.Context(), r), "unexpected EOF")
	wantNone(t, r)
}

// fullDisk is a file on a disk with so many bytes left.
type fullDisk struct {
	*os.File
	left int
}

func (f *fullDisk) Write(b []byte) (int, error) {
	n, _ := f.File.Write(b[:min(len(b), f.left)])
	f.left -= n
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func TestFullDisk(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	r.URLs = append(r.URLs, s.URL+"/mirror")
	r.Attempts = 3
	r.open = func(name string) (partFile, error) {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		return &fullDisk{f, 70_000}, err
	}
	err := File(t.Context(), r)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("want the full disk, got %v", err)
	}
	var missing *Unavailable
	if errors.As(err, &missing) {
		t.Error("a full disk is called a missing network")
	}
	wantNone(t, r)
	if len(s.ranges) != 1 {
		t.Errorf("asked %d times; a full disk stays full", len(s.ranges))
	}
	r.open = nil // room again: it goes on
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
	if s.ranges[1] != "bytes=70000-" {
		t.Errorf("asked for %q", s.ranges[1])
	}
}

func TestCancel(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.Progress = func(done, _ int64) {
		if done > 0 {
			cancel()
		}
	}
	if err := File(ctx, r); !errors.Is(err, context.Canceled) {
		t.Errorf("want the cancellation, got %v", err)
	}
	wantNone(t, r)
	r.Progress = nil
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
}

func TestTrustOnFirstUse(t *testing.T) {
	s := newServer(t, content(1))
	r := s.request(t)
	r.SHA256, r.Bytes = "", 0
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
	if raw, err := os.ReadFile(r.sidecar()); err != nil || string(raw) != sum(s.data)+"  file.bin\n" {
		t.Errorf("%q, %v", raw, err)
	}
	os.WriteFile(r.Path, []byte("damaged"), 0o644)
	wantError(t, File(t.Context(), r), "has the SHA-256")
	os.Remove(r.Path)
	s.data, s.tag = content(2), `"v2"`
	wantError(t, File(t.Context(), r), "has changed at its source", r.sidecar())
	wantNone(t, r)
	os.Remove(r.sidecar())
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
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

func TestBusyServer(t *testing.T) {
	var asked atomic.Int64
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("at last"))
	}))
	defer busy.Close()
	r := Request{URLs: []string{busy.URL}, Path: filepath.Join(t.TempDir(), "f"), SHA256: sum([]byte("at last")), Pause: time.Millisecond}
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// A server that falls silent is asked again, and goes on where it stopped.
func TestSilentServer(t *testing.T) {
	s := newServer(t, content(1))
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			s.serve(w, r)
			return
		}
		w.Header().Set("ETag", s.tag)
		w.Header().Set("Content-Length", strconv.Itoa(len(s.data)))
		w.Write(s.data[:100_000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer silent.Close()
	r := s.request(t)
	r.URLs[0] = silent.URL
	r.Quiet = 200 * time.Millisecond
	wantError(t, File(t.Context(), r), "sent nothing for 200ms")
	wantNone(t, r)
	r.Attempts = 2
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, s.data)
	if got := strings.Join(s.ranges, "|"); got != "bytes=100000-" {
		t.Errorf("asked for the parts %q", got)
	}
}
