package models

import (
	"context"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// TranslationScore is how good translations are, of a model or of anything else. A source counts once, with all of its
// targets as right answers.
type TranslationScore struct {
	Sources int
	BLEU    metric.BLEUScore // as sacreBLEU computes it
	ChrF    float64          // likewise, 0 to 100
	// Errors counts wrong tokens, those between blanks: the word error rate, or of phonemes theirs. Of several right
	// answers, the nearest counts.
	Errors metric.ErrorRate
}

// TranslatorEvaluation is how good a translator is.
type TranslatorEvaluation struct {
	TranslationScore
	Pairs int
	Loss  float64 // mean of -log p of the true tokens, in nats a token
}

// Evaluate translates the sources of pairs and compares the results with their targets. A model of small letters is judged
// without regard to case.
func (m *Translator) Evaluate(ctx context.Context, p Pairs, o Translation) (*TranslatorEvaluation, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if p.Len() == 0 {
		return nil, errors.New("models: there are no pairs to evaluate with")
	}
	loss, err := m.meanLoss(p)
	if err != nil {
		return nil, err
	}
	o.Best = 0
	sources := p.DistinctSources()
	found, err := m.Translate(ctx, sources, o)
	if err != nil {
		return nil, err
	}
	score, err := p.Score(m.config.Translate.Lower, func(source string) string {
		t := found[0][0].Text
		found = found[1:]
		return t
	})
	return &TranslatorEvaluation{TranslationScore: score, Pairs: p.Len(), Loss: loss}, err
}

// meanLoss is the mean loss of the targets' tokens.
func (m *Translator) meanLoss(p Pairs) (loss float64, err error) {
	sources, targets, err := m.read(p)
	if err != nil {
		return 0, err
	}
	b, err := datasets.PairBatches(sources, targets, m.target.start, m.target.end,
		datasets.Batching{Size: min(m.config.Batch, len(sources)), Pool: len(sources), RoundTo: 4, TargetPadding: padding})
	if err != nil {
		return 0, err
	}
	err = m.lent.with(func(f *graph.Func) (err error) {
		loss, err = train.Validate(f, train.FromBatches(b), nil)
		return err
	})
	return loss, err
}

// DistinctSources are the sources, each once, in the order in which they first come up. Sources that differ by their case
// or their blanks alone count as one.
func (p Pairs) DistinctSources() []string {
	var out []string
	for _, g := range p.groups() {
		out = append(out, p.Sources[g[0]])
	}
	return out
}

// Score judges whatever translates: say is called with each of DistinctSources, in order. With lower, case does not count
// in BLEU.
func (p Pairs) Score(lower bool, say func(source string) string) (TranslationScore, error) {
	if err := p.check(); err != nil {
		return TranslationScore{}, err
	}
	if say == nil {
		return TranslationScore{}, errors.New("models: Pairs.Score: there is no function that translates")
	}
	bleu, chrf, out := metric.BLEU{Lowercase: lower}, metric.ChrF{}, TranslationScore{}
	for _, g := range p.groups() {
		said := say(p.Sources[g[0]])
		references, tokens := make([]string, len(g)), make([][]string, len(g))
		for i, n := range g {
			references[i], tokens[i] = p.Targets[n], strings.Fields(p.Targets[n])
		}
		if err := bleu.Add(said, references...); err != nil {
			return out, errors.Wrap(err, p.Place(g[0]))
		}
		if err := chrf.Add(said, references...); err != nil {
			return out, errors.Wrap(err, p.Place(g[0]))
		}
		out.Errors.Add(strings.Fields(said), tokens...)
		out.Sources++
	}
	out.BLEU, out.ChrF = bleu.Score(), chrf.Score()
	return out, nil
}
