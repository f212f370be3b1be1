//go:build !js

package serve

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// begun is a session of some bytes.
func begun(n int) *session {
	return &session{about: about{Model: "m", Pending: -1}, state: make([]byte, n)}
}

// openOwn opens sessions without a service.
func openOwn(t *testing.T, o SessionOptions) *sessions {
	t.Helper()
	s, err := openSessions(Options{Sessions: o}.complete(), newMetrics())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-s.quit: // the test has closed it
		default:
			_ = s.close()
		}
	})
	return s
}

// has tells whether there is a session, and uses it.
func (s *sessions) has(id string) bool {
	return s.with(context.Background(), id, func(*session) (*session, reply, error) {
		return nil, func() error { return nil }, nil
	}) == nil
}

// Sessions that are not used expire, by the time that the service ran; those that are used do not.
func TestExpiry(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "sessions.db")} {
		s := openOwn(t, SessionOptions{Path: path, Expire: time.Hour})
		for i := range 600 { // more than are deleted side by side
			if err := s.create(context.Background(), fmt.Sprint("s", i), begun(8)); err != nil {
				t.Fatal(err)
			}
		}
		s.expire()
		if s.count != 600 {
			t.Errorf("%d sessions; want 600", s.count)
		}
		later(s, 2*time.Hour)
		if !s.has("s7") {
			t.Error("s7 has gone before its time is looked at")
		}
		s.expire()
		if s.count != 1 || !s.has("s7") || s.has("s8") {
			t.Errorf("%d sessions; want s7 alone", s.count)
		}
	}
}

// later has time go by.
func later(s *sessions, d time.Duration) {
	if s.store != nil {
		s.store.base += d
		return
	}
	for _, p := range s.byID {
		p.used = p.used.Add(-d)
	}
}

// The machine's clock does not say what expires: neither a jump while the service runs nor time while it does not.
func TestClockOfSessions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	o := SessionOptions{Path: path, Expire: time.Hour}
	s := openOwn(t, o)
	if err := s.create(context.Background(), "a", begun(8)); err != nil {
		t.Fatal(err)
	}
	later(s, 30*time.Minute)
	if err := s.create(context.Background(), "b", begun(8)); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	s = openOwn(t, o)
	if ran := s.store.clock(); ran < 30*time.Minute || ran > 31*time.Minute {
		t.Errorf("the service ran for %v; want 30 minutes", ran)
	}
	s.expire()
	if s.count != 2 {
		t.Errorf("%d sessions; want 2", s.count)
	}
	later(s, 40*time.Minute)
	s.expire()
	if s.count != 1 || !s.has("b") {
		t.Errorf("%d sessions; want b alone", s.count)
	}
}

// Those not used for longest are read from the file again.
func TestMemoryIsBounded(t *testing.T) {
	s := openOwn(t, SessionOptions{Path: filepath.Join(t.TempDir(), "sessions.db"), Memory: 10 * (512 + 100)})
	for i := range 50 {
		if err := s.create(context.Background(), fmt.Sprint("s", i), begun(100)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.byID); n != 10 || s.bytes > s.options.Memory || s.count != 50 {
		t.Errorf("%d in memory, %d bytes, %d in all; want 10 of 50", n, s.bytes, s.count)
	}
	if s.byID["s49"] == nil || s.byID["s0"] != nil {
		t.Error("another is in memory than those used last")
	}
	if !s.has("s0") || s.byID["s0"] == nil || s.byID["s40"] != nil {
		t.Error("s0 is not in memory after its use, in the place of s40")
	}
	for i := range 50 {
		if !s.has(fmt.Sprint("s", i)) {
			t.Errorf("s%d is not there", i)
		}
	}
	alone := openOwn(t, SessionOptions{Memory: 10 * (512 + 100), Most: 20}) // without a file, what is full is full
	for i := range 11 {
		err := alone.create(context.Background(), fmt.Sprint("s", i), begun(100))
		if i == 10 != (err != nil) {
			t.Errorf("session %d: %v", i, err)
		}
	}
	few := openOwn(t, SessionOptions{Most: 3})
	if _, err := few.createAll(context.Background(), []string{"a", "b", "c", "d"}, begun(8)); err == nil || few.count != 0 {
		t.Errorf("%v: %d of 4 sessions were kept, where 3 can be", err, few.count)
	}
}

// A request that waits for a session gives up when its client does.
func TestWaitingForASessionEnds(t *testing.T) {
	s := openOwn(t, SessionOptions{})
	if err := s.create(context.Background(), "a", begun(8)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := s.with(context.Background(), "a", func(*session) (*session, reply, error) {
		cancel()
		if err := s.remove(ctx, "a"); err != context.Canceled {
			t.Errorf("remove: %v", err)
		}
		if err := s.create(ctx, "a", begun(8)); err != context.Canceled {
			t.Errorf("create: %v", err)
		}
		return nil, func() error { return nil }, nil
	})
	if err != nil || len(s.byID) != 1 {
		t.Errorf("%v, %d places", err, len(s.byID))
	}
}

// A state that is no state is refused where it comes in, or has no probabilities; it is never a fault of the service.
func TestStrangeStates(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "text")
	var a sessionAbout
	post(t, h.URL+"/v1/sessions", `{"prompt":"the"}`, &a)
	_, state := ask(t, "GET", h.URL+"/v1/sessions/"+a.ID+"/state", "", "")
	strange := state[:len(state)-4*2*2*24] + strings.Repeat("\x00\x00\xc0\x7f", 2*2*24) // NaN
	status, text := ask(t, "POST", h.URL+"/v1/sessions?id=nan", "application/octet-stream", strange)
	if status != 400 {
		t.Errorf("status %d: %s", status, text)
	}
	huge := state[:len(state)-4*2*2*24] + strings.Repeat("\xff\xff\x7f\x7f", 2*2*24) // the largest number
	if status, text := ask(t, "POST", h.URL+"/v1/sessions?id=huge", "application/octet-stream", huge); status != 201 {
		t.Errorf("status %d: %s", status, text)
	}
	if status, text := ask(t, "POST", h.URL+"/v1/sessions/huge/write", "", `{"max_tokens":3,"logprobs":2}`); status != 200 && status != 409 {
		t.Errorf("status %d: %s", status, text)
	}
	// Who writes beside it is not held up.
	done := make(chan string, 8)
	for i := range cap(done) {
		go func() {
			path, want := "/v1/completions", 200
			if i%2 == 0 {
				path, want = "/v1/sessions/huge/write", 0
			}
			status, text := ask(t, "POST", h.URL+path, "", `{"max_tokens":40,"prompt":"the"}`)
			if want != 0 && status != want || status >= 500 {
				done <- fmt.Sprintf("%s: status %d: %s", path, status, text)
				return
			}
			done <- ""
		}()
	}
	for range cap(done) {
		if text := <-done; text != "" {
			t.Error(text)
		}
	}
	for n := range len(state) {
		if status, text := ask(t, "POST", h.URL+"/v1/sessions", "application/octet-stream", state[:n]); status != 400 && status != 409 {
			t.Fatalf("%d bytes: status %d: %s", n, status, text)
		}
	}
}

// Every answer that is not kept is told.
func TestClosedStore(t *testing.T) {
	s, h, _ := newServer(t, Options{Sessions: SessionOptions{Path: filepath.Join(t.TempDir(), "sessions.db")}}, "text")
	var a sessionAbout
	post(t, h.URL+"/v1/sessions", `{"id":"a","prompt":"the"}`, &a)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := httptest.NewServer(s)
	defer other.Close()
	if status, text := ask(t, "POST", other.URL+"/v1/sessions/a/read", "", `{"text":"x"}`); status != 503 {
		t.Errorf("status %d: %s", status, text)
	}
}
