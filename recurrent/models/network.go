package models

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// network describes a network, from the input to the logits. What computes it, what other frameworks are told of it, and
// how large it is are walks over this one list.
type network []layer

// layer is one part of a network, in all its forms.
type layer interface {
	// build adds the layer to a graph.
	build(g *graph.Graph, f flow) flow
	// keras adds the layer to a model for Keras.
	keras(f *kerasFlow)
	// sizes are those that a file's configuration and its weights must agree on.
	sizes() []size
	// weights is the number of weights, which may be beyond every whole number.
	weights() float64
	// kept is about how many numbers training keeps for each step of each sequence.
	kept() float64
}

// stacked is a layer of several layers, each of which has a tensor by which they are counted in a file.
type stacked interface {
	depth() int
	tensor(layer int) string
}

// flow is what goes from layer to layer in a graph.
type flow struct {
	x       graph.Node      // ids [T, B], then features [T, B, F], then what the head reads
	lengths graph.Node      // of the sequences [B]; the zero Node when all are T long
	state   recurrent.State // before the recurrence that carries one, and after it
	last    graph.Node      // the last hidden state [B, H], for pooling
	classes []graph.Node    // numbers of a series' static classes, [B] each, and
	static  []graph.Node    // what they are embedded to, [B, E] each
	future  graph.Node      // of a series, what is known ahead [H, B, A]
	window  graph.Node      // and the values of the context [C, B]
	before  graph.Node      // of a translator: the tokens before those to predict [U, B]
	targets graph.Node      // of a language model [T, B]; the zero Node when logits are wanted
	ignore  *int            // a target that does not count; nil where all do
	loss    graph.Node      // the mean over the targets
	spelt   spellings       // of a tagger's words
	labels  graph.Node      // of a recogniser: the numbers of labels of the targets [B, U], which begin together
	heard   []graph.Node    // and what its convolutions read last [1, B, C]; nil where a recording begins
}

// build computes the whole network.
func (n network) build(g *graph.Graph, f flow) flow {
	for _, l := range n {
		f = l.build(g, f)
	}
	return f
}

// size is a width that a configuration tells, and where the weights have it.
type size struct {
	field      string // of the file's configuration
	value      int
	tensor     string
	rank, axis int
	factor     int // the axis is so many times as long,
	more       int // and this much longer
}

// absence is a tensor that there is only with a field of the file's configuration.
type absence struct{ field, tensor string }

// languageNetwork predicts a token at every step, and carries its state from window to window.
func languageNetwork(c Config, tokens int) (network, error) {
	r, err := c.recurrence("", c.Embed)
	if err != nil {
		return nil, err
	}
	r.scope, r.carried, r.dropout = r.kind.name(), true, c.Dropout
	var last layer = head{field: "vocabulary", classes: tokens, width: c.Hidden, steps: true}
	if len(c.Adaptive) > 0 {
		last = adaptive{tokens, c.Hidden, c.Adaptive}
	}
	return network{embedding{tokens, c.Embed, c.Optimizer == sparseAdam}, dropout{c.Dropout}, r, dropout{c.Dropout}, last}, nil
}

// classifierNetwork predicts one label for a whole text.
func classifierNetwork(c Config, tokens, labels int) (network, error) {
	r, err := c.recurrence("rnn", c.Embed)
	if err != nil {
		return nil, err
	}
	pool, err := poolingOf(c.Pool)
	if err != nil {
		return nil, err
	}
	r.bothWays, r.pooled = !c.OneWay, pool == recurrent.PoolLast
	return network{
		embedding{tokens, c.Embed, c.Optimizer == sparseAdam},
		dropout{c.Dropout},
		r,
		pooling{c.Pool, pool, r.output()},
		dropout{c.Dropout},
		head{field: "labels", classes: labels, width: r.output()},
	}, nil
}

// Names of an embedding's weights.
const (
	embeddingScope  = "embedding"
	embeddingWeight = embeddingScope + ".weight"
)

// numbers are rows that the recurrence reads as they are, [T, B, width].
type numbers struct {
	width int
	read  int    // how many of them meet the first weights of the recurrence
	first string // these weights
}

func (n numbers) build(_ *graph.Graph, f flow) flow { return f }
func (n numbers) weights() float64                  { return 0 }
func (n numbers) kept() float64                     { return float64(n.width) }

func (n numbers) sizes() []size {
	return []size{{"inputs, which columns and marks tell,", n.read, n.first, 2, 1, 1, 0}}
}

// embedding looks token ids up: weight [tokens, width] in the scope embedding.
type embedding struct {
	tokens, width int
	sparse        bool // its gradient is kept by rows
}

func (e embedding) build(g *graph.Graph, f flow) flow {
	f.x = nn.Embedding{Tokens: e.tokens, Size: e.width, Sparse: e.sparse}.Apply(g.Scope(embeddingScope), f.x)
	return f
}

func (e embedding) sizes() []size {
	return []size{{"vocabulary", e.tokens, embeddingWeight, 2, 0, 1, 0}, {"embed", e.width, embeddingWeight, 2, 1, 1, 0}}
}

func (e embedding) kept() float64 { return float64(e.width) }

func (e embedding) weights() float64 { return float64(e.tokens) * float64(e.width) }

// dropout acts while training alone; other frameworks are not told of it.
type dropout struct{ rate float64 }

func (d dropout) build(g *graph.Graph, f flow) flow {
	f.x = nn.Dropout{Rate: d.rate}.Apply(g, f.x)
	return f
}

func (d dropout) sizes() []size    { return nil }
func (d dropout) weights() float64 { return 0 }
func (d dropout) kept() float64    { return 0 }

// pooling makes one vector of all outputs. Weights, with attention: weight, bias and query in the scope pool.
type pooling struct {
	name  string
	pool  recurrent.Pooling
	width int
}

func (p pooling) build(g *graph.Graph, f flow) flow {
	f.x = p.pool.Apply(g.Scope("pool"), f.x, f.lengths, f.last)
	return f
}

func (p pooling) sizes() []size { return nil }

func (p pooling) kept() float64 { return 0 }

func (p pooling) weights() float64 {
	if p.pool != recurrent.PoolAttention {
		return 0
	}
	return float64(p.width) * float64(p.width+2)
}

// head maps to logits: weight [classes, width] and bias [classes] in the scope head.
type head struct {
	field          string // what the classes are
	classes, width int
	steps          bool // at every step
}

// headScope begins the names of the head's weights.
const headScope = "head"

func (h head) build(g *graph.Graph, f flow) flow {
	f.x = nn.Head{Classes: h.classes}.Apply(g.Scope(headScope), f.x)
	if f.targets.Valid() {
		f.loss = losses.CrossEntropy{Ignore: f.ignore}.Apply(g, f.x, f.targets)
	}
	return f
}

func (h head) sizes() []size { return []size{{h.field, h.classes, "head.bias", 1, 0, 1, 0}} }

// kept has the logits of every step, over which their gradient lies.
func (h head) kept() float64 {
	if h.steps {
		return float64(h.classes)
	}
	return 0
}

func (h head) weights() float64 { return float64(h.classes) * (float64(h.width) + 1) }
