package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

// event is a server-sent event as a client reads it.
type event struct{ name, id, data string }

// client is the client of a stream.
type client struct {
	t      *testing.T
	answer *http.Response
	in     *io.PipeWriter // its lines; nil for a client that only reads
	lines  *bufio.Scanner
	beats  int
	leave  func()
}

// open opens the stream of a session, to send lines or to read alone.
func open(t *testing.T, url, id, last string, sends bool) *client {
	t.Helper()
	c := &client{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	method, body := http.MethodGet, io.Reader(nil)
	if sends {
		var out *io.PipeReader
		out, c.in = io.Pipe()
		method, body = http.MethodPost, out
	}
	r, err := http.NewRequestWithContext(ctx, method, url+"/v1/sessions/"+id+"/stream", body)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	if c.answer, err = http.DefaultClient.Do(r); err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(c.answer.Body)
	c.leave = func() {
		if c.in != nil {
			_ = c.in.CloseWithError(context.Canceled)
		}
		cancel()
		_ = c.answer.Body.Close()
	}
	t.Cleanup(c.leave)
	return c
}

// say sends a line.
func (c *client) say(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// beat counts the line that was read last, if it is a sign of life.
func (c *client) beat() {
	if c.lines.Text() == ":" {
		c.beats++
	}
}

// next is the next event; one without data when there are no more.
func (c *client) next() (e event) {
	for c.lines.Scan() {
		field, value, _ := strings.Cut(c.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		}
		c.beat()
		if c.lines.Text() == "" && e.data != "" {
			return e
		}
	}
	return event{}
}

// trendRow is what the model of sequences of the tests says after a row.
type trendRow struct {
	Row         int
	Label       string
	Probability float64
	Error       struct{ Message string }
}

func (e event) row(t *testing.T) (r trendRow) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.data), &r); err != nil {
		t.Fatalf("%v: %+v", err, e)
	}
	return r
}

// A sensor sends rows and is told what the network says before it sends the next. Its connection breaks; it comes back, is told
// what it missed, and goes on. What it is told is what the model says offline.
func TestStreamOfASensor(t *testing.T) {
	s, h, dir := newServer(t, Options{}, "trend")
	m, err := models.LoadSequenceModel(filepath.Join(dir, "trend.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	offline, err := m.Stream()
	if err != nil {
		t.Fatal(err)
	}
	var want []models.SequencePrediction
	line := func(i int) string { return fmt.Sprintf(`{"x":%d,"y":%d}`, i%5, -i%7) }
	for i := range 20 {
		p, err := offline.Row([]float64{float64(i % 5), float64(-i % 7)}, 0)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, p)
	}
	same := func(e event, step int) {
		t.Helper()
		r := e.row(t)
		if e.id != fmt.Sprint(step) || r.Row != step || r.Label != want[step-1].Label || r.Probability != want[step-1].Probability {
			t.Fatalf("%+v; want step %d: %+v", e, step, want[step-1])
		}
	}
	post(t, h.URL+"/v1/sessions", `{"id":"s"}`, &sessionAbout{})
	c := open(t, h.URL, "s", "", true)
	if e := c.next(); e.name != "session" || !strings.Contains(e.data, `"tokens":0`) {
		t.Fatalf("%+v", e)
	}
	for i := range 5 {
		c.say(line(i))
		same(c.next(), i+1)
	}
	for i := range 3 { // sent, and read, but the client goes before it is told
		c.say(line(5 + i))
	}
	for at := 0; at < 8; {
		now, _, err := s.sessions.look(t.Context(), s.sessions.byID["s"])
		if err != nil {
			t.Fatal(err)
		}
		at = now.Tokens
	}
	c.leave()
	c = open(t, h.URL, "s", "5", true)
	if e := c.next(); e.name != "session" || !strings.Contains(e.data, `"tokens":8`) {
		t.Fatalf("%+v", e)
	}
	for i := 5; i < 8; i++ {
		same(c.next(), i+1)
	}
	c.say(line(8) + "\n\n" + line(9)) // an empty line is none
	same(c.next(), 9)
	same(c.next(), 10)
	for _, one := range []struct{ line, want string }{
		{`[1]`, "line 4: want an object"}, {`{"x":1,"y":"a"}`, "line 5: "}, {"\xff", "line 6: "},
	} {
		c.say(one.line)
		if e := c.next(); e.id != "" || !strings.Contains(e.row(t).Error.Message, one.want) {
			t.Errorf("%+v; want %q", e, one.want)
		}
	}
	c.say(line(10))
	same(c.next(), 11)
	_, _ = io.WriteString(c.in, line(11)) // the last line has no end
	_ = c.in.Close()
	same(c.next(), 12)
	if e := c.next(); e.data != "[DONE]" {
		t.Errorf("%+v", e)
	}
	// What others have the session read is told to all that stream it.
	a, b := open(t, h.URL, "s", "", false), open(t, h.URL, "s", "11", false)
	a.next()
	b.next()
	same(b.next(), 12)
	post(t, h.URL+"/v1/sessions/s/rows", `{"rows":[`+line(12)+","+line(13)+"]}", new(any))
	for _, c := range []*client{a, b} {
		same(c.next(), 13)
		same(c.next(), 14)
	}
}

// A line that breaks off with its connection is not read.
func TestStreamBreaksOffInALine(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "trend")
	post(t, h.URL+"/v1/sessions", `{"id":"s"}`, &sessionAbout{})
	c := dial(t, h, "POST /v1/sessions/s/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"+`{"x":1,"y":2}`+"\n"+`{"x":1,"y":2}`)
	lines := bufio.NewScanner(c)
	for lines.Scan() && lines.Text() != "id: 1" {
	}
	_ = c.Close()
	var a sessionAbout
	if get(t, h.URL+"/v1/sessions/s", &a); a.Tokens != 1 {
		t.Errorf("%+v; want 1 row", a)
	}
}

func get(t *testing.T, url string, v any) {
	t.Helper()
	status, body := ask(t, "GET", url, "", "")
	if err := json.Unmarshal([]byte(body), v); status != 200 || err != nil {
		t.Fatalf("status %d, %v: %s", status, err, body)
	}
}

// A stream of texts tells how likely each token was, and goes on by itself where it is asked to, as the routes do that take a
// request each.
func TestStreamOfTexts(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "text")
	for _, id := range []string{"one", "two"} {
		post(t, h.URL+"/v1/sessions", `{"id":"`+id+`"}`, &sessionAbout{})
	}
	var read struct{ Read []scoredToken }
	var wrote completion
	post(t, h.URL+"/v1/sessions/one/read", `{"text":"the quick"}`, &read)
	post(t, h.URL+"/v1/sessions/one/write", `{"max_tokens":12,"temperature":0}`, &wrote)
	c := open(t, h.URL, "two", "", true)
	c.next()
	c.say(`{"text":"the quick","max_tokens":12,"temperature":0}`)
	for i, want := range read.Read {
		var got scoredToken
		e := c.next()
		if err := json.Unmarshal([]byte(e.data), &got); err != nil || e.id != fmt.Sprint(i+1) || got.Text != want.Text ||
			(got.LogProb == nil) != (want.LogProb == nil) || got.LogProb != nil && *got.LogProb != *want.LogProb {
			t.Errorf("%v: token %d is %+v; want %+v", err, i, e, want)
		}
	}
	if e, want := c.next(), fmt.Sprintf(`{"written":%q}`, wrote.Choices[0].Text); e.data != want || e.id != "21" {
		t.Errorf("%+v; want %s", e, want)
	}
	c.say(`{"max_tokens":1000000}`)
	if e := c.next(); !strings.Contains(e.data, "line 2: max_tokens") {
		t.Errorf("%+v", e)
	}
	_, a := ask(t, "GET", h.URL+"/v1/sessions/one/next", "", "")
	if _, b := ask(t, "GET", h.URL+"/v1/sessions/two/next", "", ""); strings.Replace(a, "one", "two", 1) != b {
		t.Errorf("%s\n%s", a, b)
	}
}

// Steps are kept before they are told: a service that begins again with the same file tells what a client missed. What is too long
// ago is gone, and that is told, too.
func TestStreamAfterARestart(t *testing.T) {
	dir := writeModels(t)
	o := Options{Models: []ModelFile{{"trend", filepath.Join(dir, "trend.safetensors")}}, Sessions: SessionOptions{Path: filepath.Join(dir, "sessions.db")}}
	begin := func() (*Server, *httptest.Server) {
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		return s, httptest.NewServer(s)
	}
	s, h := begin()
	post(t, h.URL+"/v1/sessions", `{"id":"s"}`, &sessionAbout{})
	c := open(t, h.URL, "s", "", true)
	c.next()
	for range 3 {
		c.say(`{"x":1,"y":2}`)
		c.next()
	}
	s.Drain()
	if e := c.next(); e.id != "" || !strings.Contains(e.data, "ending") {
		t.Errorf("%+v", e)
	}
	if e := c.next(); e != (event{}) {
		t.Errorf("%+v after the end", e)
	}
	h.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, h = begin()
	t.Cleanup(func() { h.Close(); _ = s.Close() })
	c = open(t, h.URL, "s", "1", true)
	c.next()
	for i := range 2 {
		if e := c.next(); e.id != fmt.Sprint(i+2) {
			t.Fatalf("%+v", e)
		}
	}
	const rows = 400
	for i := range rows {
		c.say(`{"x":1,"y":2}`)
		if e := c.next(); e.id != fmt.Sprint(i+4) {
			t.Fatalf("%+v; want %d", e, i+4)
		}
	}
	c.leave()
	c = open(t, h.URL, "s", "1", false)
	c.next()
	var missed struct{ After, Since int }
	if e := c.next(); e.name != "missed" || json.Unmarshal([]byte(e.data), &missed) != nil || missed.After != 1 || missed.Since < 300 {
		t.Fatalf("%+v", e)
	}
	for n := missed.Since + 1; n <= rows+3; n++ {
		if e := c.next(); e.id != fmt.Sprint(n) {
			t.Fatalf("%+v; want %d", e, n)
		}
	}
}
