package models

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// Translator maps a text to another, token by token: sentences to their translations, words to their phonemes. An encoder,
// embedding and recurrent layers in both directions, reads the source; a decoder, embedding, recurrent layers, attention
// and softmax head, writes the target (see recurrent.Seq2Seq).
type Translator struct {
	core
	source, target side
	longest        int // tokens of the longest target that it was trained on; 0 before that
	searches       lender[*decode.Seq2Seq]
}

// NewTranslator returns a translator whose tokens are those of some pairs. It is to be trained, see Fit.
func NewTranslator(c Config, p Pairs) (*Translator, error) {
	c, err := c.forPairs()
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.Len() == 0 {
		return nil, errors.New("models: there are no pairs to take the tokens of")
	}
	source, target, err := sidesOf(c, p)
	if err != nil {
		return nil, err
	}
	return newTranslator(c, source, target)
}

// NewTranslatorOf is NewTranslator with the tokens of a translator that is there. It is to be trained, too: see Begin.
func NewTranslatorOf(c Config, of *Translator) (*Translator, error) {
	c, err := c.forPairs()
	if err != nil {
		return nil, err
	}
	if of == nil {
		return nil, errors.New("models: NewTranslatorOf: there is no translator to take the tokens of")
	}
	if err := of.made(); err != nil {
		return nil, err
	}
	for _, field := range []string{"Tokens", "Translate.TargetTokens", "Translate.Joint", "Translate.Lower"} {
		if has, wanted := fmt.Sprint(fieldOf(of.config, field)), fmt.Sprint(fieldOf(c, field)); has != wanted {
			return nil, wrong(field, "%s; want %s: the tokens are those of another translator", wanted, has)
		}
	}
	return newTranslator(c, of.source, of.target)
}

// forPairs is the configuration of a translator, complete and checked.
func (c Config) forPairs() (Config, error) {
	if c = c.complete(KindTranslator); c.Translate.Attention == "" {
		c.Translate.Attention = Defaults(KindTranslator).Translate.Attention
	}
	return c, c.Check(KindTranslator)
}

func newTranslator(c Config, source, target side) (*Translator, error) {
	net, err := translatorNetwork(c, source.tokens.Len(), target.tokens.Len())
	if err != nil {
		return nil, err
	}
	m := &Translator{core: newCore(c, net, wholeTranslator(net, target.start)), source: source, target: target}
	m.lend(m.Loss)
	m.searches.make = m.search
	return m, nil
}

// wholeTranslator is the network that predicts the first token of a target.
func wholeTranslator(net network, start int) whole {
	return whole{
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{net.build(g, flow{x: in[0], lengths: in[1], before: in[2]}).x}
		},
		inputs: []*tensor.Dense{graph.Ints([]int{0}, 1, 1), graph.Ints([]int{1}), graph.Ints([]int{start}, 1, 1)},
	}
}

// Kind is KindTranslator.
func (m *Translator) Kind() Kind { return KindTranslator }

// Tokenizers are those of the sources and of the targets; one and the same with TranslateConfig.Joint.
func (m *Translator) Tokenizers() (source, target datasets.Tokenizer) {
	return m.source.tokens, m.target.tokens
}

// With is the model with another configuration of its training, which must describe the same network. The weights are
// copied.
func (m *Translator) With(c Config) (*Translator, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := c.Check(KindTranslator); err != nil {
		return nil, err
	}
	if err := m.sameNetwork(KindTranslator, c); err != nil {
		return nil, err
	}
	out, err := newTranslator(c, m.source, m.target)
	if err != nil {
		return nil, err
	}
	out.longest = m.longest
	return out, out.inherit(&m.core)
}

// SetWeightFormat chooses how the model reads its weights from now on when it translates and evaluates, see
// graph.WeightFormat; functions that it handed out before keep their way. Training and files have the weights as they are.
func (m *Translator) SetWeightFormat(w graph.WeightFormat) error {
	if err := m.core.SetWeightFormat(w); err != nil {
		return err
	}
	m.searches.recall()
	return nil
}

// network is the encoder-decoder that the model is.
func (m *Translator) network() encoderDecoder { return m.net[0].(encoderDecoder) }

// search is a new decoder over the model's weights, which it reads as SetWeightFormat says.
func (m *Translator) search() *decode.Seq2Seq {
	d := decode.NewSeq2Seq(m.network().model, m.params, 0)
	_ = d.SetWeightFormat(m.weights) // core.SetWeightFormat has tried it
	return d
}

// Loss returns a new function over the model's weights: sources [S, B], their lengths [B], the tokens before [U, B], which
// begin with the start token, and targets [U, B], which end with the end token and are -1 at padding, map to the mean loss in
// nats a token. It is what a train.Loop wants. In training the targets are smoothed, see TranslateConfig.
func (m *Translator) Loss() *graph.Func {
	return m.ofManyShapes(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) != 4 {
			return []graph.Node{g.Failf("Translator", "%d inputs; want sources, lengths, the tokens before, and targets", len(in))}
		}
		return []graph.Node{m.net.build(g, flow{x: in[0], lengths: in[1], before: in[2], targets: in[3]}).loss}
	})
}

// Logits returns a new function over the model's weights: sources [S, B], their lengths [B] and the tokens before [U, B],
// which begin with the start token, map to logits [U, B, V] of the tokens after each.
func (m *Translator) Logits() *graph.Func {
	return m.ofManyShapes(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) != 3 {
			return []graph.Node{g.Failf("Translator", "%d inputs; want sources, lengths and the tokens before", len(in))}
		}
		return []graph.Node{m.net.build(g, flow{x: in[0], lengths: in[1], before: in[2]}).x}
	})
}

// ofManyShapes is a function for batches of many lengths on both sides, each pair of which it compiles for.
func (m *Translator) ofManyShapes(build graph.Build) *graph.Func {
	f := m.function(build)
	f.SetCacheSize(1000)
	return f
}
