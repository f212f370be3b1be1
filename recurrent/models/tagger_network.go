package models

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// taggerNetwork predicts a tag at every word.
func taggerNetwork(c Config, words, characters, tags int) (network, error) {
	r, err := c.recurrence("rnn", c.Embed)
	if err != nil {
		return nil, err
	}
	net := network{embedding{words, c.Embed, c.Optimizer == sparseAdam}}
	if t := c.Tag; t.Characters != SpellingNone {
		s := spelling{characters: characters, width: t.CharEmbed, conv: t.Characters == SpellingConv, reader: recurrence{
			kind: r.kind, scope: spellingScope, layers: 1, input: t.CharEmbed, bothWays: true, pooled: true,
			cellOptions: cellOptions{hidden: t.CharHidden, heads: r.kind.headsFor(t.CharHidden)},
		}}
		net = append(net, s)
		r.input += s.output()
	}
	r.bothWays = !c.OneWay
	return append(net,
		dropout{c.Dropout},
		r,
		dropout{c.Dropout},
		tagHead{head{field: "tags", classes: tags, width: r.output(), steps: true}, c.Tag.Softmax},
	), nil
}

// Scopes of the weights.
const (
	charactersScope = "characters"
	spellingScope   = "spelling"
	crfScope        = "crf"
)

// spellings are the inputs by which a network reads the characters of words. Words that are spelt alike are read once: a
// batch has a list of N spellings, and says of each word which of them is its own.
type spellings struct {
	characters graph.Node // ids [C, N]
	lengths    graph.Node // ids [N], 0 for spellings that only fill up
	places     graph.Node // ids [T, B]
}

// spelling reads the characters of words, and puts what it has found beside the words' embeddings: [T, B, E + F]. Weights:
// characters.weight [characters, width]; in the scope spelling, those of a layer in both directions, or of a Conv1D.
type spelling struct {
	characters, width int
	conv              bool
	reader            recurrence
}

// kernel is how many characters a filter sees.
const kernel = 3

// output is the width of what it finds.
func (s spelling) output() int { return s.reader.output() }

func (s spelling) build(g *graph.Graph, f flow) flow {
	x := nn.Embedding{Tokens: s.characters, Size: s.width}.Apply(g.Scope(charactersScope), f.spelt.characters) // [C, N, width]
	var found graph.Node                                                                                       // [N, F]
	if s.conv {
		x = nn.ClearPadding(g, x, f.spelt.lengths)
		x = g.Tanh(nn.Conv1D{Channels: s.output(), Kernel: kernel, Padding: nn.PadSame}.Apply(g.Scope(spellingScope), x))
		found = recurrent.PoolMax.Apply(g, x, f.spelt.lengths, graph.Node{})
	} else {
		found = s.reader.build(g, flow{x: x, lengths: f.spelt.lengths}).last
	}
	f.x = g.Concat(2, f.x, g.Gather(found, f.spelt.places))
	return f
}

func (s spelling) sizes() []size {
	const table = charactersScope + ".weight"
	own := []size{{"characters", s.characters, table, 2, 0, 1, 0}, {"char_embed", s.width, table, 2, 1, 1, 0}}
	if s.conv {
		return append(own, size{"char_hidden", s.reader.hidden, spellingScope + ".bias", 1, 0, 2, 0})
	}
	read := s.reader.sizes()[0]
	read.field = "char_hidden"
	return append(own, read)
}

func (s spelling) weights() float64 {
	table := float64(s.characters) * float64(s.width)
	if s.conv {
		return table + float64(s.output())*(kernel*float64(s.width)+1)
	}
	return table + s.reader.weights()
}

// kept is for a word of a few characters.
func (s spelling) kept() float64 { return 5*(float64(s.width)+s.reader.kept()) + float64(s.output()) }

// tagHead maps to the scores of the tags, of which a CRF or softmax makes the loss. Weights: the head's, and the CRF's in
// the scope crf.
type tagHead struct {
	head
	softmax bool
}

func (t tagHead) build(g *graph.Graph, f flow) flow {
	targets := f.targets
	f.targets = graph.Node{}
	f = t.head.build(g, f)
	switch {
	case t.softmax && targets.Valid():
		f.loss = losses.CrossEntropy{Lengths: f.lengths}.Apply(g, f.x, targets)
	case t.softmax:
	case targets.Valid():
		f.loss = losses.CRF{Lengths: f.lengths}.Apply(g.Scope(crfScope), f.x, targets)
	default: // the weights belong to the network, whatever it is asked for
		chain, k := g.Scope(crfScope), t.classes
		chain.Param("transitions", graph.Constant(0), k, k)
		chain.Param("start_transitions", graph.Constant(0), k)
		chain.Param("end_transitions", graph.Constant(0), k)
	}
	return f
}

func (t tagHead) sizes() []size {
	list := t.head.sizes()
	if !t.softmax {
		list = append(list, size{t.field, t.classes, crfScope + ".transitions", 2, 0, 1, 0})
	}
	return list
}

func (t tagHead) weights() float64 {
	k := float64(t.classes)
	if t.softmax {
		return t.head.weights()
	}
	return t.head.weights() + k*(k+2)
}

// kept has the scores, and in a CRF those of all pairs of tags.
func (t tagHead) kept() float64 {
	if t.softmax {
		return t.head.kept()
	}
	return t.head.kept() * float64(t.classes+2)
}
