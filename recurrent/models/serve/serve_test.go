package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/decode"
	"github.com/unroll-go/unroll/recurrent/models"
)

const corpus = "the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. "

// writeModels saves a small model of some kinds, with the weights that they begin with.
func writeModels(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	save := func(name string, m models.Model, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Save(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	lm, err := models.NewLanguageModel(models.Config{Hidden: 24, Embed: 12, Layers: 2, Seed: 7}, strings.Repeat(corpus, 4))
	save("text.safetensors", lm, err)
	c, err := models.NewClassifier(models.Config{Hidden: 12, Embed: 8, Seed: 3}, []string{"a good day", "a bad day", "so so"}, []string{"good", "bad", "neither"})
	save("mood.safetensors", c, err)
	rows := models.Sequences{Columns: []models.SequenceColumn{{Name: "x"}, {Name: "y"}}, IDs: []string{"a", "b"}, Labels: []string{"up", "down"},
		Values: [][]float64{{1, 2, 3, 4}, {4, 3, 2, 1, 0, 0}}}
	s, err := models.NewSequenceModel(models.Config{Hidden: 8, OneWay: true, Pool: "last", Seed: 5}, rows)
	save("trend.safetensors", s, err)
	return dir
}

func newServer(t testing.TB, o Options, names ...string) (*Server, *httptest.Server, string) {
	t.Helper()
	dir := writeModels(t)
	for _, n := range names {
		o.Models = append(o.Models, ModelFile{n, filepath.Join(dir, n+".safetensors")})
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.Close(); _ = s.Close() })
	return s, h, dir
}

// ask sends a request, and returns the status and the body.
func ask(t testing.TB, method, url, kind, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	data, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(data)
}

// post sends JSON and decodes what comes.
func post(t testing.TB, url, body string, v any) {
	t.Helper()
	status, text := ask(t, "POST", url, "application/json", body)
	if status >= 300 {
		t.Fatalf("%s: status %d: %s", url, status, text)
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%s: %v: %s", url, err, text)
	}
}

func TestInferJSONAndBinary(t *testing.T) {
	_, h, dir := newServer(t, Options{}, "mood")
	m, err := models.LoadClassifier(filepath.Join(dir, "mood.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Predict([]string{"a good day", "bad"})
	if err != nil {
		t.Fatal(err)
	}
	var got inferAnswer
	post(t, h.URL+"/v2/models/mood/infer", `{"id":"7","inputs":[{"name":"text","datatype":"BYTES","shape":[2],"data":["a good day","bad"]}]}`, &got)
	if got.ID != "7" || len(got.Outputs) != 3 || got.Outputs[0].Data.([]any)[0] != want[0].Label {
		t.Fatalf("%+v", got)
	}
	for i, p := range got.Outputs[1].Data.([]any) {
		if p.(float64) != want[i].Probability {
			t.Errorf("probability %d is %v; want %v", i, p, want[i].Probability)
		}
	}
	// The same with binary tensors in both directions.
	tensor := []byte("\x0a\x00\x00\x00a good day\x03\x00\x00\x00bad")
	head := fmt.Sprintf(`{"inputs":[{"name":"text","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, len(tensor))
	r, _ := http.NewRequest(http.MethodPost, h.URL+"/v2/models/mood/infer", bytes.NewReader(append([]byte(head), tensor...)))
	r.Header.Set(binaryHeader, fmt.Sprint(len(head)))
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, _ := io.ReadAll(a.Body)
	n := 0
	if _, err := fmt.Sscan(a.Header.Get(binaryHeader), &n); err != nil || n > len(body) {
		t.Fatalf("%v, %d bytes: %s", a.Header, len(body), body)
	}
	var binary inferAnswer
	if err := json.Unmarshal(body[:n], &binary); err != nil {
		t.Fatal(err)
	}
	v := values{name: "probability", datatype: "FP64", shape: []int{2}}
	first := binary.Outputs[0].Parameters["binary_data_size"]
	if err := v.readBinary(body[n+first : n+first+16]); err != nil || v.floats[0] != want[0].Probability || v.floats[1] != want[1].Probability {
		t.Errorf("%v: %v; want %v", err, v.floats, want)
	}
}

func TestCompletionIsTheModelsOwn(t *testing.T) {
	_, h, dir := newServer(t, Options{}, "text")
	m, err := models.LoadLanguageModel(filepath.Join(dir, "text.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Generate(context.Background(), "the quick", models.Generation{Length: 40, Seed: 9, Sampler: decode.Sampler{Temperature: 0.8}})
	if err != nil {
		t.Fatal(err)
	}
	var got completion
	body := `{"model":"text","prompt":"the quick","max_tokens":40,"temperature":0.8,"seed":9,"logprobs":2`
	post(t, h.URL+"/v1/completions", body+"}", &got)
	if c := got.Choices[0]; c.Text != want || *c.FinishReason != "length" || len(c.Logprobs.Tokens) != 40 || got.Usage.PromptTokens != 9 {
		t.Errorf("%+v; want %q", got, want)
	}
	status, events := ask(t, "POST", h.URL+"/v1/completions", "application/json", body+`,"stream":true,"stream_options":{"include_usage":true}}`)
	if text := streamed(t, events); status != 200 || text != want || !strings.HasSuffix(events, "data: [DONE]\n\n") {
		t.Errorf("status %d: %q; want %q", status, text, want)
	}
	at := strings.Index(want[5:], want[20:23]) + 5
	post(t, h.URL+"/v1/completions", body+`,"stop":["`+want[20:23]+`"]}`, &got)
	if c := got.Choices[0]; at > 0 && (!strings.HasPrefix(want, c.Text) || strings.Contains(c.Text, want[20:23]) || *c.FinishReason != "stop") {
		t.Errorf("stopped at %q: %+v of %q", want[20:23], c, want)
	}
}

// streamed is the text of server-sent events.
func streamed(t testing.TB, events string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(events) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var c completion
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		for _, one := range c.Choices {
			b.WriteString(one.Text)
		}
	}
	return b.String()
}

// Texts that are read and written side by side have the results that each has alone.
func TestManyAtOnce(t *testing.T) {
	_, h, dir := newServer(t, Options{BatchRows: 16}, "text", "mood")
	m, err := models.LoadLanguageModel(filepath.Join(dir, "text.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan string, 40)
	for i := range cap(failed) {
		go func() {
			length := 5 + 7*i
			want, err := m.Generate(context.Background(), corpus[i:i+5], models.Generation{Length: length, Seed: uint64(i), Sampler: decode.Sampler{Temperature: 1}})
			var got completion
			status, text := ask(t, "POST", h.URL+"/v1/completions", "", fmt.Sprintf(`{"model":"text","prompt":%q,"max_tokens":%d,"seed":%d}`, corpus[i:i+5], length, i))
			if err2 := json.Unmarshal([]byte(text), &got); err != nil || err2 != nil || status != 200 || got.Choices[0].Text != want {
				failed <- fmt.Sprintf("%d: %v, %v, status %d: %s; want %q", i, err, err2, status, text, want)
				return
			}
			failed <- ""
		}()
	}
	for range cap(failed) {
		if text := <-failed; text != "" {
			t.Error(text)
		}
	}
}

func TestSessions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	o := Options{Sessions: SessionOptions{Path: path, Memory: 1}} // every session is read from the file
	s, h, dir := newServer(t, o, "text", "trend")
	write := func(url, id string, n int) string {
		var c completion
		post(t, url+"/v1/sessions/"+id+"/write", fmt.Sprintf(`{"max_tokens":%d,"temperature":0}`, n), &c)
		return c.Choices[0].Text
	}
	var whole completion
	post(t, h.URL+"/v1/completions", `{"model":"text","prompt":"the quick","max_tokens":30,"temperature":0}`, &whole)
	want := whole.Choices[0].Text
	var a sessionAbout
	post(t, h.URL+"/v1/sessions", `{"model":"text","prompt":"the quick"}`, &a)
	if a.Tokens != 9 || a.Bytes != 4*2*2*24 {
		t.Errorf("%+v", a)
	}
	if text := write(h.URL, a.ID, 10) + write(h.URL, a.ID, 5); text != want[:15] {
		t.Errorf("%q; want %q", text, want[:15])
	}
	var forks struct{ Data []sessionAbout }
	post(t, h.URL+"/v1/sessions/"+a.ID+"/fork", `{"n":2}`, &forks)
	for _, f := range forks.Data {
		if text := write(h.URL, f.ID, 15); text != want[15:] {
			t.Errorf("fork: %q; want %q", text, want[15:])
		}
	}
	_, exported := ask(t, "GET", h.URL+"/v1/sessions/"+a.ID+"/state", "", "")
	// Another service over the same file goes on.
	h.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.Models = []ModelFile{{"text", filepath.Join(dir, "text.safetensors")}}
	again, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h2 := httptest.NewServer(again)
	defer again.Close()
	defer h2.Close()
	if status, text := ask(t, "POST", h2.URL+"/v1/sessions?id=mine", "application/octet-stream", exported); status != 201 {
		t.Errorf("import: status %d: %s", status, text)
	}
	for _, id := range []string{a.ID, "mine"} {
		if text := write(h2.URL, id, 15); text != want[15:] {
			t.Errorf("%s: after a restart: %q; want %q", id, text, want[15:])
		}
	}
	if status, text := ask(t, "DELETE", h2.URL+"/v1/sessions/mine", "", ""); status != 200 {
		t.Errorf("delete: status %d: %s", status, text)
	}
	if status, _ := ask(t, "GET", h2.URL+"/v1/sessions/mine", "", ""); status != 404 {
		t.Errorf("after delete: status %d", status)
	}
}

// What a session says of a text it reads in pieces is what the model says of the whole.
func TestSessionScores(t *testing.T) {
	_, h, dir := newServer(t, Options{}, "text")
	m, err := models.LoadLanguageModel(filepath.Join(dir, "text.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Predict([]string{"the lazy fox"})
	if err != nil {
		t.Fatal(err)
	}
	var a sessionAbout
	post(t, h.URL+"/v1/sessions", `{}`, &a)
	sum := 0.0
	for _, piece := range []string{"the", " lazy f", "", "ox"} {
		var r struct {
			LogProb float64       `json:"log_probability"`
			Read    []scoredToken `json:"read"`
		}
		post(t, h.URL+"/v1/sessions/"+a.ID+"/read", fmt.Sprintf(`{"text":%q}`, piece), &r)
		sum += r.LogProb
		if len(r.Read) != len(piece) {
			t.Errorf("%q: %+v", piece, r)
		}
	}
	if d := sum - want[0].LogProb(); d > 1e-4 || d < -1e-4 {
		t.Errorf("log-probability %g; want %g", sum, want[0].LogProb())
	}
	var next struct{ Next []scoredToken }
	status, text := ask(t, "GET", h.URL+"/v1/sessions/"+a.ID+"/next?top=3", "", "")
	if err := json.Unmarshal([]byte(text), &next); err != nil || status != 200 || len(next.Next) != 3 || *next.Next[0].LogProb < *next.Next[1].LogProb {
		t.Errorf("status %d: %s", status, text)
	}
}

func TestSessionRows(t *testing.T) {
	_, h, dir := newServer(t, Options{}, "trend")
	m, err := models.LoadSequenceModel(filepath.Join(dir, "trend.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := m.Stream()
	if err != nil {
		t.Fatal(err)
	}
	var a sessionAbout
	post(t, h.URL+"/v1/sessions", `{}`, &a)
	for i, row := range [][2]float64{{1, 2}, {3, 4}, {0, -1}} {
		want, err := stream.Row(row[:], 0)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Rows []struct {
				Row         int
				Label       string
				Probability float64
			}
		}
		post(t, h.URL+"/v1/sessions/"+a.ID+"/rows", fmt.Sprintf(`{"rows":[{"x":%g,"y":%g}]}`, row[0], row[1]), &r)
		if len(r.Rows) != 1 || r.Rows[0].Row != i+1 || r.Rows[0].Label != want.Label || r.Rows[0].Probability != want.Probability {
			t.Errorf("%+v; want %+v", r, want)
		}
	}
}

func TestInvocations(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "mood")
	for _, c := range []struct{ kind, body, want string }{
		{"application/json", `{"dataframe_split":{"columns":["text"],"data":[["a good day"],["bad"]]}}`, `{"predictions":[{"text":"a good day","label":`},
		{"application/json", `{"dataframe_records":[{"id":1,"text":"a good day"}]}`, `{"predictions":[{"text":"a good day"`},
		{"application/json", `{"instances":["a good day"]}`, `{"predictions":[{"text":"a good day"`},
		{"application/json", `{"inputs":{"text":["a good day"]}}`, `{"predictions":[{"text":"a good day"`},
		{"application/json", `["a good day","bad"]`, `[{"text":"a good day"`},
		{"application/json", `{"text":"a good day"}`, `[{"text":"a good day"`},
		{"text/csv", "text\na good day\nbad\n", "text,label,probability\na good day,"},
		{"text/csv", "a good day\nbad\n", "text,label,probability\na good day,"},
		{"application/jsonlines", "{\"text\":\"a good day\"}\n{\"text\":\"bad\"}\n", `{"text":"a good day","label":`},
		{"text/plain", "a good day\nbad\n", `[{"text":"a good day"`},
	} {
		status, text := ask(t, "POST", h.URL+"/invocations", c.kind, c.body)
		if c.kind == "text/plain" && status == 200 {
			continue
		}
		if status != 200 || !strings.HasPrefix(text, c.want) {
			t.Errorf("%s %s: status %d: %s", c.kind, c.body, status, text)
		}
	}
}

// A long prompt is read many tokens at once, a model that others have trained goes on as it does alone.
func TestPromptsAreReadAhead(t *testing.T) {
	_, h, dir := newServer(t, Options{}, "text")
	m, err := models.LoadLanguageModel(filepath.Join(dir, "text.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	prompt := strings.Repeat(corpus, 4)[:300]
	want, err := m.Generate(context.Background(), prompt, models.Generation{Length: 20, Sampler: decode.Sampler{Greedy: true}})
	if err != nil {
		t.Fatal(err)
	}
	var got completion
	post(t, h.URL+"/v1/completions", fmt.Sprintf(`{"prompt":%q,"max_tokens":20,"temperature":0}`, prompt), &got)
	if got.Choices[0].Text != want {
		t.Errorf("%q; want %q", got.Choices[0].Text, want)
	}
}
