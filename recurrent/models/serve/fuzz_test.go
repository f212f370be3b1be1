package serve

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fuzzed is a service with small bounds, whose answers to a body are never a fault of its own.
func fuzzed(f *testing.F) func(t *testing.T, path string, header map[string]string, body string) {
	s, _, _ := newServer(f, Options{MaxBody: 1 << 16, MaxTokens: 64, MaxRows: 64, Timeout: 10 * time.Second, BatchWait: -1}, "text", "mood", "trend")
	return func(t *testing.T, path string, header map[string]string, body string) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		for k, v := range header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s: status %d: %s", path, w.Code, w.Body)
		}
	}
}

func FuzzInfer(f *testing.F) {
	ask := fuzzed(f)
	f.Add(`{"inputs":[{"name":"text","datatype":"BYTES","shape":[2],"data":["a","b"]}],"outputs":[{"name":"label"}]}`, 0, uint8(0))
	f.Add(`{"inputs":[{"name":"rows","datatype":"FP64","shape":[1,2,2],"data":[[[1,2],[3,null]]]},{"name":"lengths","datatype":"INT64","shape":[1],"data":[1]}]}`, 0, uint8(1))
	f.Add(`{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":5}}],"parameters":{"binary_data_output":true}}`+"\x01\x00\x00\x00a", 133, uint8(0))
	f.Add(`{"inputs":[{"name":"rows","datatype":"FP16","shape":[1,1,2],"parameters":{"binary_data_size":4}}]}abcd`, 92, uint8(1))
	f.Fuzz(func(t *testing.T, body string, head int, model uint8) {
		header := map[string]string{}
		if head != 0 {
			header[binaryHeader] = fmt.Sprint(head)
		}
		ask(t, "/v2/models/"+[]string{"mood", "trend", "text"}[model%3]+"/infer", header, body)
	})
}

func FuzzCompletions(f *testing.F) {
	ask := fuzzed(f)
	f.Add(`{"model":"text","prompt":["the","dog"],"n":2,"max_tokens":4,"logprobs":3,"echo":true,"stop":["x","yz"],"seed":3}`)
	f.Add(`{"model":"text","prompt":[1,2],"max_tokens":4,"temperature":0.5,"top_p":0.3,"top_k":2,"min_p":0.1,"typical_p":0.4,"stream":true,"stream_options":{"include_usage":true}}`)
	f.Add(`{"model":"text","prompt":[[1],[2]],"logit_bias":{"1":2}}`)
	f.Fuzz(func(t *testing.T, body string) { ask(t, "/v1/completions", nil, body) })
}

func FuzzInvocations(f *testing.F) {
	ask := fuzzed(f)
	kinds := []string{"application/json", "text/csv", "application/jsonlines", "text/plain"}
	for i, body := range []string{`{"dataframe_split":{"columns":["text"],"data":[["a"],["b"]]}}`, "text\na\n\"b\"\n", `{"text":"a"}` + "\n", "a\nb\n"} {
		f.Add(body, uint8(i), uint8(i), "text/csv")
	}
	for _, body := range []string{`{"dataframe_records":[{"x":1,"y":null}]}`, `{"instances":[[1,2],[3,4]]}`, `{"inputs":{"x":[1],"y":[2]}}`, `[{"id":1,"x":"1","y":2e9}]`} {
		f.Add(body, uint8(0), uint8(1), "")
	}
	f.Fuzz(func(t *testing.T, body string, kind, model uint8, accept string) {
		ask(t, "/models/"+[]string{"mood", "trend", "text"}[model%3]+"/invocations", map[string]string{"Content-Type": kinds[kind%4], "Accept": accept}, body)
	})
}

func FuzzSessions(f *testing.F) {
	s, h, _ := newServer(f, Options{MaxBody: 1 << 16, MaxTokens: 64, MaxRows: 64, Timeout: 10 * time.Second}, "text", "trend")
	for _, model := range []string{"text", "trend"} {
		var a sessionAbout
		post(f, h.URL+"/v1/sessions", fmt.Sprintf(`{"model":%q}`, model), &a)
		_, state := ask(f, "GET", h.URL+"/v1/sessions/"+a.ID+"/state", "", "")
		f.Add(state, `{"text":"fox","max_tokens":3,"prompt":"a","rows":[{"x":1,"y":2}]}`)
	}
	f.Fuzz(func(t *testing.T, state, body string) {
		do := func(method, path, kind, body string) int {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code >= http.StatusInternalServerError || strings.Contains(w.Body.String(), "a fault of the service") {
				t.Errorf("%s %s: status %d: %s", method, path, w.Code, w.Body)
			}
			return w.Code
		}
		if do("POST", "/v1/sessions?id=a", "application/octet-stream", state) != http.StatusCreated {
			return
		}
		for _, step := range []string{"read", "write", "rows", "stream", "fork"} {
			do("POST", "/v1/sessions/a/"+step, "application/json", body)
		}
		do("GET", "/v1/sessions/a/next", "", "")
		do("GET", "/v1/sessions/a/state", "", "")
		do("DELETE", "/v1/sessions/a", "", "")
	})
}
