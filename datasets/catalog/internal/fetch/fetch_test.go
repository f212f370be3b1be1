package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

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
	if _, ok := errors.AsType[*Unavailable](err); ok {
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

// A record of a hash that cannot be read is not replaced: here it is a link to a folder.
func TestRecordsStay(t *testing.T) {
	s := newServer(t, content(1))
	for _, there := range []bool{false, true} {
		r := s.request(t)
		r.SHA256 = ""
		if err := os.MkdirAll(filepath.Dir(r.Path), 0o755); err != nil {
			t.Fatal(err)
		}
		if there {
			if err := os.WriteFile(r.Path, s.data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		folder := t.TempDir()
		if err := os.Symlink(folder, r.sidecar()); err != nil {
			t.Skip(err)
		}
		wantError(t, File(t.Context(), r), r.sidecar())
		if to, err := os.Readlink(r.sidecar()); err != nil || to != folder {
			t.Errorf("the link leads to %q now, %v", to, err)
		}
	}
}
