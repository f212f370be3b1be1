package study

import (
	"slices"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// Pairs are sequences of ids that belong together.
type Pairs struct{ Source, Target [][]int }

// Translator is an encoder-decoder between two vocabularies, which have the special tokens.
type Translator struct {
	Source, Target *datasets.Vocabulary
	Params         *graph.Params
	model          recurrent.Seq2Seq
	start, end     int
	decoder        *decode.Seq2Seq
}

// Size describes the network.
type Size struct {
	Embedding, Hidden int // Hidden is the decoder's; the encoder has half of it in each direction
	Attention         recurrent.Attention
	Dropout           float64
}

// NewTranslator describes a bidirectional LSTM as encoder and an LSTM as decoder.
func NewTranslator(source, target *datasets.Vocabulary, s Size, seed uint64) *Translator {
	t := &Translator{Source: source, Target: target, Params: graph.NewParams(seed)}
	t.model = recurrent.Seq2Seq{
		Source:    nn.Embedding{Tokens: source.Len(), Size: s.Embedding},
		Encoder:   recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: s.Hidden / 2}},
		Target:    nn.Embedding{Tokens: target.Len(), Size: s.Embedding},
		Decoder:   recurrent.LSTM{Hidden: s.Hidden},
		Attention: s.Attention,
		Dropout:   s.Dropout,
	}
	t.start, _ = target.ID(datasets.Start)
	t.end, _ = target.ID(datasets.End)
	t.decoder = decode.NewSeq2Seq(t.model, t.Params, 0)
	return t
}

// Course says how a translator is trained.
type Course struct {
	Epochs, Batch int
	Rate          float64 // at the start; it falls to a hundredth along a cosine
	Smoothing     float64 // of the targets
	Patience      int     // passes without a better validation loss; 0 for any number
	Seed          uint64
}

// padding is a target that the loss ignores.
const padding = -1

// Fit trains the translator.
func (t *Translator) Fit(c Course, fit, check Pairs) (train.Result, error) {
	source := func(p Pairs, shuffle bool) (train.Source, error) {
		b, err := datasets.PairBatches(p.Source, p.Target, t.start, t.end, datasets.Batching{Size: c.Batch, Shuffle: shuffle, Seed: c.Seed,
			Pool: 50, RoundTo: 4, DropLast: shuffle, TargetPadding: padding})
		return train.FromBatches(b), err
	}
	data, err := source(fit, true)
	if err != nil {
		return train.Result{}, err
	}
	validation, err := source(check, false)
	if err != nil {
		return train.Result{}, err
	}
	ignore := padding
	loss := graph.NewFunc(t.Params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		l := losses.CrossEntropy{Ignore: &ignore}
		if g.Training() {
			l.Smoothing = c.Smoothing
		}
		b := train.BatchOf(g, in)
		logits, _ := t.model.Apply(g, b.Inputs, b.TargetInputs, recurrent.Options{Lengths: b.Lengths})
		return []graph.Node{l.Apply(g, logits, b.Targets)}
	})
	loss.SetCacheSize(1000)
	return Fit(&train.Loop{Loss: loss, Data: data, Seed: c.Seed, Optimizer: &optim.Adam{},
		Schedule: optim.Cosine{Start: c.Rate, End: c.Rate / 100, Steps: c.Epochs * data.Len()}, Clip: train.Clip{Norm: 1},
		Epochs: c.Epochs, Validation: train.Validation{Data: validation, Patience: c.Patience, KeepBest: true}})
}

// Translate finds the targets of sources, some at a time, shorter ones together.
func (t *Translator) Translate(s decode.Search, sources [][]int) ([]decode.Hypothesis, error) {
	s.Start, s.End = t.start, t.end
	for _, special := range []string{datasets.Padding, datasets.Start} {
		id, _ := t.Target.ID(special)
		s.Forbidden = append(s.Forbidden, id)
	}
	order := make([]int, len(sources))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(sources[a]) - len(sources[b]) })
	out := make([]decode.Hypothesis, len(sources))
	const together = 64
	for at := 0; at < len(order); at += together {
		part := order[at:min(at+together, len(order))]
		batch := make([][]int, len(part))
		for i, n := range part {
			batch[i] = sources[n]
		}
		found, err := t.decoder.Run(s, batch)
		if err != nil {
			return nil, err
		}
		for i, n := range part {
			out[n] = found[i][0]
		}
	}
	return out, nil
}
