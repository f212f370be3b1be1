package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// completionRequest is what OpenAI's clients send to /v1/completions. https://platform.openai.com/docs/api-reference/completions
type completionRequest struct {
	writing
	Model         string          `json:"model"`
	Prompt        json.RawMessage `json:"prompt"`
	N             *int            `json:"n"`
	Echo          bool            `json:"echo"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	BestOf           *int               `json:"best_of"`
	Suffix           string             `json:"suffix"`
	LogitBias        map[string]float64 `json:"logit_bias"`
	FrequencyPenalty float64            `json:"frequency_penalty"`
	PresencePenalty  float64            `json:"presence_penalty"`
}

// unknown refuses what is not there rather than passing it over.
func (q completionRequest) unknown() error {
	switch {
	case q.Suffix != "":
		return bad("suffix is not there: the models read forward alone")
	case len(q.LogitBias) > 0:
		return bad("logit_bias is not there")
	case q.FrequencyPenalty != 0 || q.PresencePenalty != 0:
		return bad("frequency_penalty and presence_penalty are not there; want 0")
	case q.BestOf != nil && *q.BestOf > 1:
		return bad("best_of is not there; want 1")
	}
	return nil
}

// completion is the answer, or a part of one.
type completion struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"`
}

type choice struct {
	Text         string    `json:"text"`
	Index        int       `json:"index"`
	Logprobs     *logprobs `json:"logprobs"`
	FinishReason *string   `json:"finish_reason"`
}

type logprobs struct {
	Tokens        []string             `json:"tokens"`
	TokenLogprobs []*float64           `json:"token_logprobs"`
	TopLogprobs   []map[string]float64 `json:"top_logprobs"`
	TextOffset    []int                `json:"text_offset"`
}

type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

// noLogprobs has lists of nothing, which clients take for lists.
func noLogprobs() *logprobs {
	return &logprobs{Tokens: []string{}, TokenLogprobs: []*float64{}, TopLogprobs: []map[string]float64{}, TextOffset: []int{}}
}

// add appends tokens; offset is where their text begins.
func (l *logprobs) add(list []written, offset int) int {
	for _, t := range list {
		l.Tokens = append(l.Tokens, t.text)
		var p *float64
		var top map[string]float64
		if !t.unknown {
			p, top = &t.logprob, map[string]float64{}
		}
		for _, r := range t.top {
			if have, ok := top[r.text]; !ok || have < r.logprob {
				top[r.text] = r.logprob
			}
		}
		l.TokenLogprobs = append(l.TokenLogprobs, p)
		l.TopLogprobs = append(l.TopLogprobs, top)
		l.TextOffset = append(l.TextOffset, offset)
		offset += len([]rune(t.text))
	}
	return offset
}

// textOrTexts reads a text or a list of them.
func textOrTexts(data []byte) ([]string, error) {
	var one string
	if json.Unmarshal(data, &one) == nil {
		return []string{one}, nil
	}
	var list []string
	err := json.Unmarshal(data, &list)
	return list, err
}

// prompts are the ids of the prompts of a request: texts, or ids as they are.
func prompts(m textModel, data json.RawMessage, most int) ([][]int, error) {
	if len(data) == 0 || string(data) == "null" {
		data = json.RawMessage(`""`)
	}
	v := m.tokens()
	if list, err := textOrTexts(data); err == nil {
		var out [][]int
		for _, text := range list {
			ids, err := promptOf(m, text)
			if err != nil {
				return nil, err
			}
			out = append(out, ids)
		}
		return checkedPrompts(out, v.Len(), most)
	}
	var ids []int
	if json.Unmarshal(data, &ids) == nil {
		return checkedPrompts([][]int{ids}, v.Len(), most)
	}
	var lists [][]int
	if json.Unmarshal(data, &lists) == nil {
		return checkedPrompts(lists, v.Len(), most)
	}
	return nil, bad("prompt is to be a text, a list of texts, a list of ids, or a list of such lists")
}

// promptOf is what a text is as ids where it begins one.
func promptOf(m textModel, text string) ([]int, error) {
	ids, err := m.prompt(text)
	if err != nil {
		return nil, bad("the prompt: %v", err)
	}
	return ids, nil
}

func checkedPrompts(list [][]int, tokens, most int) ([][]int, error) {
	if len(list) == 0 {
		return nil, bad("there is no prompt")
	}
	for i, ids := range list {
		if len(ids) == 0 {
			return nil, bad("prompt %d is empty", i)
		}
		if len(ids) > most {
			return nil, refused(413, "prompt %d has %d tokens; want at most %d", i, len(ids), most)
		}
		for _, id := range ids {
			if id < 0 || id >= tokens {
				return nil, bad("prompt %d has the id %d; want 0 to %d", i, id, tokens-1)
			}
		}
	}
	return list, nil
}

func (s *Server) completions(w http.ResponseWriter, r *http.Request) error {
	var q completionRequest
	if err := readJSON(r, &q); err != nil {
		return err
	}
	if err := q.unknown(); err != nil {
		return err
	}
	v, done, err := s.models.use(q.Model)
	if err != nil {
		return err
	}
	defer done()
	if v.text == nil {
		return bad("%s is a %s; want a language model", v.name, v.kind)
	}
	c, err := s.newCompleting(q, v)
	if err != nil {
		return err
	}
	if q.Stream {
		return c.stream(w, r)
	}
	for i := range c.writers {
		c.writers[i].each = func(list []written) error { c.add(i, list); return nil }
	}
	if err := c.run(r.Context()); err != nil {
		return err
	}
	answer(w, openAIError, c.whole())
	return nil
}

// completing is a request for completions that is being answered.
type completing struct {
	completionRequest
	served  *served
	server  *Server
	base    completion
	lanes   []*lane
	writers []*writer
	echo    []string
	texts   []string
	probs   []*logprobs
	offsets []int
	prompt  int // tokens
}

func (s *Server) newCompleting(q completionRequest, v *served) (*completing, error) {
	list, err := prompts(v.text, q.Prompt, s.options.MaxTokens)
	if err != nil {
		return nil, err
	}
	length, err := q.length(s.options.MaxTokens)
	if err != nil {
		return nil, err
	}
	n := 1
	if q.N != nil {
		n = *q.N
	}
	if n < 1 || n > 128 || len(list)*n > s.options.MaxRows {
		return nil, bad("n is %d, of %d prompts; want 1 to 128, and at most %d texts in all", n, len(list), s.options.MaxRows)
	}
	if all := len(list) * n * length; all > s.options.MaxTokens {
		return nil, bad("%d texts of %d tokens (max_tokens) are %d; want at most %d", len(list)*n, length, all, s.options.MaxTokens)
	}
	if all := n * len(slices.Concat(list...)); q.Echo && q.Logprobs != nil && all > s.options.MaxTokens {
		return nil, bad("echo with logprobs tells of %d tokens of prompts; want at most %d", all, s.options.MaxTokens)
	}
	c := &completing{completionRequest: q, served: v, server: s}
	c.base = completion{ID: "cmpl-" + newID(), Object: "text_completion", Created: time.Now().Unix(), Model: v.name}
	for _, ids := range list {
		c.prompt += len(ids)
		text := ""
		if q.Echo {
			if text, err = v.text.tokens().Decode(ids); err != nil {
				return nil, err
			}
		}
		for range n {
			w, err := newWriter(v.text, length, q.writing, len(c.writers))
			if err != nil {
				return nil, err
			}
			probs, l, said := (*logprobs)(nil), &lane{feed: slices.Clip(ids), quiet: len(ids) - 1, after: w.after}, text
			if q.Logprobs != nil {
				probs = noLogprobs()
				if q.Echo { // the prompt is told token by token
					l.quiet, l.after, said = 0, newEcho(w, ids, text).after, ""
				}
			}
			c.writers, c.lanes = append(c.writers, w), append(c.lanes, l)
			c.echo, c.texts = append(c.echo, said), append(c.texts, said)
			c.probs, c.offsets = append(c.probs, probs), append(c.offsets, len([]rune(said)))
		}
	}
	return c, nil
}

// add takes tokens of text i.
func (c *completing) add(i int, list []written) {
	for _, t := range list {
		c.texts[i] += t.text
	}
	if c.probs[i] != nil {
		c.offsets[i] = c.probs[i].add(list, c.offsets[i])
	}
}

// run writes all texts.
func (c *completing) run(ctx context.Context) error {
	failed := make(chan error, len(c.lanes))
	places := make(chan struct{}, c.server.options.BatchRows) // a request of many texts leaves room for others
	for _, l := range c.lanes {
		go func() {
			places <- struct{}{}
			defer func() { <-places }()
			failed <- c.served.reads.run(ctx, l)
		}()
	}
	var first error
	for range c.lanes {
		if err := <-failed; err != nil && first == nil {
			first = err
		}
	}
	c.server.metrics.tokens(c.served.name, c.prompt, c.written())
	return first
}

func (c *completing) written() int {
	n := 0
	for _, w := range c.writers {
		n += w.count
	}
	return n
}

func (c *completing) usage() *usage {
	return &usage{c.prompt, c.written(), c.prompt + c.written()}
}

// whole is the answer that is not streamed.
func (c *completing) whole() completion {
	out := c.base
	for i, w := range c.writers {
		out.Choices = append(out.Choices, choice{c.texts[i], i, c.probs[i], &w.reason})
	}
	out.Usage = c.usage()
	return out
}

// stream writes the answer as it comes, as server-sent events.
func (c *completing) stream(w http.ResponseWriter, r *http.Request) error {
	finish, err := c.streamText(w, r)
	if err != nil {
		return err
	}
	return finish()
}

// streamText writes the text as it comes, and returns what writes the end.
func (c *completing) streamText(w http.ResponseWriter, r *http.Request) (finish reply, err error) {
	events := newEvents(w, c.server.options.Timeout)
	for i, text := range c.echo {
		if text != "" {
			if err := c.part(events, i, []written{{text: text}}, nil); err != nil {
				return nil, err
			}
		}
	}
	for i, w := range c.writers {
		w.each = func(list []written) error {
			events.later(func() error { return c.part(events, i, list, nil) })
			return nil
		}
	}
	if err := events.run(r.Context(), c.run); err != nil {
		return nil, events.fail(openAIError, err)
	}
	return func() error { return c.end(events) }, nil
}

// part writes some tokens of text i.
func (c *completing) part(e *events, i int, list []written, reason *string) error {
	out := choice{Index: i, FinishReason: reason}
	for _, t := range list {
		out.Text += t.text
	}
	c.texts[i] += out.Text
	if c.probs[i] != nil {
		out.Logprobs = noLogprobs()
		c.offsets[i] = out.Logprobs.add(list, c.offsets[i])
	}
	one := c.base
	one.Choices = []choice{out}
	return e.data(one)
}

// end writes why texts ended.
func (c *completing) end(e *events) error {
	for i, w := range c.writers {
		if err := c.part(e, i, nil, &w.reason); err != nil {
			return err
		}
	}
	if c.StreamOptions.IncludeUsage {
		last := c.base
		last.Choices, last.Usage = []choice{}, c.usage()
		if err := e.data(last); err != nil {
			return err
		}
	}
	return e.text("[DONE]")
}

// modelList is what /v1/models answers.
func (s *Server) modelList(w http.ResponseWriter, r *http.Request) error {
	type entry struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
		Kind    string `json:"kind"`
		Version string `json:"version"`
	}
	var list []entry
	for _, slot := range s.models.slots {
		v := slot.now.Load()
		list = append(list, entry{v.name, "model", v.since.Unix(), "unroll", v.kind, v.version})
	}
	if name := r.PathValue("model"); name != "" {
		for _, e := range list {
			if e.ID == name {
				answer(w, openAIError, e)
				return nil
			}
		}
		return refused(404, "there is no model %q", name)
	}
	answer(w, openAIError, map[string]any{"object": "list", "data": list})
	return nil
}
