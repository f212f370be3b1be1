package models

import (
	"slices"
	"strings"
	"unicode/utf8"

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
	if c = c.complete(KindTranslator); c.Translate.Attention == "" {
		c.Translate.Attention = Defaults(KindTranslator).Translate.Attention
	}
	if err := c.Check(KindTranslator); err != nil {
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

func newTranslator(c Config, source, target side) (*Translator, error) {
	net, err := translatorNetwork(c, source.tokens.Len(), target.tokens.Len())
	if err != nil {
		return nil, err
	}
	m := &Translator{core: newCore(c, net, wholeTranslator(net, target.start)), source: source, target: target}
	m.lent.make = m.Loss
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
	return out, out.inherit(&m.core, func(string) bool { return true })
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

// side is one side of the pairs: how its texts become tokens, and tokens texts.
type side struct {
	kind       string // of the tokens
	lower      bool
	tokens     datasets.Tokenizer
	start, end int
}

// sidesOf makes the tokens of pairs.
func sidesOf(c Config, p Pairs) (source, target side, err error) {
	lower := c.Translate.Lower
	if c.Translate.Joint {
		both := slices.Concat(p.Sources, p.Targets)
		source, err = sideOf(c.Tokens, c.Vocabulary, lower, both)
		return source, source, err
	}
	if source, err = sideOf(c.Tokens, c.Vocabulary, lower, p.Sources); err != nil {
		return source, target, errors.WithMessage(err, "the sources")
	}
	target, err = sideOf(c.targetTokens(), c.Vocabulary, lower, p.Targets)
	return source, target, errors.WithMessage(err, "the targets")
}

// sideOf makes the tokens of texts, at most so many words or byte pairs.
func sideOf(kind string, limit int, lower bool, texts []string) (side, error) {
	s := side{kind: kind, lower: lower}
	if kind == BytePairs {
		t := datasets.BPETrainer{Size: max(limit, 256+3), Special: []string{datasets.Padding, datasets.Start, datasets.End}, Compose: true, PrefixSpace: true}
		tokens, err := t.Train(s.readable(strings.Join(texts, "\n")))
		if err != nil {
			return s, err
		}
		return s.with(tokens)
	}
	b := datasets.VocabularyBuilder{Kind: vocabularyKind(kind)}
	if kind == datasets.Word {
		b.Limit, b.MinCount = limit, 2
	}
	for _, t := range texts {
		var err error
		if t = s.readable(t); kind == datasets.Word {
			err = b.AddTokens(datasets.CutWords(t)...)
		} else {
			err = b.Add(t)
		}
		if err != nil {
			return s, err
		}
	}
	v, err := b.Vocabulary()
	if err != nil {
		return s, err
	}
	if v, err = v.WithSpecials(); err != nil {
		return s, err
	}
	return s.with(v)
}

// vocabularyKind is what datasets calls a kind of token.
func vocabularyKind(kind string) string {
	if kind == Symbols || kind == datasets.Word {
		return datasets.Label
	}
	return kind
}

// with is the side with its tokens, which must have those that begin and end a target.
func (s side) with(t datasets.Tokenizer) (side, error) {
	var begins, ends bool
	s.tokens = t
	s.start, begins = t.ID(datasets.Start)
	s.end, ends = t.ID(datasets.End)
	if !begins || !ends {
		return s, errors.Errorf("models: the tokens lack %s or %s, which begin and end a target", datasets.Start, datasets.End)
	}
	return s, nil
}

// readable is a text as it is cut into tokens.
func (s side) readable(text string) string {
	text = strings.TrimSpace(datasets.Normalize(text))
	if s.lower {
		text = strings.ToLower(text)
	}
	return text
}

// encode maps a text to ids.
func (s side) encode(text string) ([]int, error) {
	text = s.readable(text)
	if v, ok := s.tokens.(*datasets.Vocabulary); ok && s.kind == datasets.Word {
		if !utf8.ValidString(text) {
			return nil, errors.New("the text is not UTF-8")
		}
		return v.EncodeTokens(datasets.CutWords(text))
	}
	return s.tokens.Encode(text)
}

// decode maps ids to a text. Unknown words are left out.
func (s side) decode(ids []int) (string, error) {
	if s.kind != datasets.Word {
		text, err := s.tokens.Decode(ids)
		return strings.TrimSpace(text), err
	}
	words, err := s.pieces(ids)
	known := slices.DeleteFunc(words, func(w string) bool { return w == datasets.Unknown })
	return datasets.JoinWords(known), err
}

// pieces are the texts of single tokens. A byte pair may be a part of a character only, which shows as U+FFFD.
func (s side) pieces(ids []int) ([]string, error) {
	out := make([]string, len(ids))
	for i := range ids {
		text, err := s.tokens.Decode(ids[i : i+1])
		if err != nil {
			return nil, err
		}
		out[i] = text
	}
	return out, nil
}

// unwritten are the tokens that a translation never has: those that begin a target or fill up a batch, and those that are
// unknown. Words alone may be: it is better to leave one out than to write another.
func (s side) unwritten() []int {
	var out []int
	for _, special := range []string{datasets.Padding, datasets.Start, datasets.Unknown} {
		if special == datasets.Unknown && s.kind == datasets.Word {
			continue
		}
		if id, ok := s.tokens.ID(special); ok {
			out = append(out, id)
		}
	}
	return out
}
