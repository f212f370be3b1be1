package serve

import (
	"bufio"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A stream lasts longer than a request may, and shows that it is there.
func TestStreamOutlastsTheTimeout(t *testing.T) {
	_, h, _ := newServer(t, Options{Timeout: time.Second}, "trend")
	post(t, h.URL+"/v1/sessions", `{"id":"s"}`, &sessionAbout{})
	watching, sending := open(t, h.URL, "s", "", false), open(t, h.URL, "s", "", true)
	watching.next()
	sending.next()
	for _, c := range []*client{watching, sending} {
		for c.beats < 6 && c.lines.Scan() { // there are four in the time of a request
			c.beat()
		}
	}
	sending.say(`{"x":1,"y":2}`)
	for _, c := range []*client{watching, sending} {
		if e := c.next(); e.id != "1" || c.beats < 6 {
			t.Errorf("%+v after %d signs of life", e, c.beats)
		}
	}
}

// A client that sends and never reads is read no further, holds up nobody, and is left.
func TestStreamThatIsNeverRead(t *testing.T) {
	s, h, _ := newServer(t, Options{Timeout: 2 * time.Second}, "trend")
	post(t, h.URL+"/v1/sessions", `{"id":"s"}`, &sessionAbout{})
	before := runtime.NumGoroutine()
	c := dial(t, h, "POST /v1/sessions/s/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
	many := []byte(strings.Repeat(`{"x":1,"y":2}`+"\n", 1000))
	sent := 0
	for {
		_ = c.SetWriteDeadline(time.Now().Add(time.Minute))
		n, err := c.Write(many)
		sent += n
		if err != nil {
			break
		}
		var r struct{ Rows []trendRow }
		if post(t, h.URL+"/v1/sessions/s/rows", `{"rows":[{"x":1,"y":2}]}`, &r); len(r.Rows) != 1 {
			t.Errorf("%+v", r)
		}
	}
	var a sessionAbout
	if get(t, h.URL+"/v1/sessions/s", &a); a.Tokens > sent/14+sent/14000+2 {
		t.Errorf("%d rows of %d bytes", a.Tokens, sent)
	}
	settle(t, before)
	if n := s.bodies.Load(); n != 0 {
		t.Errorf("%d bytes of bodies are counted", n)
	}
}

// Streams have places of their own, and what cannot be streamed has a status.
func TestStreamsAreBounded(t *testing.T) {
	_, h, _ := newServer(t, Options{Streams: 2, Concurrent: 1}, "trend")
	post(t, h.URL+"/v1/sessions", `{"id":"s"}`, &sessionAbout{})
	a, b := open(t, h.URL, "s", "", true), open(t, h.URL, "s", "", true)
	a.next()
	b.next()
	if status, body := ask(t, "GET", h.URL+"/v1/sessions/s/stream", "", ""); status != 429 {
		t.Errorf("status %d: %s", status, body)
	}
	a.say(`{"x":"` + strings.Repeat("1", mostLine) + `"}`)
	if e := a.next(); !strings.Contains(e.data, "a line of more than") {
		t.Errorf("%+v", e)
	}
	if e := a.next(); e != (event{}) {
		t.Errorf("%+v after the end", e)
	}
	status, body := 0, ""
	for range 100 { // its place is free once the answer has ended
		if status, body = ask(t, "GET", h.URL+"/v1/sessions/none/stream", "", ""); status != 429 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if status != 404 {
		t.Errorf("status %d: %s", status, body)
	}
	if status, body := ask(t, "GET", h.URL+"/v1/sessions/s/stream?after=x", "", ""); status != 400 {
		t.Errorf("status %d: %s", status, body)
	}
	if status, body := ask(t, "DELETE", h.URL+"/v1/sessions/s", "", ""); status != 200 {
		t.Errorf("status %d: %s", status, body)
	}
	if e := b.next(); !strings.Contains(e.data, "there is no session") { // it is told that its session has gone
		t.Errorf("%+v", e)
	}
}

// A client that asks whether to go on (curl does) is told so at once.
func TestStreamExpectsContinue(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "trend")
	post(t, h.URL+"/v1/sessions", `{"id":"s"}`, &sessionAbout{})
	c := dial(t, h, "POST /v1/sessions/s/stream HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 14\r\n\r\n")
	lines := bufio.NewScanner(c)
	if lines.Scan(); !strings.Contains(lines.Text(), "100 Continue") {
		t.Fatalf("%q", lines.Text())
	}
	_, _ = io.WriteString(c, `{"x":1,"y":2}`+"\n")
	for lines.Scan() && lines.Text() != "data: [DONE]" {
	}
	if lines.Text() != "data: [DONE]" {
		t.Errorf("%v: %q", lines.Err(), lines.Text())
	}
}
