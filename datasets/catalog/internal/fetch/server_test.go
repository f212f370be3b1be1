package fetch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
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
