package models

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
	"gorgonia.org/tensor"
)

// Tagger says of each word of a sentence which of some tags it has: its part of speech, say, or whether it is part of a
// name. A word is read as a whole, in small letters, and character by character; recurrent layers read the words, in both
// directions or one; a CRF finds the best tags of a whole sentence (Lample et al., 2016; Ma and Hovy, 2016).
type Tagger struct {
	core
	words      *datasets.Vocabulary // in small letters
	characters *datasets.Vocabulary
	tags       []string // in order
	places     map[string]int
}

// unknownID is the id of a word or character that the model does not know.
const unknownID = 1

// NewTagger returns a tagger for the words of sentences and these tags, each of which may come any number of times. It is
// to be trained, see Fit.
func NewTagger(c Config, sentences Sentences, tags []string) (*Tagger, error) {
	c, tags, err := settleTags(c, tags)
	if err != nil {
		return nil, err
	}
	words, characters, err := spelled(c, sentences.Words)
	if err != nil {
		return nil, err
	}
	return newTagger(c, words, characters, tags)
}

// NewTaggerOf is NewTagger with the words and characters of a tagger that is there.
func NewTaggerOf(c Config, of *Tagger, tags []string) (*Tagger, error) {
	c, tags, err := settleTags(c, tags)
	if err != nil {
		return nil, err
	}
	if of == nil {
		return nil, errors.New("models: NewTaggerOf: there is no tagger to take the words of")
	}
	if err := of.made(); err != nil {
		return nil, err
	}
	return newTagger(c, of.words, of.characters, tags)
}

// settleTags completes and checks what a new tagger is made of.
func settleTags(c Config, tags []string) (Config, []string, error) {
	c = c.complete(KindTagger)
	c.Tag = c.Tag.complete()
	tags = distinct(tags)
	if err := c.Check(KindTagger); err != nil {
		return c, nil, err
	}
	return c, tags, errors.Wrap(checkTags(tags), "models: a tagger")
}

// spelled makes the vocabularies of the words of sentences, and of their characters.
func spelled(c Config, sentences [][]string) (words, characters *datasets.Vocabulary, err error) {
	const specials = 4
	w := datasets.VocabularyBuilder{Kind: datasets.Label, Limit: max(c.Vocabulary-specials, 1)}
	letters := datasets.VocabularyBuilder{Kind: datasets.Character}
	for _, sentence := range sentences {
		for _, word := range sentence {
			if err := w.AddTokens(strings.ToLower(word)); err != nil {
				return nil, nil, err
			}
			if err := letters.Add(word); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, v := range []struct {
		of *datasets.VocabularyBuilder
		to **datasets.Vocabulary
	}{{&w, &words}, {&letters, &characters}} {
		made, err := v.of.Vocabulary()
		if err != nil {
			return nil, nil, errors.Wrap(err, "models: the words of a tagger")
		}
		if *v.to, err = made.WithSpecials(); err != nil {
			return nil, nil, errors.Wrap(err, "models: the words of a tagger")
		}
	}
	return words, characters, nil
}

func newTagger(c Config, words, characters *datasets.Vocabulary, tags []string) (*Tagger, error) {
	net, err := taggerNetwork(c, words.Len(), characters.Len(), len(tags))
	if err != nil {
		return nil, err
	}
	m := &Tagger{words: words, characters: characters, tags: tags, places: map[string]int{}}
	for i, tag := range tags {
		m.places[tag] = i
	}
	one := graph.Ints([]int{0}, 1, 1)
	inputs := []*tensor.Dense{one, graph.Ints([]int{1})}
	if c.Tag.Characters != SpellingNone {
		inputs = append(inputs, one, graph.Ints([]int{1}), one)
	}
	m.core = newCore(c, net, whole{m.emissions, inputs})
	m.lend(m.Emissions)
	m.onnx = m.onnxFile
	return m, nil
}

// spells tells whether the model reads characters.
func (m *Tagger) spells() bool { return m.config.Tag.Characters != SpellingNone }

// Kind is KindTagger.
func (m *Tagger) Kind() Kind { return KindTagger }

// Words is the vocabulary of the words, in small letters.
func (m *Tagger) Words() *datasets.Vocabulary { return m.words }

// Tags are those that the model knows, in order.
func (m *Tagger) Tags() []string { return slices.Clone(m.tags) }

// Scheme says how the tags mark spans; it is spans.None if they do not.
func (m *Tagger) Scheme() spans.Scheme { return m.config.scheme() }

// With is the model with another configuration of its training, which must describe the same network. The weights are
// copied.
func (m *Tagger) With(c Config) (*Tagger, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := c.Check(KindTagger); err != nil {
		return nil, err
	}
	if c.Tag.Softmax != m.config.Tag.Softmax || c.Tag.Scheme != m.config.Tag.Scheme {
		return nil, wrong("Tag", "another head, softmax %v with the scheme %s; want that of the model: Begin gives a new one its weights",
			c.Tag.Softmax, c.Tag.Scheme)
	}
	if err := m.sameNetwork(KindTagger, c); err != nil {
		return nil, err
	}
	out, err := newTagger(c, m.words, m.characters, m.tags)
	if err != nil {
		return nil, err
	}
	return out, out.inherit(&m.core)
}

// Loss returns a new function over the model's weights: the inputs of Emissions and the numbers of the tags [T, B] map to
// the mean loss, in nats a sentence with a CRF and a word without, and the emissions. It is what a train.Loop wants.
func (m *Tagger) Loss() *graph.Func {
	return manyShapes(m.function(func(g *graph.Graph, in []graph.Node) []graph.Node {
		f, rest, ok := m.inputs(g, in)
		if !ok || len(rest) != 1 {
			return []graph.Node{g.Failf("Tagger", "%d inputs; want those of Emissions, and tags", len(in))}
		}
		f.targets = rest[0]
		f = m.net.build(g, f)
		return []graph.Node{f.loss, f.x}
	}))
}

// Emissions returns a new function over the model's weights that gives the scores of all tags for each word, [T, B, tags].
// Its inputs are ids of words [T, B] and lengths [B], and if the model reads characters, those of N spellings [C, N], the
// spellings' lengths [N], and which spelling each word has [T, B].
func (m *Tagger) Emissions() *graph.Func { return manyShapes(m.function(m.emissions)) }

func (m *Tagger) emissions(g *graph.Graph, in []graph.Node) []graph.Node {
	f, rest, ok := m.inputs(g, in)
	if !ok || len(rest) != 0 {
		return []graph.Node{g.Failf("Tagger", "%d inputs; want ids and lengths of words, and of characters if the model reads them", len(in))}
	}
	return []graph.Node{m.net.build(g, f).x}
}

// inputs sorts the inputs of a function.
func (m *Tagger) inputs(g *graph.Graph, in []graph.Node) (f flow, rest []graph.Node, ok bool) {
	n := 2
	if m.spells() {
		n = 5
	}
	if len(in) < n || g.Err() != nil {
		return flow{}, nil, false
	}
	f = flow{x: in[0], lengths: in[1]}
	if m.spells() {
		f.spelt = spellings{in[2], in[3], in[4]}
	}
	return f, in[n:], true
}

// manyShapes is a function for batches of many shapes, each of which it compiles for.
func manyShapes(f *graph.Func) *graph.Func {
	f.SetCacheSize(256)
	return f
}

// Save writes the model to a file, without the state of a training, replacing one that is there. The file appears whole or
// not at all.
func (m *Tagger) Save(path string) error { return m.save(path, m.metadata) }
