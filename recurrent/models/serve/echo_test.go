package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/models"
	"gorgonia.org/tensor"
)

// logSoftmaxOf are log-probabilities, as one would write them down.
func logSoftmaxOf(logits []float32) []float64 {
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v))
	}
	out := make([]float64, len(logits))
	for i, v := range logits {
		out[i] = float64(v) - math.Log(sum)
	}
	return out
}

// With "echo" and "logprobs", the tokens of a prompt come with the probabilities that the model gives them, the first with none, in the
// format of OpenAI's client; what is written behind them is what is written without "echo", and streams say the same.
func TestEchoTellsThePromptsProbabilities(t *testing.T) {
	_, h, dir := newServer(t, Options{}, "text")
	m, err := models.LoadLanguageModel(filepath.Join(dir, "text.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	const prompt = "the quick brown fox"
	ids, err := m.Vocabulary().Encode(prompt)
	if err != nil {
		t.Fatal(err)
	}
	state, err := m.State(1)
	if err != nil {
		t.Fatal(err)
	}
	run, err := m.Next().Run(append([]*tensor.Dense{graph.Ints(ids, len(ids), 1)}, state...)...)
	if err != nil {
		t.Fatal(err)
	}
	logits, width := run[0].Float32s(), m.Vocabulary().Len()

	for _, settings := range []string{`"max_tokens":0`, `"max_tokens":7,"seed":4`, `"max_tokens":7,"seed":4,"n":2`} {
		body := fmt.Sprintf(`{"model":"text","prompt":%q,"logprobs":2,%s`, prompt, settings)
		var plain, whole completion
		post(t, h.URL+"/v1/completions", body+"}", &plain)
		post(t, h.URL+"/v1/completions", body+`,"echo":true}`, &whole)
		parts := streamedChoices(t, h.URL, body+`,"echo":true,"stream":true}`, len(whole.Choices))
		for i, c := range whole.Choices {
			if c.Text != prompt+plain.Choices[i].Text || *whole.Usage != *plain.Usage {
				t.Errorf("%s: %q behind %q, %+v", settings, c.Text, prompt, whole.Usage)
			}
			l := c.Logprobs
			if n := len(c.Text); len(l.Tokens) != n || len(l.TokenLogprobs) != n || len(l.TopLogprobs) != n || len(l.TextOffset) != n {
				t.Fatalf("%s: %d characters; found %+v", settings, n, l)
			}
			if l.TokenLogprobs[0] != nil || l.TopLogprobs[0] != nil {
				t.Errorf("%s: the first token has %v, %v", settings, l.TokenLogprobs[0], l.TopLogprobs[0])
			}
			for k := 1; k < len(ids); k++ {
				want := logSoftmaxOf(logits[(k-1)*width : k*width])
				if d := *l.TokenLogprobs[k] - want[ids[k]]; math.Abs(d) > 1e-5 {
					t.Errorf("%s: token %d has %g; want %g", settings, k, *l.TokenLogprobs[k], want[ids[k]])
				}
				best := slices.Max(want)
				if n := len(l.TopLogprobs[k]); n != 2 {
					t.Errorf("%s: token %d has %d likeliest; want 2", settings, k, n)
				}
				for text, v := range l.TopLogprobs[k] {
					if id, ok := m.Vocabulary().ID(text); !ok || math.Abs(v-want[id]) > 1e-5 || v > best+1e-5 {
						t.Errorf("%s: token %d: %q has %g", settings, k, text, v)
					}
				}
			}
			for k, at := range l.TextOffset {
				if at != k || l.Tokens[k] != c.Text[k:k+1] {
					t.Errorf("%s: token %d is %q at %d", settings, k, l.Tokens[k], at)
				}
			}
			if text := asJSON(t, c); asJSON(t, parts[i]) != text {
				t.Errorf("%s: a stream says\n%s; want\n%s", settings, asJSON(t, parts[i]), text)
			}
		}
	}
	// as openai.types.completion_choice.Logprobs has it: a null where nothing is known
	_, text := ask(t, "POST", h.URL+"/v1/completions", "", `{"model":"text","prompt":"t","logprobs":1,"max_tokens":0,"echo":true}`)
	if want := `"logprobs":{"tokens":["t"],"token_logprobs":[null],"top_logprobs":[null],"text_offset":[0]}`; !strings.Contains(text, want) {
		t.Errorf("%s; want %s in it", text, want)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// streamedChoices are the choices of a stream, put together.
func streamedChoices(t *testing.T, url, body string, n int) []choice {
	t.Helper()
	status, events := ask(t, "POST", url+"/v1/completions", "application/json", body)
	if status != 200 {
		t.Fatalf("status %d: %s", status, events)
	}
	out := make([]choice, n)
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
			o := &out[one.Index]
			if o.Index = one.Index; o.Logprobs == nil {
				o.Logprobs = &logprobs{}
			}
			o.Text, o.FinishReason = o.Text+one.Text, one.FinishReason
			l := o.Logprobs
			l.Tokens, l.TokenLogprobs = append(l.Tokens, one.Logprobs.Tokens...), append(l.TokenLogprobs, one.Logprobs.TokenLogprobs...)
			l.TopLogprobs, l.TextOffset = append(l.TopLogprobs, one.Logprobs.TopLogprobs...), append(l.TextOffset, one.Logprobs.TextOffset...)
		}
	}
	return out
}

// A model whose state grows reads a prompt whose tokens it tells one by one, and has the probabilities of each.
func TestEchoOfAGrowingModel(t *testing.T) {
	m, _ := growing(t)
	g, err := newGrower(m, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	one := 1
	w, err := newWriter(&foundationText{m, letters{}}, 2, writing{Logprobs: &one, Seed: new(uint64)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.ends = nil
	var told []written
	w.each = func(list []written) error { told = append(told, list...); return nil }
	ids := []int{3, 1, 4, 1, 5}
	text, err := letters{}.Decode(ids)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.run(context.Background(), &lane{feed: ids, after: newEcho(w, ids, text).after}); err != nil {
		t.Fatal(err)
	}
	if len(told) != len(ids)+2 || !told[0].unknown {
		t.Fatalf("%+v", told)
	}
	stream, err := m.Stream()
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for k, id := range ids {
		if said += told[k].text; told[k].id != id {
			t.Errorf("token %d is %d; want %d", k, told[k].id, id)
		}
		logits, err := stream.Read(id)
		if err != nil {
			t.Fatal(err)
		}
		if want := logSoftmaxOf(logits)[told[k+1].id]; math.Abs(told[k+1].logprob-want) > 1e-5 {
			t.Errorf("token %d has %g; want %g", k+1, told[k+1].logprob, want)
		}
	}
	if said != text {
		t.Errorf("%q; want %q", said, text)
	}
}

// Each token of a prompt takes memory for the likeliest ones in its place: what a request may ask for has a bound.
func TestEchoHasABound(t *testing.T) {
	_, h, _ := newServer(t, Options{MaxTokens: 50}, "text")
	for body, want := range map[string]int{
		`"prompt":"the quick brown fox","n":2,"echo":true,"logprobs":0`:                                         200,
		`"prompt":"the quick brown fox","n":3,"echo":true,"logprobs":0`:                                         400,
		`"prompt":["the quick brown fox","the","the quick brown fox jumps"],"echo":true,"logprobs":5`:           200,
		`"prompt":["the quick brown fox","the quick brown fox","the quick brown fox"],"echo":true,"logprobs":5`: 400,
		`"prompt":"the quick brown fox","n":3,"echo":true`:                                                      200,
	} {
		status, text := ask(t, "POST", h.URL+"/v1/completions", "", `{"model":"text","max_tokens":1,`+body+`}`)
		if status != want || want == 400 && !strings.Contains(text, "57 tokens of prompts; want at most 50") {
			t.Errorf("%s: %d %s; want %d", body, status, text, want)
		}
	}
}

// Where there is no token, there are lists of none, in an answer and at the end of a stream.
func TestLogprobsAreLists(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "text")
	for _, stream := range []string{"false", "true"} {
		_, text := ask(t, "POST", h.URL+"/v1/completions", "", `{"model":"text","prompt":"the","max_tokens":0,"logprobs":1,"stream":`+stream+`}`)
		if want := `"logprobs":{"tokens":[],"token_logprobs":[],"top_logprobs":[],"text_offset":[]}`; !strings.Contains(text, want) {
			t.Errorf("%s; want %s in it", text, want)
		}
	}
}

// What the tokens of a prompt say is its text, where one of them is a part of a character, and where it ends within one.
func TestEchoOfPartsOfCharacters(t *testing.T) {
	tokens, err := datasets.BPETrainer{Size: 256}.Train("né") // every byte is a token
	if err != nil {
		t.Fatal(err)
	}
	whole, err := tokens.Encode("né né")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= len(whole); n++ {
		text, err := tokens.Decode(whole[:n])
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		w := &writer{tokens: tokens, each: func(list []written) error { said += list[0].text; return nil }}
		e := newEcho(w, whole[:n], text)
		for range n {
			if err := e.tell(written{}); err != nil {
				t.Fatal(err)
			}
		}
		if said != text {
			t.Errorf("%d tokens say %q; want %q", n, said, text)
		}
	}
}
