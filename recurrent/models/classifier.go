package models

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
)

// Classifier says of a text which of some labels it has: embedding, recurrent layers in both directions or one, pooling
// over time, softmax head.
type Classifier struct {
	core
	tokens datasets.Tokenizer
	labels []string  // in order
	counts []float64 // how much each label counts in the loss; nil for all alike
	heat   temperature
}

// NewClassifier returns a classifier with these labels, each of which may come any number of times. Its tokens are those of
// the texts. It is to be trained, see Fit.
func NewClassifier(c Config, texts, labels []string) (*Classifier, error) {
	c = c.complete(KindClassifier)
	if err := c.Check(KindClassifier); err != nil {
		return nil, err
	}
	labels = distinct(labels)
	if len(labels) < 2 {
		return nil, errors.Errorf("models: the labels are %q; want two at least", labels)
	}
	if len(texts) == 0 {
		return nil, errors.New("models: there are no texts to take the tokens of")
	}
	tokens, err := tokensOf(c, texts)
	if err != nil {
		return nil, err
	}
	return newClassifier(c, tokens, labels)
}

// NewClassifierOf is NewClassifier with tokens that are there.
func NewClassifierOf(c Config, tokens datasets.Tokenizer, labels []string) (*Classifier, error) {
	c = c.complete(KindClassifier)
	if err := c.Check(KindClassifier); err != nil {
		return nil, err
	}
	labels = distinct(labels)
	if len(labels) < 2 {
		return nil, errors.Errorf("models: the labels are %q; want two at least", labels)
	}
	if tokens == nil || tokens.Len() == 0 {
		return nil, errors.New("models: there are no tokens")
	}
	return newClassifier(c, tokens, labels)
}

// distinct are the different values of a list, in order.
func distinct(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

func newClassifier(c Config, tokens datasets.Tokenizer, labels []string) (*Classifier, error) {
	net, err := classifierNetwork(c, tokens.Len(), len(labels))
	if err != nil {
		return nil, err
	}
	counts, err := c.classWeights(labels, nil)
	if err != nil {
		return nil, err
	}
	m := &Classifier{core: newCore(c, net, wholeOf(net)), tokens: tokens, labels: labels, counts: counts}
	m.lend(m.Logits)
	m.onnx = m.onnxFile
	return m, nil
}

// tokensOf makes the tokens of texts.
func tokensOf(c Config, texts []string) (datasets.Tokenizer, error) {
	all := strings.Join(texts, "\n")
	if c.Tokens == BytePairs {
		return datasets.BPETrainer{Size: max(c.Vocabulary, 256), Compose: true, PrefixSpace: true}.Train(all)
	}
	b := datasets.VocabularyBuilder{Kind: c.Tokens}
	if c.Tokens == datasets.Word {
		b.Limit = c.Vocabulary
	}
	if err := b.Add(all); err != nil {
		return nil, err
	}
	v, err := b.Vocabulary()
	if err != nil {
		return nil, err
	}
	return v.WithSpecials()
}

// Kind is KindClassifier.
func (m *Classifier) Kind() Kind { return KindClassifier }

// Tokenizer is the model's.
func (m *Classifier) Tokenizer() datasets.Tokenizer { return m.tokens }

// Labels are those that the model knows, in order.
func (m *Classifier) Labels() []string { return slices.Clone(m.labels) }

// With is the model with another configuration of its training, which must describe the same network. The weights are
// copied. For other labels, tokens or networks see Begin.
func (m *Classifier) With(c Config) (*Classifier, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := c.Check(KindClassifier); err != nil {
		return nil, err
	}
	if err := m.sameNetwork(KindClassifier, c); err != nil {
		return nil, err
	}
	out, err := newClassifier(c, m.tokens, m.labels)
	if err != nil {
		return nil, err
	}
	out.heat = m.heat
	return out, out.inherit(&m.core)
}

// ClassWeights is how much each label counts in the loss, in the order of Labels, by Config.ClassWeights; nil if all count
// alike. Balanced weights are known once Loop has counted the examples to train on.
func (m *Classifier) ClassWeights() []float64 { return slices.Clone(m.counts) }

// Loss returns a new function over the model's weights: ids [T, B], lengths [B] and the numbers of the labels [B] map to the
// mean loss in nats a text, by ClassWeights, and the logits [B, labels]. It is what a train.Loop wants.
func (m *Classifier) Loss() *graph.Func {
	counts := m.counts
	return m.ofManyLengths(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) != 3 {
			return []graph.Node{g.Failf("Classifier", "%d inputs; want ids, lengths and labels", len(in))}
		}
		y := m.net.build(g, flow{x: in[0], lengths: in[1]}).x
		return []graph.Node{losses.CrossEntropy{Weights: counts}.Apply(g, y, in[2]), y}
	})
}

// Logits returns a new function over the model's weights: ids [T, B] and lengths [B] map to logits [B, labels].
func (m *Classifier) Logits() *graph.Func {
	return m.ofManyLengths(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) != 2 {
			return []graph.Node{g.Failf("Classifier", "%d inputs; want ids and lengths", len(in))}
		}
		return m.whole.build(g, in)
	})
}

func (m *Classifier) onnxFile() onnxFile {
	return onnxFile{build: m.whole.build, inputs: []port{ids("ids"), lengthsOf("lengths", "batch")}, outputs: []string{"logits"}}
}

// ofManyLengths is a function for batches of many lengths, each of which it compiles for.
func (m *Classifier) ofManyLengths(build graph.Build) *graph.Func {
	f := m.function(build)
	f.SetCacheSize(256)
	return f
}

// encode maps texts to ids; a text without tokens gets one that stands for nothing, id 0. With a *TextError come the ids of
// the texts before the one at fault.
func (m *Classifier) encode(texts []string) ([][]int, error) {
	var out [][]int
	for i, t := range texts {
		ids, err := m.tokens.Encode(t)
		if err != nil {
			return out, &TextError{i, err}
		}
		if len(ids) == 0 {
			ids = []int{0}
		}
		out = append(out, ids)
	}
	return out, nil
}

// Prediction is what a classifier says of a text.
type Prediction struct {
	Label         string // the likeliest
	Probability   float64
	Probabilities []float64 // of all labels, in the order of Classifier.Labels
}

// Predict predicts the labels of texts. With a text that the model cannot read it returns a *TextError, and what it
// predicts for the texts before that.
func (m *Classifier) Predict(texts []string) ([]Prediction, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	ids, unreadable := m.encode(texts)
	rows, err := m.probabilities(ids)
	if err != nil {
		return nil, err
	}
	out := make([]Prediction, len(rows))
	for i, row := range rows {
		best := largest(row)
		out[i] = Prediction{m.labels[best], row[best], row}
	}
	return out, unreadable
}

// largest is the place of the first of the largest numbers.
func largest(row []float64) int {
	best := 0
	for j, v := range row {
		if v > row[best] {
			best = j
		}
	}
	return best
}

// probabilities are those of the labels for each text of some ids, [texts][labels].
func (m *Classifier) probabilities(ids [][]int) ([][]float64, error) {
	rows, err := m.logits(ids)
	if err != nil {
		return nil, err
	}
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i] = softmax(row, m.heat.value())
	}
	return out, nil
}

// logits are those of the labels for each text of some ids, [texts][labels].
func (m *Classifier) logits(ids [][]int) ([][]float32, error) {
	order := make([]int, len(ids)) // texts of about one length together
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return len(ids[i]) - len(ids[j]) })
	out := make([][]float32, len(ids))
	return out, m.lent.with(func(f *graph.Func) error {
		for some := range slices.Chunk(order, 64) {
			if err := m.logitsOf(f, ids, some, out); err != nil {
				return err
			}
		}
		return nil
	})
}

// logitsOf computes those of some texts, the longest last, as one batch.
func (m *Classifier) logitsOf(f *graph.Func, ids [][]int, some []int, out [][]float32) error {
	texts := make([][]int, len(some))
	for k, i := range some {
		texts[k] = ids[i]
	}
	b, err := datasets.LabelledBatches(texts, nil, datasets.Batching{Size: len(texts), RoundTo: rounding(len(texts[len(texts)-1]))})
	if err != nil {
		return err
	}
	batch, _ := b.Next()
	r, err := f.Run(graph.Ints(batch.Inputs, batch.Steps, len(texts)), graph.Ints(batch.Lengths))
	if err != nil {
		return err
	}
	k := len(m.labels)
	for i, at := range some {
		out[at] = slices.Clone(r[0].Float32s()[i*k : (i+1)*k])
	}
	return nil
}

// rounding is the multiple to which a length of about n tokens is rounded up, since each length is compiled for: by a quarter at most
// where programs are long. Finer lengths are no faster then, and all their programs take more memory.
func rounding(n int) int {
	if n <= 64 {
		return 4
	}
	return 1 << (bits.Len(uint(n-1)) - 3)
}

// softmax is that of logits over a temperature.
func softmax(logits []float32, temperature float64) []float64 {
	top, sum := slices.Max(logits), 0.0
	out := make([]float64, len(logits))
	for i, v := range logits {
		out[i] = math.Exp(float64(v-top) / temperature)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// Save writes the model to a file, without the state of a training, replacing one that is there. The file appears whole or
// not at all.
func (m *Classifier) Save(path string) error { return m.save(path, m.metadata) }
