package models

import (
	"cmp"
	"context"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// Translation says how texts are translated. The zero value takes the likeliest token at every step, and gives one
// translation of each text.
type Translation struct {
	Beam          int     // hypotheses that are followed at a time; 0 or 1 for one
	Best          int     // translations of each text, the best first; 0 for one. At most Beam
	LengthPenalty float64 // α of decode.Search: 0 ranks by probability, which favours short ones; 1 is usual with a beam
	Max           int     // tokens of a translation at most; 0 for half as many again as the longest target in training
}

// Translated is a translation of a text.
type Translated struct {
	Text     string
	Score    float64 // by which it was ranked: LogProb, or with a LengthPenalty a share of it
	LogProb  float64 // of all tokens and the end, in nats
	Finished bool    // it ended by itself; otherwise it was cut off after Translation.Max tokens
	// Source and Tokens are the pieces of the text and of the translation. Attention, [tokens, source], is how much each
	// piece of the translation looked at each of the text's, 1 in all; nil of a model without attention.
	Source, Tokens []string
	Attention      [][]float64
}

// Translate translates texts, each by itself: results do not depend on the other texts. Of each come as many translations
// as were asked for, or fewer if the beam found no more; of a text without tokens comes an empty one. With a text that the
// model cannot read it returns a *TextError, and the translations of the texts before that. If ctx is cancelled it stops.
func (m *Translator) Translate(ctx context.Context, texts []string, o Translation) ([][]Translated, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := m.draw(); err != nil {
		return nil, err
	}
	s := m.settings(o)
	if err := s.Check(); err != nil {
		return nil, errors.Wrap(err, "models: Translation")
	}
	ids, unreadable := m.encode(texts)
	found, err := m.find(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	out := make([][]Translated, len(ids))
	for i, hypotheses := range found {
		if hypotheses == nil {
			out[i] = []Translated{{Finished: true}}
		}
		for _, h := range hypotheses {
			t, err := m.written(ids[i], h)
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], t)
		}
	}
	return out, unreadable
}

// settings are those of a search.
func (m *Translator) settings(o Translation) decode.Search {
	longest := cmp.Or(o.Max, m.longest+m.longest/2+1)
	if o.Max == 0 && m.longest == 0 { // it was not trained here
		longest = m.config.Seq
	}
	s := decode.Search{
		Start: m.target.start, End: m.target.end, Max: longest, Beam: o.Beam, Best: o.Best, LengthPenalty: o.LengthPenalty,
	}
	s.Forbidden = m.target.unwritten()
	return s
}

// encode maps texts to ids. With a *TextError come the ids of the texts before the one at fault.
func (m *Translator) encode(texts []string) (out [][]int, err error) {
	for i, t := range texts {
		ids, err := m.source.encode(t)
		if err != nil {
			return out, &TextError{i, err}
		}
		out = append(out, ids)
	}
	return out, nil
}

// find searches for the targets of sources, some at a time, shorter ones together. An empty source has none.
func (m *Translator) find(ctx context.Context, s decode.Search, sources [][]int) ([][]decode.Hypothesis, error) {
	const together = 64
	var order []int
	for i, source := range sources {
		if len(source) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(sources[a]) - len(sources[b]) })
	out := make([][]decode.Hypothesis, len(sources))
	return out, m.searches.with(func(d *decode.Seq2Seq) error {
		for part := range slices.Chunk(order, together) {
			if err := orBackground(ctx).Err(); err != nil {
				return errors.Wrap(err, "models: translate")
			}
			batch := make([][]int, len(part))
			for i, n := range part {
				batch[i] = sources[n]
			}
			found, err := d.Run(s, batch)
			if err != nil {
				return err
			}
			for i, n := range part {
				out[n] = found[i]
			}
		}
		return nil
	})
}

// written is a hypothesis as text.
func (m *Translator) written(source []int, h decode.Hypothesis) (t Translated, err error) {
	t = Translated{Score: h.Score, LogProb: h.LogProb, Finished: h.Finished, Attention: h.Attention}
	if t.Text, err = m.target.decode(h.Tokens); err != nil {
		return t, err
	}
	if t.Tokens, err = m.target.pieces(h.Tokens); err != nil {
		return t, err
	}
	if t.Source, err = m.source.pieces(source); err != nil {
		return t, err
	}
	for i, row := range t.Attention { // of the source alone: a batch has padding
		t.Attention[i] = row[:min(len(row), len(source))]
	}
	return t, nil
}
