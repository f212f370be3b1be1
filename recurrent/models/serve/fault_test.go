package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unroll-go/unroll/recurrent/models"
)

// settle waits until there are no more goroutines than there were.
func settle(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) { // of a busy machine
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	all := make([]byte, 1<<16)
	t.Errorf("%d goroutines; want %d again\n%s", runtime.NumGoroutine(), before, all[:runtime.Stack(all, true)])
}

// dial opens a connection and writes the beginning of a request.
func dial(t *testing.T, h *httptest.Server, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", h.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

func head(path string, length int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, length)
}

// stopping are the beginnings of requests whose clients stop there: half a head, half a body, a body where there should be none,
// and a long text that is not read.
func stopping() (requests []string) {
	long := `{"model":"text","prompt":"the","max_tokens":16000,"stream":true,"logprobs":20}`
	return []string{
		"POST /invocations HTTP/1.1\r\nHost:",
		head("/models/mood/invocations", 1000) + `["a good`,
		strings.Replace(head("/ping", 1000), "POST", "GET", 1),
		head("/v1/completions", len(long)) + long,
	}
}

// empty waits until nobody is served, and wants that nothing is left behind.
func empty(t *testing.T, s *Server, h *httptest.Server, before int) {
	t.Helper()
	for len(s.slots) > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if n := s.bodies.Load(); n != 0 {
		t.Errorf("%d bytes of bodies are counted", n)
	}
	http.DefaultClient.CloseIdleConnections()
	h.CloseClientConnections()
	h.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	settle(t, before)
}

// Clients that send nothing more, that never read, or that go away hold up nobody, and leave nothing behind.
func TestClientsThatStop(t *testing.T) {
	before := runtime.NumGoroutine()
	s, h, _ := newServer(t, Options{BatchRows: 4}, "text", "mood") // who waits for one of them waits in vain: they have a minute
	requests := stopping()
	var all []net.Conn
	for range 8 { // more than there are rows of a batch
		for _, r := range requests {
			all = append(all, dial(t, h, r))
		}
		_ = dial(t, h, requests[len(requests)-1]).Close()                       // goes away
		_ = dial(t, h, head("/models/mood/invocations", 9)+`["a day"]`).Close() // goes away while its row is in a batch
	}
	var got []struct{ Label string }
	post(t, h.URL+"/models/mood/invocations", `["a good day"]`, &got)
	var text completion
	post(t, h.URL+"/v1/completions", `{"model":"text","prompt":"the","max_tokens":5}`, &text)
	if len(got) != 1 || len(text.Choices[0].Text) != 5 {
		t.Errorf("%v, %+v", got, text)
	}
	for _, c := range all {
		_ = c.Close()
	}
	empty(t, s, h, before)
}

// The deadlines end the requests of clients that stop, and stay.
func TestClientsThatStay(t *testing.T) {
	before := runtime.NumGoroutine()
	s, h, _ := newServer(t, Options{Timeout: 300 * time.Millisecond}, "text", "mood")
	for i, r := range stopping() {
		if c := dial(t, h, r); i == 1 || i == 2 { // who has sent half a body is told, and left
			if said, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(said), "HTTP/1.1 ") {
				t.Errorf("request %d: %v: %q", i, err, said)
			}
		}
	}
	empty(t, s, h, before)
}

// A client whose stream is not read loses it at the deadline of a write; the lane is free long before.
func TestNeverReadingClientFreesItsLane(t *testing.T) {
	e := newEvents(httptest.NewRecorder(), time.Second)
	stuck := make(chan struct{})
	computed := make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- e.run(context.Background(), func(context.Context) error {
			for range 1000 { // who computes is not held up
				e.later(func() error { <-stuck; return errGone })
			}
			close(computed)
			return nil
		})
	}()
	<-computed
	close(stuck)
	if err := <-ended; err != errGone {
		t.Errorf("error %v", err)
	}
}

func TestManyHalfOpenConnections(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "mood")
	for range 1000 {
		dial(t, h, "POST /invocations HTTP/1.1\r\n")
	}
	var got []struct{ Label string }
	post(t, h.URL+"/invocations", `["a good day"]`, &got)
	if len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// What is wrong with a request is said with a status of the client's fault.
func TestMalformedRequests(t *testing.T) {
	_, h, _ := newServer(t, Options{MaxBody: 100_000, MaxTokens: 100}, "text", "mood", "trend")
	many := strings.Repeat(`{"a":1},`, 10000)
	keys := strings.Builder{}
	for i := range 3000 {
		fmt.Fprintf(&keys, `{"%d":1},`, i)
	}
	for _, c := range []struct {
		path, kind, body string
		status           int
	}{
		{"/invocations", "", `["a"]`, 400}, // which model?
		{"/models/none/invocations", "", `["a"]`, 404},
		{"/models/mood/invocations", "", "", 400},
		{"/models/mood/invocations", "", `[`, 400},
		{"/models/mood/invocations", "", `["a"] x`, 400},
		{"/models/mood/invocations", "", strings.Repeat("[", 20000), 400},
		{"/models/mood/invocations", "", `"` + strings.Repeat("a", 200_000), 413},
		{"/models/mood/invocations", "", `[` + many + `{"a":1}]`, 413},
		{"/models/trend/invocations", "", `[` + keys.String() + `{"a":1}]`, 413},
		{"/models/mood/invocations", "", `["` + strings.Repeat("a ", 10_000) + `"]`, 413},
		{"/models/mood/invocations", "application/xml", "<a/>", 415},
		{"/models/mood/invocations", "text/csv", "\"a", 400},
		{"/v2/models/mood/infer", "", `{"inputs":[{"name":"text","datatype":"BYTES","shape":[2],"data":["a"]}]}`, 400},
		{"/v2/models/mood/infer", "", `{"inputs":[{"name":"text","datatype":"BYTES","shape":[-1],"data":["a"]}]}`, 400},
		{"/v2/models/mood/infer", "", `{"inputs":[{"name":"text","datatype":"WORDS","shape":[1],"data":["a"]}]}`, 400},
		{"/v2/models/mood/infer", "", `{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":99}}]}`, 400},
		{"/v2/models/trend/infer", "", `{"inputs":[{"name":"rows","datatype":"FP64","shape":[2000000000,0,2],"data":[]}]}`, 400},
		{"/v2/models/trend/infer", "", `{"inputs":[{"name":"rows","datatype":"FP64","shape":[20000,0,2],"data":[]}]}`, 413},
		{"/v2/models/trend/infer", "", `{"inputs":[{"name":"rows","datatype":"FP64","shape":[1,1,2],"data":[1,[2,[3]]]}]}`, 400},
		{"/v1/completions", "", `{"model":"mood","prompt":"a"}`, 400},
		{"/v1/completions", "", `{"model":"text","prompt":"a","max_tokens":-1}`, 400},
		{"/v1/completions", "", `{"model":"text","prompt":"a","max_tokens":60,"n":2}`, 400},
		{"/v1/completions", "", `{"model":"text","prompt":[1e9]}`, 400},
		{"/v1/completions", "", `{"model":"text","prompt":"\u4e16"}`, 400},
		{"/v1/completions", "", `{"model":"text","prompt":"a","temperature":-1}`, 400},
		{"/v1/completions", "", `{"model":"text","prompt":"a","suffix":"b"}`, 400},
		{"/v1/sessions", "", `{"model":"text","prompt":"` + strings.Repeat("a", 101) + `"}`, 413},
		{"/v1/sessions", "", `{"model":"mood"}`, 400},
		{"/v1/sessions", "application/octet-stream", "\xff\xff\xff\xff", 400},
		{"/v1/sessions/none/write", "", `{}`, 404},
	} {
		status, text := ask(t, "POST", h.URL+c.path, c.kind, c.body)
		if status != c.status || !strings.HasPrefix(text, "{") {
			t.Errorf("%s %.60s: status %d: %.200s; want %d", c.path, c.body, status, text, c.status)
		}
	}
	for name, value := range map[string]string{"Content-Encoding": "gzip", "Sec-Fetch-Site": "cross-site", binaryHeader: "-1"} {
		r, _ := http.NewRequest(http.MethodPost, h.URL+"/v2/models/mood/infer", strings.NewReader("{}"))
		r.Header.Set(name, value)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		if want := map[string]int{"Content-Encoding": 415, "Sec-Fetch-Site": 403, binaryHeader: 400}[name]; a.StatusCode != want {
			t.Errorf("%s: status %d; want %d", name, a.StatusCode, want)
		}
	}
}

// A page whose owner has its name stand for 127.0.0.1 is refused, at every route, and so are requests of which one server could
// read two where another reads one.
func TestStrangeHeads(t *testing.T) {
	_, h, _ := newServer(t, Options{Hosts: []string{"localhost", "127.0.0.1", "::1"}}, "mood")
	rest := "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n[\"a day\"]"
	for _, c := range []struct{ text, status string }{
		{"POST /invocations HTTP/1.1\r\nHost: localhost:8080\r\n" + rest, "200"},
		{"POST /invocations HTTP/1.1\r\nHost: [::1]:8080\r\n" + rest, "200"},
		{"POST /invocations HTTP/1.1\r\nHost: LocalHost\r\n" + rest, "200"},
		{"POST /invocations HTTP/1.1\r\nHost: rebound.example:8080\r\n" + rest, "421"},
		{"GET /v1/models HTTP/1.1\r\nHost: localhost.rebound.example\r\n\r\n", "421"},
		{"GET / HTTP/1.1\r\nHost:\r\n\r\n", "421"},
		{"GET /ping HTTP/1.0\r\n\r\n", "200"},
		{"GET /ping HTTP/1.0\r\nHost: rebound.example\r\n\r\n", "421"},
		{"POST /invocations HTTP/1.1\r\n" + rest, "400"},
		{"POST /invocations HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\n" + rest, "400"},
		{"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n" + rest, "400"},
		{"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length : 5\r\n" + rest, "400"},
		{"POST /invocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n" + rest, "501"},
		{"POST /invocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" + rest, "501"},
		{"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: +9\r\n\r\n[\"a day\"]", "400"},
	} {
		a, err := http.ReadResponse(bufio.NewReader(dial(t, h, c.text)), nil)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if _ = a.Body.Close(); a.Status[:3] != c.status {
			t.Errorf("%q: status %s; want %s", c.text, a.Status, c.status)
		}
	}
}

// No more requests are read at a time than their number and their bytes allow.
func TestLimitsOfAll(t *testing.T) {
	s, h, _ := newServer(t, Options{Concurrent: 2, MaxBody: 1000}, "mood")
	s.slots <- struct{}{}
	s.slots <- struct{}{}
	if status, text := ask(t, "POST", h.URL+"/invocations", "", `["a"]`); status != 429 {
		t.Errorf("status %d: %s", status, text)
	}
	<-s.slots
	s.bodies.Add(mostBodies * 1000)
	if status, text := ask(t, "POST", h.URL+"/invocations", "", `["a"]`); status != 429 {
		t.Errorf("status %d: %s", status, text)
	}
	s.bodies.Add(-mostBodies * 1000)
	if status, text := ask(t, "POST", h.URL+"/invocations", "", `["a"]`); status != 200 {
		t.Errorf("status %d: %s", status, text)
	}
	s.Drain()
	for path, method := range map[string]string{"/invocations": "POST", "/ping": "GET", "/v2/health/ready": "GET"} {
		if status, text := ask(t, method, h.URL+path, "", `["a"]`); status != 503 {
			t.Errorf("%s: status %d: %s", path, status, text)
		}
	}
}

// Files are replaced while they are served, whole or in place, and broken ones are told; no request fails.
func TestReloadUnderLoad(t *testing.T) {
	s, h, dir := newServer(t, Options{}, "mood", "text")
	path := filepath.Join(dir, "mood.safetensors")
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := models.NewClassifier(models.Config{Hidden: 12, Embed: 8, Seed: 4}, []string{"a good day", "a bad day", "so so"}, []string{"good", "bad", "neither"})
	if err == nil {
		err = other.Save(filepath.Join(dir, "other.safetensors"))
	}
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(dir, "other.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var asked atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				status, text := ask(t, "POST", h.URL+"/models/mood/invocations", "", `["a good day"]`)
				if asked.Add(1); status != 200 {
					t.Errorf("status %d: %s", status, text)
					return
				}
			}
		})
	}
	for i := range 12 {
		data := [][]byte{second, first[:len(first)/2], first}[i%3]
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for n := asked.Load(); asked.Load() < n+20 && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		err := s.Reload()
		if broken := i%3 == 1; broken != (err != nil) || broken && !strings.Contains(err.Error(), "mood stays as it was") {
			t.Errorf("reload %d: %v", i, err)
		}
	}
	close(stop)
	clients.Wait()
	var list struct{ Data []struct{ Version string } }
	status, text := ask(t, "GET", h.URL+"/v1/models", "", "")
	if err := json.Unmarshal([]byte(text), &list); err != nil || status != 200 {
		t.Fatal(status, text)
	}
	if want, err := hashOf(path); err != nil || list.Data[0].Version != want {
		t.Errorf("%v: %+v; want %s", err, list, want)
	}
}

// Requests that step one session at a time come one after the other.
func TestOneSessionByMany(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "text")
	var a sessionAbout
	post(t, h.URL+"/v1/sessions", `{"id":"one"}`, &a)
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			if status, text := ask(t, "POST", h.URL+"/v1/sessions/one/read", "", `{"text":"fox"}`); status != 200 {
				t.Errorf("status %d: %s", status, text)
			}
		})
	}
	clients.Wait()
	var whole sessionAbout
	post(t, h.URL+"/v1/sessions", fmt.Sprintf(`{"id":"two","prompt":%q}`, strings.Repeat("fox", 20)), &whole)
	_, one := ask(t, "GET", h.URL+"/v1/sessions/one/next?top=5", "", "")
	_, two := ask(t, "GET", h.URL+"/v1/sessions/two/next?top=5", "", "")
	if one = strings.Replace(one, `"one"`, `"two"`, 1); one != two {
		t.Errorf("%s\n%s", one, two)
	}
}
