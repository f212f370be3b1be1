package fetch

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

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
	r.Quiet = time.Second // a server that works, on a machine with much else to do, is not silent for so long
	wantError(t, File(t.Context(), r), "sent nothing for 1s")
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
