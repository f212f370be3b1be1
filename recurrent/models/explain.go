package models

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/explain"
	"gorgonia.org/tensor"
)

// Explaining says what is explained, and how. The zero value explains the likeliest output by integrated gradients.
type Explaining struct {
	Label   string // the label, or of a language model the next token, that is explained; empty for the likeliest
	Method  string // one of ExplainMethods; empty for the first
	ByToken bool   // score every token of its own; otherwise those of a word together
}

// The ways to explain, see package explain.
const (
	ByIntegratedGradients = "integrated"
	ByOcclusion           = "occlusion"
	ByGradient            = "gradient"
)

// ExplainMethods are the values of Explaining.Method.
func ExplainMethods() []string { return []string{ByIntegratedGradients, ByOcclusion, ByGradient} }

// Explanation tells what an output for a text rests on.
type Explanation struct {
	Label       string  // that is explained
	Probability float64 // of the label
	// Baseline is the label's probability for a text of as many tokens that say nothing, whose embeddings are zero, after
	// Before; NaN but for integrated gradients.
	Baseline float64
	Method   string
	// Before is the beginning of a long text to a language model, which is read as it is and not explained: it explains the
	// last 50 tokens.
	Before string
	Pieces []Piece // which, joined, are the rest of the text as the model read it
	// Gap is by how much the scores of integrated gradients miss the difference in log-odds to the baseline.
	Gap  float64
	Runs int // of the network, of one text each
}

// Piece is a word or token of a text, with the space before it.
type Piece struct {
	Text    string
	Score   float64 // in nats of the label's log-odds log(p/(1-p)): above 0 it speaks for the label
	Without float64 // the label's probability for the text without the piece
}

// Explainable is a model that can say what its outputs rest on: a *Classifier or a *LanguageModel.
type Explainable interface {
	Model
	// Explain tells what an output for a text rests on. If ctx is cancelled it stops.
	Explain(ctx context.Context, text string, o Explaining) (*Explanation, error)
}

// Explain tells which words a label of a text rests on. If ctx is cancelled it stops.
func (m *Classifier) Explain(ctx context.Context, text string, o Explaining) (*Explanation, error) {
	found, err := m.Predict([]string{text})
	if err != nil {
		return nil, err
	}
	target, err := chosen(o.Label, found[0].Probabilities, func(label string) (int, bool) {
		for i, l := range m.labels {
			if l == label {
				return i, true
			}
		}
		return 0, false
	})
	if err != nil {
		return nil, errors.Wrapf(err, "models: the model knows the labels %s", listed(m.labels))
	}
	ids, err := m.encode([]string{text})
	if err != nil {
		return nil, err
	}
	read := reading{text: text, tokens: m.tokens, ids: ids[0]}
	out, err := m.explain(ctx, read, target, o, func(g *graph.Graph, x, target graph.Node) graph.Node {
		return explain.LogOdds(g, m.net[1:].build(g, flow{x: x}).x, target)
	})
	if err != nil {
		return nil, err
	}
	out.Label = m.labels[target]
	return out, nil
}

// Explain tells which tokens of a text the next one rests on, read from the first state on. If ctx is cancelled it stops.
func (m *LanguageModel) Explain(ctx context.Context, text string, o Explaining) (*Explanation, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	ids, err := m.vocab.Encode(text)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errors.New("models: the text has no tokens to explain the next one by")
	}
	next, err := m.nextOf(ids)
	if err != nil {
		return nil, err
	}
	target, err := chosen(o.Label, next, func(token string) (int, bool) {
		id, ok := m.vocab.ID(token)
		if !ok { // a word has the space before it
			id, ok = m.vocab.ID(" " + token)
		}
		return id, ok
	})
	if err != nil {
		return nil, errors.Wrapf(err, "models: the vocabulary has %d %ss", m.vocab.Len(), m.vocab.Kind())
	}
	last := len(m.net) - 1 // the head: what comes before has a step for each token
	read := reading{text: text, tokens: m.vocab, ids: ids, before: max(0, len(ids)-explainedTokens)}
	out, err := m.explain(ctx, read, target, o, func(g *graph.Graph, x, target graph.Node) graph.Node {
		steps, batch := x.Dim(0), x.Dim(1)
		f := m.net[1:last].build(g, flow{x: x, state: m.layer.Begin(g, batch)})
		f.x = g.Slice(f.x, 0, steps-1, steps) // [1, B, H]
		y := m.net[last].build(g, f).x        // [1, B, V]
		return explain.LogOdds(g, g.Reshape(y, batch, -1), target)
	})
	if err != nil {
		return nil, err
	}
	out.Label, err = m.vocab.Decode([]int{target})
	return out, err
}

// nextOf has the probabilities of all tokens after some.
func (m *LanguageModel) nextOf(ids []int) ([]float64, error) {
	state, err := m.State(1)
	if err != nil {
		return nil, err
	}
	out, err := m.Next().Run(append([]*tensor.Dense{graph.Ints(ids, len(ids), 1)}, state...)...)
	if err != nil {
		return nil, err
	}
	logits := out[0].Float32s()
	return softmax(logits[len(logits)-m.vocab.Len():], 1), nil
}

// chosen is the number of a label, or of the likeliest one.
func chosen(label string, probabilities []float64, number func(string) (int, bool)) (int, error) {
	if label == "" {
		return largest(probabilities), nil
	}
	i, ok := number(label)
	if !ok {
		return 0, errors.Errorf("%q is not among what the model gives", label)
	}
	return i, nil
}

// explainedTokens is how many tokens at its end a language model explains of a text. Over many more, the gradients of most
// networks explode on the way from embeddings that are zero.
const explainedTokens = 50

// reading is a text as a model reads it.
type reading struct {
	text   string
	tokens datasets.Tokenizer
	ids    []int
	before int // tokens at the beginning that are not explained
}

// pathWork is how many steps of the network integrated gradients may take, over all runs.
const pathWork = 1 << 19

// explain explains an output for a text: the network's, which reads embeddings. Log-odds and no probabilities are
// explained, as they still move where the model is nearly certain.
func (c *core) explain(ctx context.Context, t reading, target int, o Explaining, network explain.Network) (*Explanation, error) {
	if o.Method == "" {
		o.Method = ByIntegratedGradients
	}
	pieces, err := piecesOf(t.text, t.tokens, t.ids)
	if err != nil {
		return nil, err
	}
	e, err := explain.New(c.params, network)
	if err != nil {
		return nil, err
	}
	table := weights.Of(c.params.Get(embeddingWeight))
	in := explain.Input{X: rowsOf(table, t.ids), Target: target, Groups: t.groups(pieces, o.ByToken)}
	without := in
	without.Baseline = rowsOf(table, []int{0}) // what Predict reads of a text without tokens
	if t.before > 0 {                          // what is not explained is its own baseline
		in.Baseline = in.X.Clone().(*tensor.Dense)
		clear(in.Baseline.Float64s()[t.before*table.Shape()[1]:])
	}
	occluded, err := e.Occlusion(ctx, without)
	if err != nil {
		return nil, err
	}
	a, runs := occluded, occluded.Runs
	switch o.Method {
	case ByOcclusion:
		runs = 0
	case ByGradient:
		a, err = e.Gradient(ctx, in)
	case ByIntegratedGradients:
		a, err = e.IntegratedGradients(ctx, in, explain.Integration{Runs: min(max(pathWork/len(t.ids), 256), 1<<14)})
	default:
		return nil, errors.Errorf("models: Explaining.Method %q; want %s", o.Method, oneOf(ExplainMethods()))
	}
	if err != nil {
		return nil, err
	}
	out := &Explanation{Probability: sigmoid(a.Output), Baseline: sigmoid(a.Baseline), Method: o.Method, Gap: a.Gap, Runs: a.Runs + runs}
	for i, score := range a.Scores {
		from, to := in.Groups[i], len(pieces)
		if i+1 < len(in.Groups) {
			to = in.Groups[i+1]
		}
		text := strings.Join(pieces[from:to], "")
		if from < t.before {
			out.Before = text
			continue
		}
		out.Pieces = append(out.Pieces, Piece{text, score, sigmoid(occluded.Without[i])})
	}
	return out, nil
}

// groups are the numbers of the tokens with which a word begins, or every token; what is not explained is one group.
func (t reading) groups(pieces []string, byToken bool) []int {
	starts := []int{0}
	words := wordsOf(pieces)
	for i := 1; i < len(pieces); i++ {
		if _, word := slices.BinarySearch(words, i); i >= t.before && (word || byToken || i == t.before) {
			starts = append(starts, i)
		}
	}
	return starts
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// rowsOf are rows of a table, [T, F] for T ids.
func rowsOf(table *tensor.Dense, ids []int) *tensor.Dense {
	width := table.Shape()[1]
	all := dense.Float64s(table)
	out := make([]float64, 0, len(ids)*width)
	for _, id := range ids {
		out = append(out, all[id*width:(id+1)*width]...)
	}
	return graph.Floats64(out, len(ids), width)
}

// piecesOf is what each token of a text stands for, as it stands there.
func piecesOf(text string, t datasets.Tokenizer, ids []int) ([]string, error) {
	if v, ok := t.(*datasets.Vocabulary); ok {
		if pieces := v.Pieces(text); len(pieces) == len(ids) {
			return pieces, nil
		}
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		if b, ok := t.(*datasets.BPE); ok { // a token may be part of a character
			raw, err := b.DecodeBytes([]int{id})
			if err != nil {
				return nil, err
			}
			out[i] = string(raw)
			continue
		}
		var err error
		if out[i], err = t.Decode([]int{id}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// wordsOf are the numbers of the tokens with which a word begins. A word is letters, digits and apostrophes with the blanks
// before it; every other mark is one of its own.
func wordsOf(pieces []string) []int {
	starts := []int{0}
	for i := 1; i < len(pieces); i++ {
		before, _ := utf8.DecodeLastRuneInString(pieces[i-1])
		first, _ := utf8.DecodeRuneInString(pieces[i])
		if unicode.IsSpace(before) && onlyBlanks(pieces[starts[len(starts)-1]:i]) {
			continue // the blanks belong to the word
		}
		if !inWord(before) || !inWord(first) {
			starts = append(starts, i)
		}
	}
	return starts
}

func onlyBlanks(pieces []string) bool { return strings.TrimSpace(strings.Join(pieces, "")) == "" }

// inWord tells whether a character may stand inside a word; a part of one may.
func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '\'' || r == '’' || r == '_' || r == utf8.RuneError
}
