package models

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// Language lets the model judge the texts that a decode.CTC finds. pieces are what the labels stand for: characters, or tokens
// that begin with a blank where a word begins; "" is the blank of CTC and what no text has.
//
// A model of characters judges every label, so each must be one of its characters. A model of words judges a word when it is
// complete, at the blank behind it or at the end. Where the model knows the end of a line, each text is a line. The result may be
// used by several goroutines at once.
func (m *LanguageModel) Language(pieces []string) (decode.Language, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := m.draw(); err != nil {
		return nil, err
	}
	r := newTextReader(m)
	if m.vocab.Kind() == datasets.Word {
		return newWordBeam(r, pieces)
	}
	return newCharacterBeam(r, pieces)
}

// beamSize reports a search over other labels.
func beamSize(classes int, pieces []string) error {
	if classes != len(pieces) {
		return errors.Errorf("models: Language of %d labels, asked about %d", len(pieces), classes)
	}
	return nil
}

// characterBeam judges labels that are tokens of the model.
type characterBeam struct {
	textReader
	pieces []string
	tokens []int // of each label; -1 of those that no text has
}

func newCharacterBeam(r textReader, pieces []string) (*characterBeam, error) {
	c := &characterBeam{r, pieces, make([]int, len(pieces))}
	for label, piece := range pieces {
		c.tokens[label] = -1
		if piece == "" {
			continue
		}
		id, ok := r.vocab.ID(piece)
		if !ok {
			return nil, errors.Errorf("models: Language: label %d is %q, which is no token of the language model; "+
				"train one on texts like those that are to be found",
				label, piece)
		}
		c.tokens[label] = id
	}
	return c, nil
}

// Begin is what the model says at the begin of a line.
func (c *characterBeam) Begin(classes int) (decode.Following, error) {
	if err := beamSize(classes, c.pieces); err != nil {
		return decode.Following{}, err
	}
	first, err := c.begin()
	if err != nil {
		return decode.Following{}, err
	}
	return c.following(first), nil
}

// Next reads a label behind each text.
func (c *characterBeam) Next(before []decode.Following, labels []int) ([]decode.Following, error) {
	at, tokens := make([]*readText, len(before)), make([]int, len(before))
	for i, b := range before {
		known, ok := b.State.(*readText)
		if !ok || i >= len(labels) || labels[i] < 0 || labels[i] >= len(c.tokens) || c.tokens[labels[i]] < 0 {
			return nil, errors.New("models: Language: want a label behind each text, and what this model said of the text")
		}
		at[i], tokens[i] = known, c.tokens[labels[i]]
	}
	after, err := c.read(at, tokens)
	if err != nil {
		return nil, err
	}
	out := make([]decode.Following, len(after))
	for i, a := range after {
		out[i] = c.following(a)
	}
	return out, nil
}

func (c *characterBeam) following(at *readText) decode.Following {
	out := decode.Following{LogProbs: make([]float64, len(c.tokens)), End: at.end(c.newline), State: at}
	for label, token := range c.tokens {
		out.LogProbs[label] = at.logProb(token)
	}
	return out
}

// wordBeam judges words, which labels spell.
type wordBeam struct {
	textReader
	pieces []string
}

func newWordBeam(r textReader, pieces []string) (*wordBeam, error) {
	for label, piece := range pieces {
		if strings.Contains(strings.TrimPrefix(piece, " "), " ") {
			return nil, errors.Errorf("models: Language: label %d is %q; want blanks at the begin of labels alone, for a model of words",
				label, piece)
		}
	}
	return &wordBeam{r, pieces}, nil
}

// spelledText is a text as a model of words has read it.
type spelledText struct {
	words *readText // the complete words
	some  bool      // there are any
	open  string    // the word that goes on
}

// Begin is what the model says at the begin of a line.
func (w *wordBeam) Begin(classes int) (decode.Following, error) {
	if err := beamSize(classes, w.pieces); err != nil {
		return decode.Following{}, err
	}
	first, err := w.begin()
	if err != nil {
		return decode.Following{}, err
	}
	out, err := w.following([]spelledText{{words: first}})
	if err != nil {
		return decode.Following{}, err
	}
	return out[0], nil
}

// Next reads a label behind each text.
func (w *wordBeam) Next(before []decode.Following, labels []int) ([]decode.Following, error) {
	texts := make([]spelledText, len(before))
	var ended []int
	for i, b := range before {
		known, ok := b.State.(spelledText)
		if !ok || i >= len(labels) || labels[i] < 0 || labels[i] >= len(w.pieces) {
			return nil, errors.New("models: Language: want a label behind each text, and what this model said of the text")
		}
		texts[i] = known
		if piece := w.pieces[labels[i]]; !strings.HasPrefix(piece, " ") {
			texts[i].open += piece
		} else if known.open != "" {
			ended = append(ended, i)
		} else {
			texts[i].open = piece[1:]
		}
	}
	at, tokens := make([]*readText, len(ended)), make([][]int, len(ended))
	for j, i := range ended {
		var err error
		if tokens[j], err = w.tokens(texts[i]); err != nil {
			return nil, err
		}
		at[j] = texts[i].words
	}
	_, after, err := w.readAll(at, tokens)
	if err != nil {
		return nil, err
	}
	for j, i := range ended {
		texts[i] = spelledText{after[j], true, w.pieces[labels[i]][1:]}
	}
	return w.following(texts)
}

// tokens are those of the word that goes on; of most words, one.
func (w *wordBeam) tokens(s spelledText) ([]int, error) {
	if s.some {
		return w.vocab.Encode(" " + s.open)
	}
	return w.vocab.Encode(s.open)
}

// following is what the model says of texts: how likely it is that the word that goes on is complete.
func (w *wordBeam) following(texts []spelledText) ([]decode.Following, error) {
	at, rest, last := make([]*readText, len(texts)), make([][]int, len(texts)), make([]int, len(texts))
	for i, s := range texts {
		tokens, err := w.tokens(s)
		if err != nil {
			return nil, err
		}
		at[i], last[i] = s.words, -1
		if n := len(tokens); s.open != "" && n > 0 {
			rest[i], last[i] = tokens[:n-1], tokens[n-1]
		}
	}
	complete, after, err := w.readAll(at, rest)
	if err != nil {
		return nil, err
	}
	out := make([]decode.Following, len(texts))
	for i, s := range texts {
		if last[i] >= 0 {
			complete[i] += after[i].logProb(last[i])
		}
		out[i] = decode.Following{LogProbs: make([]float64, len(w.pieces)), End: complete[i], State: s}
		for label, piece := range w.pieces {
			switch {
			case piece == "":
				out[i].LogProbs[label] = logZero
			case piece[0] == ' ':
				out[i].LogProbs[label] = complete[i]
			}
		}
	}
	return out, nil
}
