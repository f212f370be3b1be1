package serve

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/tokenizer"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// writing says how a text is written: what /v1/completions and sessions have in common, in the names of the former.
type writing struct {
	MaxTokens   *int     `json:"max_tokens"`
	Temperature *float64 `json:"temperature"` // 0 takes the likeliest token
	TopP        *float64 `json:"top_p"`
	TopK        int      `json:"top_k"`
	MinP        float64  `json:"min_p"`
	Typical     float64  `json:"typical_p"`
	Seed        *uint64  `json:"seed"`
	Stop        stops    `json:"stop"`
	Logprobs    *int     `json:"logprobs"` // how many of the likeliest tokens are told at each place
	Stream      bool     `json:"stream"`
}

// most tokens whose probabilities are told at each place.
const mostLogprobs = 20

// sampler draws tokens as the request says.
func (w writing) sampler() (decode.Sampler, error) {
	s := decode.Sampler{TopK: w.TopK, MinP: w.MinP, Typical: w.Typical}
	if t := w.Temperature; t != nil {
		if s.Temperature = *t; *t == 0 {
			s.Greedy = true
		}
	}
	if w.TopP != nil && *w.TopP < 1 {
		s.TopP = *w.TopP
	}
	if err := s.Check(); err != nil {
		return s, bad("%v", err)
	}
	if n := w.Logprobs; n != nil && (*n < 0 || *n > mostLogprobs) {
		return s, bad("logprobs is %d; want 0 to %d", *n, mostLogprobs)
	}
	return s, nil
}

// length is how many tokens are to be written.
func (w writing) length(most int) (int, error) {
	n := 16
	if w.MaxTokens != nil {
		n = *w.MaxTokens
	}
	if n < 0 || n > most {
		return 0, bad("max_tokens is %d; want 0 to %d", n, most)
	}
	return n, nil
}

// draws is the source of random numbers of text i of a request. A request without a seed draws other texts each time.
func (w writing) draws(i int) *rand.Rand {
	if w.Seed == nil {
		return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return rand.New(rand.NewPCG(*w.Seed, uint64(i)))
}

// stops are texts at which writing ends.
type stops []string

// UnmarshalJSON takes a text or a list of texts.
func (s *stops) UnmarshalJSON(data []byte) error {
	if string(data) == "null" { // as if it were not there
		return nil
	}
	list, err := textOrTexts(data)
	if err != nil || len(list) > 16 || slices.Contains(list, "") {
		return bad("stop is to be a text, or up to 16, none of them empty")
	}
	*s = list
	return nil
}

// written is one token of a text.
type written struct {
	id      int
	text    string
	logprob float64
	top     []ranked // the likeliest
	unknown bool     // nothing came before, so there is no probability
}

// ranked is a token that could have been written.
type ranked struct {
	text    string
	logprob float64
}

// newWriter writes up to n tokens.
func newWriter(m textModel, n int, q writing, draw int) (*writer, error) {
	sampler, err := q.sampler()
	if err != nil {
		return nil, err
	}
	w := &writer{tokens: m.tokens(), ends: m.ends(), sampler: sampler, rng: q.draws(draw), left: n, stop: q.Stop, top: -1}
	w.text = tokenizer.NewStreamer(w.tokens.Decode)
	if q.Logprobs != nil {
		w.top = *q.Logprobs
	}
	return w, nil
}

// writer writes a text in a lane.
type writer struct {
	tokens  datasets.Tokenizer
	sampler decode.Sampler
	rng     *rand.Rand
	left    int // tokens to write
	stop    []string
	top     int                     // how many of the likeliest tokens to tell; below 0 for no probabilities at all
	each    func(w []written) error // takes what may be said: not yet what may be the beginning of a stop

	text    *tokenizer.Streamer
	ends    []int // tokens that end a text
	held    []written
	reason  string // why it ended: "length" or "stop"
	count   int
	pending int // the last token, which has not been read
}

// after is what a lane calls.
func (w *writer) after(l *lane, logits []float32) error {
	if w.left == 0 {
		return w.finish("length")
	}
	if err := probable(logits); err != nil {
		return err
	}
	id, err := w.sampler.Sample(logits, w.rng)
	if err != nil { // all logits may be -Inf after a strange state
		return refused(409, "the network has no probabilities here: %v", err)
	}
	if slices.Contains(w.ends, id) {
		w.pending = id
		return w.finish("stop")
	}
	one := written{id: id}
	if one.text, err = w.said(id); err != nil {
		return err
	}
	if w.top >= 0 {
		if one.logprob, one.top, err = likeliest(w.tokens, logits, id, w.top); err != nil {
			return err
		}
	}
	w.left--
	w.count++
	w.pending = id
	w.held = append(w.held, one)
	if done, err := w.stopped(); done || err != nil {
		return err
	}
	if w.left == 0 {
		return w.finish("length")
	}
	l.feed = append(l.feed, id)
	return nil
}

// said is the text that a token adds. A network may have more tokens than its tokenizer; those say nothing.
func (w *writer) said(id int) (string, error) {
	if id >= w.tokens.Len() {
		return "", nil
	}
	return w.text.Next(id)
}

// stopped looks for a stop in what is held, and says what cannot be a part of one.
func (w *writer) stopped() (bool, error) {
	var text strings.Builder
	for _, t := range w.held {
		text.WriteString(t.text)
	}
	all := text.String()
	for _, s := range w.stop {
		if at := strings.Index(all, s); at >= 0 {
			w.cut(at)
			return true, w.finish("stop")
		}
	}
	keep := 0
	for _, s := range w.stop {
		for n := min(len(s)-1, len(all)); n > keep; n-- {
			if strings.HasSuffix(all, s[:n]) {
				keep = n
				break
			}
		}
	}
	return false, w.say(len(all) - keep)
}

// cut drops what is held from a byte on.
func (w *writer) cut(at int) {
	for i, t := range w.held {
		if at < len(t.text) {
			w.held[i].text = t.text[:at]
			if at == 0 {
				w.held = w.held[:i]
			} else {
				w.held = w.held[:i+1]
			}
			return
		}
		at -= len(t.text)
	}
}

// say hands on the tokens that lie wholly within the first n bytes of what is held.
func (w *writer) say(n int) error {
	k := 0
	for k < len(w.held) && len(w.held[k].text) <= n {
		n -= len(w.held[k].text)
		k++
	}
	if k == 0 {
		return nil
	}
	err := w.each(w.held[:k])
	w.held = slices.Clone(w.held[k:])
	return err
}

// finish hands on what is held.
func (w *writer) finish(reason string) error {
	w.reason = reason
	if len(w.held) == 0 {
		return nil
	}
	err := w.each(w.held)
	w.held = nil
	return err
}

// probable refuses logits that are no numbers: those of a network that has overflowed, or of a state that was none.
func probable(logits []float32) error {
	for _, v := range logits {
		if v != v || v > math.MaxFloat32 {
			return refused(409, "the network has no probabilities here: a logit is %v", v)
		}
	}
	return nil
}

// likeliest is the log-probability of a token, and those of the n likeliest, by the softmax of logits.
func likeliest(tokens datasets.Tokenizer, logits []float32, id, n int) (float64, []ranked, error) {
	if err := probable(logits); err != nil {
		return 0, nil, err
	}
	if id >= len(logits) {
		return 0, nil, bad("the network knows the ids 0 to %d; found %d", len(logits)-1, id)
	}
	top, sum := float64(slices.Max(logits)), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	norm := top + math.Log(sum)
	n = min(n, len(logits))
	if n == 0 {
		return float64(logits[id]) - norm, nil, nil
	}
	var best []int // the n largest, the largest first
	for i, v := range logits {
		if len(best) == n && v <= logits[best[n-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, v, func(j int, v float32) int {
			if logits[j] >= v {
				return -1
			}
			return 1
		})
		if best = slices.Insert(best, at, i); len(best) > n {
			best = best[:n]
		}
	}
	out := make([]ranked, len(best))
	for k, i := range best {
		text := ""
		if i < tokens.Len() {
			var err error
			if text, err = tokens.Decode([]int{i}); err != nil {
				return 0, nil, err
			}
		}
		out[k] = ranked{text, float64(logits[i]) - norm}
	}
	return float64(logits[id]) - norm, out, nil
}
