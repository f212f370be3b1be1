package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/nn/train/baseline"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// experiment trains the same encoder-decoder with attention and without.
type experiment struct {
	size     study.Size
	course   study.Course
	beam     int
	minCount int

	train, check, test []*sentence
	source, target     *datasets.Vocabulary
}

// prepare makes the vocabularies, of the training sentences alone.
func (e *experiment) prepare() (err error) {
	sources, targets := pairs(e.train)
	if e.source, err = study.Vocabulary(sources, e.minCount); err != nil {
		return err
	}
	e.target, err = study.Vocabulary(targets, e.minCount)
	return err
}

// row is a line of the table of results.
type row struct {
	name      string
	bleu      metric.BLEU
	chrf      metric.ChrF
	weights   int
	epochs    int
	trainedIn time.Duration
}

func (r row) String() string {
	s := fmt.Sprintf("%-44s %6.2f %6.2f", r.name, r.bleu.Score().Score, r.chrf.Score())
	if r.weights > 0 {
		s += fmt.Sprintf(" %8d %7d %6.0f", r.weights, r.epochs, r.trainedIn.Seconds())
	}
	return s
}

// score rates translations of the test sentences, written by say. Case does not count: the network writes small letters.
func (e *experiment) score(name string, say func(i int) (string, error)) (row, error) {
	r := row{name: name, bleu: metric.BLEU{Lowercase: true}}
	for i, s := range e.test {
		said, err := say(i)
		if err != nil {
			return r, err
		}
		if err := r.bleu.Add(said, s.translations...); err != nil {
			return r, err
		}
		if err := r.chrf.Add(said, s.translations...); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (e *experiment) baseline() (row, error) {
	var sources, targets []string
	for _, s := range e.train {
		sources, targets = append(sources, s.text), append(targets, s.translations[0])
	}
	nearest, err := baseline.NewNearest(sources, targets)
	if err != nil {
		return row{}, err
	}
	return e.score("nearest training sentence", func(i int) (string, error) { return nearest.Translate(e.test[i].text), nil })
}

// measure trains a translator and scores it.
func (e *experiment) measure(a recurrent.Attention) (*study.Translator, []row, error) {
	name := "LSTM with attention"
	if a == recurrent.NoAttention {
		name = "LSTM"
	}
	fmt.Printf("\n%s\n", name)
	size := e.size
	size.Attention = a
	t := study.NewTranslator(e.source, e.target, size, e.course.Seed)
	fit, err := t.Pairs(pairs(e.train))
	if err != nil {
		return nil, nil, err
	}
	check, err := t.Pairs(pairs(e.check))
	if err != nil {
		return nil, nil, err
	}
	start := time.Now()
	result, err := t.Fit(e.course, fit, check)
	if err != nil {
		return nil, nil, err
	}
	took := time.Since(start)
	var rows []row
	for _, way := range []struct {
		beam int
		copy bool
	}{{1, false}, {e.beam, false}, {e.beam, true}} {
		if way.copy && a == recurrent.NoAttention {
			continue
		}
		found, err := e.translate(t, way.beam, e.test)
		if err != nil {
			return nil, nil, err
		}
		label := fmt.Sprintf("%s, beam %d", name, way.beam)
		if way.copy {
			label += ", unknown copied"
		}
		r, err := e.score(label, func(i int) (string, error) { return e.text(t, found[i], e.test[i], way.copy) })
		if err != nil {
			return nil, nil, err
		}
		r.weights, r.epochs, r.trainedIn = t.Params.Elements(), result.Epoch, took
		rows = append(rows, r)
	}
	return t, rows, nil
}

// translate finds the translations of sentences.
func (e *experiment) translate(t *study.Translator, beam int, sentences []*sentence) ([]decode.Hypothesis, error) {
	tokens := make([][]string, len(sentences))
	for i, s := range sentences {
		tokens[i] = s.tokens
	}
	ids, err := study.Encode(t.Source, tokens)
	if err != nil {
		return nil, err
	}
	return t.Translate(decode.Search{Max: 60, Beam: beam, LengthPenalty: 1}, ids)
}

// text writes out what was found for a sentence, without unknown words. Or they are copied from where the decoder looked,
// if that word is as unknown, such as a name.
func (e *experiment) text(t *study.Translator, h decode.Hypothesis, s *sentence, copied bool) (string, error) {
	words, err := t.Tokens(h.Tokens)
	if err == nil && copied {
		rare := slices.Clone(s.words)
		for i, w := range s.tokens {
			if _, known := e.source.ID(w); known {
				rare[i] = datasets.Unknown
			}
		}
		words, err = decode.CopyUnknown(words, datasets.Unknown, h, rare)
	}
	return write(words), err
}

// show prints some translations, and where the decoder looked for one of them.
func (e *experiment) show(t *study.Translator) error {
	some := e.test[:min(8, len(e.test))]
	found, err := e.translate(t, e.beam, some)
	if err != nil {
		return err
	}
	surest := 0
	for i, s := range some {
		if found[i].Score > found[surest].Score {
			surest = i
		}
		said, err := e.text(t, found[i], s, true)
		if err != nil {
			return err
		}
		fmt.Printf("\n  %s\n  = %s\n  > %s\n", s.text, s.translations[0], said)
	}
	written, err := t.Tokens(found[surest].Tokens)
	if err != nil {
		return err
	}
	fmt.Printf("\nWhere the decoder looked for the translation that it was surest of:\n\n%s",
		chart.AttentionText(found[surest].Attention, some[surest].words, written))
	return nil
}
