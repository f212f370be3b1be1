package models

import (
	"math"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// LineWatch tells of lines, as they come, how unlikely each is to a language model that was trained on such lines: of a log,
// say. It remembers the state of the network and nothing else. A LineWatch serves one goroutine at a time.
type LineWatch struct {
	vocab  *datasets.Vocabulary
	stream *graph.Stream
	token  []int
	in     *tensor.Dense   // the token, [1, 1]
	logits []float32       // of the next token
	before []*tensor.Dense // the state before the line
	expect []float32       // the logits before the line
}

// LineScore is how unlikely a line is, given those before it.
type LineScore struct {
	Tokens int     // of the line, with its end
	Mean   float64 // -log p, in nats a token
	Worst  float64 // of the least likely token
	Token  string  // that token, as the line has it
	At     int     // where it begins in the line, as datasets.Normalize has it, in bytes
}

// unseen is what a character costs that the vocabulary lacks, in nats: that of a chance of one in a million.
const unseen = 6 * math.Ln10

// Watch begins to watch lines, at the beginning of one.
func (m *LanguageModel) Watch() (*LineWatch, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	state, err := m.State(1)
	if err != nil {
		return nil, err
	}
	w := &LineWatch{vocab: m.vocab, token: []int{0}}
	w.in = graph.Ints(w.token, 1, 1)
	if w.stream, err = m.Next().Stream(state, w.in); err != nil {
		return nil, err
	}
	ids, err := m.vocab.Encode("\n")
	if err != nil || len(ids) == 0 {
		return nil, errors.New("models: Watch: the vocabulary has no line end: the model was trained on no text of lines")
	}
	for _, id := range ids {
		if err := w.read(id); err != nil {
			return nil, err
		}
	}
	return w, w.remember()
}

// read takes a token in.
func (w *LineWatch) read(id int) error {
	w.token[0] = id
	out, err := w.stream.Step(w.in)
	if err == nil {
		w.logits = append(w.logits[:0], out[0].Float32s()...)
	}
	return err
}

// remember keeps the state, to go back to it.
func (w *LineWatch) remember() error {
	w.expect = append(w.expect[:0], w.logits...)
	if w.before == nil {
		w.before = clones(w.stream.State())
		return nil
	}
	for i, v := range w.stream.State() {
		copy(w.before[i].Float32s(), v.Float32s())
	}
	return nil
}

// Score tells how unlikely a line is, and reads it: what comes next is judged by what came before. A line that Forget is called
// for is not a part of that.
func (w *LineWatch) Score(line string) (LineScore, error) {
	if w == nil || w.stream == nil {
		return LineScore{}, errors.New("models: there is no LineWatch: LanguageModel.Watch makes one")
	}
	if err := w.remember(); err != nil {
		return LineScore{}, err
	}
	if !utf8.ValidString(line) {
		return LineScore{}, errors.New("models: the line is not UTF-8; is it in another encoding?")
	}
	pieces := w.vocab.Pieces(line + "\n")
	s, at := LineScore{Tokens: len(pieces), Worst: -1}, 0
	for _, piece := range pieces {
		cost := unseen
		if id, ok := w.id(piece); ok {
			cost = surprise(w.logits, id)
			if err := w.read(id); err != nil {
				return LineScore{}, err
			}
		}
		s.Mean += cost / float64(len(pieces))
		if cost > s.Worst {
			s.Worst, s.Token, s.At = cost, piece, at
		}
		at += len(piece)
	}
	return s, nil
}

// id is that of a piece of a line; of a word that the vocabulary lacks, that of unknown ones.
func (w *LineWatch) id(piece string) (int, bool) {
	if id, ok := w.vocab.ID(piece); ok {
		return id, true
	}
	ids, err := w.vocab.Encode(piece)
	if err != nil || len(ids) != 1 {
		return 0, false
	}
	return ids[0], true
}

// Forget goes back to before the last line: an anomaly is no context for what comes after it.
func (w *LineWatch) Forget() error {
	if w == nil || w.stream == nil {
		return errors.New("models: there is no LineWatch: LanguageModel.Watch makes one")
	}
	w.logits = append(w.logits[:0], w.expect...)
	return w.stream.Reset(w.before...)
}

// surprise is -log p of a token.
func surprise(logits []float32, id int) float64 {
	top := logits[0]
	for _, v := range logits {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v - top))
	}
	return math.Log(sum) - float64(logits[id]-top)
}
