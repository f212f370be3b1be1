package serve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/internal/fileformat"
)

// A session that is to be forked under its own name, or under that of another which is forked under its, has nobody wait.
func TestForkUnderItsOwnName(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "text")
	for _, id := range []string{"a", "b"} {
		post(t, h.URL+"/v1/sessions", `{"model":"text","id":"`+id+`"}`, new(any))
	}
	found := make(chan int)
	for _, ids := range [][2]string{{"a", "a"}, {"a", "b"}, {"b", "a"}} {
		go func() {
			a, err := http.Post(h.URL+"/v1/sessions/"+ids[0]+"/fork", "application/json", strings.NewReader(`{"ids":["`+ids[1]+`"]}`))
			if err != nil {
				found <- 0
				return
			}
			_ = a.Body.Close()
			found <- a.StatusCode
		}()
	}
	for range 3 {
		if status := <-found; status != http.StatusConflict {
			t.Errorf("status %d; want 409", status)
		}
	}
	chunked := "POST /v1/sessions/a/fork HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	if said, err := io.ReadAll(dial(t, h, chunked)); err != nil || !strings.Contains(string(said), " 201 ") {
		t.Errorf("a fork whose body is chunked and empty: %v, %s", err, said)
	}
}

// A client that sends its rows slowly keeps nobody from the session.
func TestSlowRowsHoldNoSession(t *testing.T) {
	s, h, _ := newServer(t, Options{}, "trend") // who waits for the slow one waits in vain: it has a minute
	post(t, h.URL+"/v1/sessions", `{"model":"trend","id":"a"}`, new(any))
	dial(t, h, "POST /v1/sessions/a/rows HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"x\":1}\n")
	for s.bodies.Load() == 0 { // until its first row is read
		time.Sleep(time.Millisecond)
	}
	if status, text := ask(t, "POST", h.URL+"/v1/sessions/a/rows", "", `{"x":1,"y":2}`); status != 200 {
		t.Errorf("status %d: %s", status, text)
	}
}

// Rows that have nothing of what the model reads are no rows of missing values.
func TestRowsOfOthers(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "trend")
	post(t, h.URL+"/v1/sessions", `{"model":"trend","id":"a"}`, new(any))
	for body, want := range map[string]string{
		`{"z":1}`: "it has z; want any of x, y", `null`: "want an object", `{"rows":[null]}`: "want an object", `[]`: "want an object",
	} {
		if status, text := ask(t, "POST", h.URL+"/v1/sessions/a/rows", "", body); status != 400 || !strings.Contains(text, want) {
			t.Errorf("%s: status %d: %s", body, status, text)
		}
	}
	post(t, h.URL+"/v1/sessions/a/rows", `{"y":1}{}`, new(any))
}

// A session that somebody is streamed does not expire; it does once he has gone.
func TestStreamedSessionsDoNotExpire(t *testing.T) {
	s := openOwn(t, SessionOptions{Path: filepath.Join(t.TempDir(), "sessions.db"), Expire: time.Hour})
	if err := s.create(context.Background(), "a", begun(8)); err != nil {
		t.Fatal(err)
	}
	later(s, 2*time.Hour)
	_, done := s.watch("a")
	if s.expire(); s.count != 1 {
		t.Error("it expired while it was streamed")
	}
	done()
	if s.expire(); s.count != 0 {
		t.Error("it did not expire")
	}
}

// What a small request may ask for is bounded.
func TestSmallRequestsOfLargeThings(t *testing.T) {
	_, h, _ := newServer(t, Options{MaxRows: 10}, "mood")
	input := `{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["a"]}],"outputs":[{"name":"label"},{"name":"label"}]}`
	if status, text := ask(t, "POST", h.URL+"/v2/models/mood/infer", "", input); status != 400 || !strings.Contains(text, "asked for twice") {
		t.Errorf("an output twice: status %d: %s", status, text)
	}
	for kind, body := range map[string]string{
		"text/plain":       strings.Repeat("\n", 1<<16),
		"application/json": `{"dataframe_split":{"columns":[],"data":[` + strings.Repeat("[],", 1<<16) + `[]]}}`,
	} {
		if status, text := ask(t, "POST", h.URL+"/invocations", kind, body); status != 413 {
			t.Errorf("%s: status %d: %s", kind, status, text)
		}
	}
	wide := strings.Repeat("a,", 5000) + "a\n"
	if status, text := ask(t, "POST", h.URL+"/invocations", "text/csv", wide+wide); status != 400 || len(text) > 500 {
		t.Errorf("many columns: status %d: %.600s", status, text)
	}
}

// Inputs of networks are bounded where their sizes may vary.
func TestInputsOfNetworksAreBounded(t *testing.T) {
	a, err := newNetworkAnswers("../../../nn/onnx/testdata/torch/tagger.onnx", fileformat.ONNX, 16)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	for _, c := range []struct{ batch, steps, status int }{{4, 16, 0}, {1, 17, 413}, {17, 1, 413}, {5, 16, 413}} {
		in := values{name: a.in[0].Name, datatype: "INT64", shape: []int{c.batch, c.steps}, ints: make([]int64, c.batch*c.steps)}
		_, err := a.infer(context.Background(), []values{in})
		if status, text := statusOf(err); err == nil && c.status != 0 || err != nil && status != c.status {
			t.Errorf("%d by %d: %v %s", c.batch, c.steps, err, text)
		}
	}
}

// Sounds are heard a few at a time: those that wait may go.
func TestWaitingToBeHeardEnds(t *testing.T) {
	h := newHeardAnswers(nil, Options{}.complete())
	for range cap(h.places) {
		h.places <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.hear(ctx, "a.wav", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want %v", err, context.Canceled)
	}
}

// So are looks into models, each of which takes far more memory than its text.
func TestLooksAreFew(t *testing.T) {
	look := `{"show":"words","text":"a day"}`
	for status, o := range map[int]Options{503: {Timeout: 100 * time.Millisecond}, 200: {}} { // the second has a minute, and a place
		s, h, _ := newServer(t, o, "mood")
		for range cap(s.looks) {
			s.looks <- struct{}{}
		}
		if status == 200 {
			<-s.looks
		}
		if got, text := ask(t, "POST", h.URL+"/v1/models/mood/look", "", look); got != status {
			t.Errorf("status %d, want %d: %s", got, status, text)
		}
	}
}

// Errors of JSON speak of JSON.
func TestWordsOfJSON(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "text")
	for _, c := range []struct{ path, body, want string }{
		{"/v1/completions", `[]`, "the body: it is a list; want an object"},
		{"/v1/completions", `{"max_tokens":1e400}`, "max_tokens is 1e400; want a whole number"},
		{"/v1/completions", `{"max_tokens":"5"}`, "max_tokens is a text; want a whole number"},
		{"/v1/completions", `{"seed":-1}`, "seed is -1; want a whole number of 64 bits, 0 or above"},
		{"/v1/completions", `{"temperature":true}`, "temperature is true or false; want a number"},
		{"/v1/completions", `{"stream_options":5}`, "stream_options is 5; want an object"},
		{"/v1/completions", `{"stream":{}}`, "stream is an object; want true or false"},
		{"/v1/sessions", `{"id":5}`, "id is 5; want a text"},
		{"/v2/models/text/infer", `{"inputs":5}`, "inputs is 5; want a list"},
		{"/invocations", `{"dataframe_records":{}}`, "dataframe_records is an object; want a list"},
		{"/invocations", `{"inputs":{"text":"a"}}`, "want lists by the names of columns: it is a text; want a list"},
	} {
		status, text := ask(t, "POST", h.URL+c.path, "", c.body)
		number := strings.Replace(c.want, " is 5;", " is a number;", 1) // as releases of Go differ
		if status != 400 || !strings.Contains(text, c.want) && !strings.Contains(text, number) {
			t.Errorf("%s %s: status %d: %s; want %s", c.path, c.body, status, text, c.want)
		}
	}
	post(t, h.URL+"/v1/completions", `{"model":"text","stop":null,"max_tokens":1}`, new(any))
}

// HEAD of a stream is answered with its head.
func TestHeadOfAStream(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "text")
	post(t, h.URL+"/v1/sessions", `{"model":"text","id":"a"}`, new(any))
	said, err := io.ReadAll(dial(t, h, "HEAD /v1/sessions/a/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
	if err != nil || !strings.HasPrefix(string(said), "HTTP/1.1 200 ") {
		t.Errorf("%v: %s", err, said)
	}
}

// Lists of JSON are nested as the shape says, or not at all, and whole numbers are such as the datatype has.
func TestElementsOfTensors(t *testing.T) {
	for _, c := range []struct {
		datatype string
		shape    []int
		data     string
		fine     bool
	}{
		{"FP32", []int{2, 3}, `[[1,2,3],[4,5,6]]`, true},
		{"FP32", []int{2, 3}, `[1,2,3,4,5,6]`, true},
		{"FP32", []int{2, 3}, `[[1,2],[3,4],[5,6]]`, false},
		{"FP32", []int{1, 2, 2}, `[[[1],[2],[3],[4]]]`, false},
		{"FP32", []int{0, 2}, `[]`, true},
		{"INT8", []int{2}, `[-128,127]`, true},
		{"INT8", []int{1}, `[128]`, false},
		{"UINT8", []int{2}, `[0,255]`, true},
		{"UINT8", []int{1}, `[-1]`, false},
		{"UINT16", []int{1}, `[65536]`, false},
		{"INT32", []int{1}, `[2147483648]`, false},
		{"UINT64", []int{1}, `[-1]`, false},
		{"INT64", []int{1}, `[-9223372036854775808]`, true},
	} {
		v := values{name: "x", datatype: c.datatype, shape: c.shape}
		if err := v.readJSON([]byte(c.data)); (err == nil) != c.fine {
			t.Errorf("%s %v %s: %v", c.datatype, c.shape, c.data, err)
		}
	}
}

// A state whose numbers are none is refused when it comes, in words that do not name functions.
func TestStateOfNoNumbers(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "trend")
	post(t, h.URL+"/v1/sessions", `{"model":"trend","id":"a"}`, new(any))
	_, exported := ask(t, "GET", h.URL+"/v1/sessions/a/state", "", "")
	spoilt := []byte(exported)
	binary.LittleEndian.PutUint32(spoilt[len(spoilt)-4:], math.Float32bits(float32(math.NaN())))
	for _, body := range []string{string(spoilt), exported[:len(exported)-1], exported + "x"} {
		if status, text := ask(t, "POST", h.URL+"/v1/sessions", "application/octet-stream", body); status != 400 ||
			!strings.Contains(text, "these bytes are no state of the model") {
			t.Errorf("status %d: %s", status, text)
		}
	}
	if status, text := ask(t, "POST", h.URL+"/v1/sessions", "application/octet-stream", exported); status != 201 {
		t.Error(fmt.Sprint(status), text)
	}
}
