package models

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// LanguageModel predicts the next token of a text: embedding, stacked recurrent cells, softmax head.
type LanguageModel struct {
	core
	vocab  *datasets.Vocabulary
	layer  recurrent.Layer     // all recurrent layers
	reads  lender[*graph.Func] // of the functions that read texts side by side
	primer string              // a piece of the training text, read before generating without a prompt
}

// NewLanguageModel returns a model for texts like this one, whose tokens are its vocabulary. It is to be trained, see Fit.
func NewLanguageModel(c Config, text string) (*LanguageModel, error) {
	c = c.complete(KindLanguage)
	if err := c.Check(KindLanguage); err != nil {
		return nil, err
	}
	v, err := datasets.Characters(text)
	if c.Tokens == datasets.Word {
		v, err = datasets.Words(text, c.Vocabulary)
	}
	if err != nil {
		return nil, err
	}
	return newLanguageModel(c, v)
}

// NewLanguageModelOf is NewLanguageModel with a vocabulary that is there.
func NewLanguageModelOf(c Config, v *datasets.Vocabulary) (*LanguageModel, error) {
	c = c.complete(KindLanguage)
	if err := c.Check(KindLanguage); err != nil {
		return nil, err
	}
	if v == nil || v.Len() == 0 {
		return nil, errors.New("models: there is no vocabulary, or it is empty")
	}
	return newLanguageModel(c, v)
}

func newLanguageModel(c Config, v *datasets.Vocabulary) (*LanguageModel, error) {
	if n := len(c.Adaptive); n > 0 && c.Adaptive[n-1] >= v.Len() {
		return nil, wrong("Adaptive", "%v; want cutoffs below the size of the vocabulary, %d", c.Adaptive, v.Len())
	}
	net, err := languageNetwork(c, v.Len())
	if err != nil {
		return nil, err
	}
	m := &LanguageModel{core: newCore(c, net, wholeOf(net)), vocab: v}
	for _, l := range m.net {
		if r, ok := l.(recurrence); ok {
			m.layer = r.layer()
		}
	}
	m.lend(m.Loss)
	m.reads.make, m.onnx = m.Next, m.onnxFile
	return m, nil
}

// Kind is KindLanguage.
func (m *LanguageModel) Kind() Kind { return KindLanguage }

// SetWeightFormat chooses how the model reads its weights from now on, see graph.WeightFormat; functions that it handed out before
// keep their way.
func (m *LanguageModel) SetWeightFormat(w graph.WeightFormat) error {
	err := m.core.SetWeightFormat(w)
	m.reads.recall()
	return err
}

// Vocabulary is the model's.
func (m *LanguageModel) Vocabulary() *datasets.Vocabulary { return m.vocab }

// With is the model with another configuration of its training, which must describe the same network. The weights are
// copied. For other tokens or networks see Begin.
func (m *LanguageModel) With(c Config) (*LanguageModel, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := c.Check(KindLanguage); err != nil {
		return nil, err
	}
	if err := m.sameNetwork(KindLanguage, c); err != nil {
		return nil, err
	}
	out, err := newLanguageModel(c, m.vocab)
	if err != nil {
		return nil, err
	}
	out.primer = m.primer
	return out, out.inherit(&m.core)
}

// Loss returns a new function over the model's weights: ids [T, B], the ids that follow [T, B] and a state map to the mean
// loss in nats a token and the state after the last step. It is what a train.Loop wants.
func (m *LanguageModel) Loss() *graph.Func {
	return m.function(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) < 2 {
			return []graph.Node{g.Failf("LanguageModel", "%d inputs; want ids, the ids that follow, and a state", len(in))}
		}
		f := m.net.build(g, flow{x: in[0], state: in[2:], targets: in[1]})
		return append([]graph.Node{f.loss}, f.state...)
	})
}

// Next returns a new function over the model's weights: ids [T, B] and a state map to logits [T, B, V] and the state after
// the last step; with Config.Adaptive, these are log-probabilities. With graph.Func.Stream it goes token by token.
func (m *LanguageModel) Next() *graph.Func {
	return m.function(m.next)
}

func (m *LanguageModel) next(g *graph.Graph, in []graph.Node) []graph.Node {
	if len(in) < 1 {
		return []graph.Node{g.Failf("LanguageModel", "no inputs; want ids and a state")}
	}
	f := m.net.build(g, flow{x: in[0], state: in[1:]})
	return append([]graph.Node{f.x}, f.state...)
}

func (m *LanguageModel) onnxFile() onnxFile {
	return onnxFile{build: m.next, inputs: []port{ids("ids")}, outputs: []string{"logits"}}.carried(m.layer)
}

// State is the state before the first token, for a batch of sequences.
func (m *LanguageModel) State(batch int) ([]*tensor.Dense, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	out, err := graph.NewFunc(m.params, func(g *graph.Graph, _ []graph.Node) []graph.Node { return m.layer.Begin(g, batch) }).Run()
	return clones(out), errors.Wrapf(err, "models: the first state of %d sequences", batch)
}

// Likelihood is how likely a text is to a language model.
type Likelihood struct {
	Tokens int     // that were predicted: all but the first
	Loss   float64 // mean of -log p, in nats a token; 0 without tokens
}

// LogProb is the logarithm of the text's probability, given its first token, in nats.
func (l Likelihood) LogProb() float64 { return -l.Loss * float64(l.Tokens) }

// Perplexity is exp(Loss), and NaN where there was nothing to predict.
func (l Likelihood) Perplexity() float64 {
	if l.Tokens == 0 {
		return math.NaN()
	}
	return math.Exp(l.Loss)
}

// Predict tells how likely each of some texts is. Each is read from the first state on. With a text that the model cannot
// read it returns a *TextError, and what it found of the texts before that.
func (m *LanguageModel) Predict(texts []string) (out []Likelihood, err error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	state, err := m.State(1)
	if err != nil {
		return nil, err
	}
	err = m.lent.with(func(f *graph.Func) error {
		for i, text := range texts {
			l, err := m.likelihood(f, state, text)
			if err != nil {
				return &TextError{i, err}
			}
			out = append(out, l)
		}
		return nil
	})
	return out, err
}

func (m *LanguageModel) likelihood(f *graph.Func, state []*tensor.Dense, text string) (Likelihood, error) {
	ids, err := m.vocab.Encode(text)
	n := len(ids) - 1
	if err != nil || n < 1 {
		return Likelihood{}, err
	}
	out, err := f.Run(append([]*tensor.Dense{graph.Ints(ids[:n], n, 1), graph.Ints(ids[1:], n, 1)}, state...)...)
	if err != nil {
		return Likelihood{}, err
	}
	return Likelihood{n, graph.Scalar(out[0])}, nil
}

// Save writes the model to a file, without the state of a training, replacing one that is there. The file appears whole or
// not at all.
func (m *LanguageModel) Save(path string) error { return m.save(path, m.metadata) }
