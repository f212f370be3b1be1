package study

import (
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// Labelled are sequences of ids with their classes.
type Labelled struct {
	Sequences [][]int
	Labels    []int
}

// Classifier maps sequences to classes.
type Classifier struct {
	Params  *graph.Params
	Classes []string
	logits  func(g *graph.Graph, ids, lengths graph.Node) graph.Node // [T, B] to [B, classes]
	loss    *graph.Func
}

// NewClassifier trains any network that makes logits [B, classes] of ids [T, B] and lengths [B].
func NewClassifier(classes []string, seed uint64, logits func(g *graph.Graph, ids, lengths graph.Node) graph.Node) *Classifier {
	c := &Classifier{Params: graph.NewParams(seed), Classes: classes, logits: logits}
	c.loss = graph.NewFunc(c.Params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		b := train.BatchOf(g, in)
		y := c.logits(g, b.Inputs, b.Lengths)
		return []graph.Node{losses.CrossEntropy{}.Apply(g, y, b.Labels), y}
	})
	c.loss.SetCacheSize(1000)
	return c
}

// Lesson says how a classifier is trained.
type Lesson struct {
	Epochs, Batch, Patience int
	Rate, Decay             float64 // learning rate, which stays, and weight decay
	Seed                    uint64
}

func batchesOf(l Labelled, o datasets.Batching) (train.Source, error) {
	o.Pool, o.RoundTo = 20, 4
	b, err := datasets.LabelledBatches(l.Sequences, l.Labels, o)
	if err != nil {
		return nil, err
	}
	return train.FromBatches(b), nil
}

// Fit trains the classifier.
func (c *Classifier) Fit(l Lesson, fit, check Labelled) (train.Result, error) {
	data, err := batchesOf(fit, datasets.Batching{Size: l.Batch, Shuffle: true, Seed: l.Seed, DropLast: len(fit.Labels) > l.Batch})
	if err != nil {
		return train.Result{}, err
	}
	validation, err := batchesOf(check, datasets.Batching{Size: l.Batch})
	if err != nil {
		return train.Result{}, err
	}
	return Fit(&train.Loop{Loss: c.loss, Data: data, Seed: l.Seed, Optimizer: optim.AdamW(l.Decay), Schedule: optim.Constant(l.Rate),
		Clip: train.Clip{Norm: 1}, Epochs: l.Epochs, Validation: train.Validation{Data: validation, Patience: l.Patience, KeepBest: true}})
}

// Judge predicts the classes of sequences and compares.
func (c *Classifier) Judge(l Labelled) (*metric.Confusion, error) {
	predicted, err := c.Predict(l.Sequences)
	if err != nil {
		return nil, err
	}
	m := metric.NewConfusion(c.Classes...)
	return m, m.Add(l.Labels, predicted)
}

// Predict finds the likeliest classes.
func (c *Classifier) Predict(sequences [][]int) ([]int, error) {
	b, err := datasets.LabelledBatches(sequences, make([]int, len(sequences)), datasets.Batching{Size: 64, Pool: len(sequences), RoundTo: 4})
	if err != nil {
		return nil, err
	}
	out := make([]int, len(sequences))
	for {
		batch, ok := b.Next()
		if !ok {
			return out, nil
		}
		n := len(batch.Examples)
		r, err := c.loss.Run(graph.Ints(batch.Inputs, batch.Steps, n), graph.Ints(batch.Lengths), graph.Ints(batch.Labels))
		if err != nil {
			return nil, err
		}
		logits, k := r[1].Float32s(), len(c.Classes)
		for i, example := range batch.Examples {
			out[example] = cloze.Likeliest(logits[i*k : (i+1)*k])
		}
	}
}

// Bag is a logistic regression on the counts of tokens: every token of [T, B] adds its weights for the classes, wherever
// it stands. It gives logits [B, classes].
func Bag(g *graph.Graph, ids, lengths graph.Node, tokens, classes int) graph.Node {
	w := nn.Embedding{Tokens: tokens, Size: classes, Init: graph.Constant(0)}.Apply(g.Scope("tokens"), ids) // [T, B, classes]
	mask := g.LengthMask(lengths, ids.Dim(0))
	return g.Add(g.Sum(g.Where(mask, w, g.Full(0)), 0), g.Param("bias", graph.Constant(0), classes))
}
