package models

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/recurrent"
)

// network describes a network, from the input to the logits. What computes it, what other frameworks are told of it, and
// how large it is are walks over this one list.
type network []layer

// layer is one part of a network, in all its forms.
type layer interface {
	// build adds the layer to a graph.
	build(g *graph.Graph, f flow) flow
	// onnx adds the layer to a model for ONNX.
	onnx(f *onnxFlow) error
	// keras lists the layers of a Keras model that have the layer's weights.
	keras() (keras.Model, error)
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
	before  graph.Node      // of a translator: the tokens before those to predict [U, B]
	targets graph.Node      // of a language model [T, B]; the zero Node when logits are wanted
	loss    graph.Node      // the mean over the targets
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
	factor     int // the axis is so many times as long
}

// languageNetwork predicts a token at every step, and carries its state from window to window.
func languageNetwork(c Config, tokens int) (network, error) {
	kind, err := cellOf(c.Cell)
	if err != nil {
		return nil, err
	}
	var last layer = head{field: "vocabulary", classes: tokens, width: c.Hidden, steps: true}
	if len(c.Adaptive) > 0 {
		last = adaptive{tokens, c.Hidden, c.Adaptive}
	}
	return network{
		embedding{tokens, c.Embed, c.Optimizer == sparseAdam},
		dropout{c.Dropout},
		recurrence{kind: kind, scope: kind.name(), layers: c.Layers, hidden: c.Hidden, input: c.Embed, carried: true, dropout: c.Dropout},
		dropout{c.Dropout},
		last,
	}, nil
}

// classifierNetwork predicts one label for a whole text.
func classifierNetwork(c Config, tokens, labels int) (network, error) {
	kind, err := cellOf(c.Cell)
	if err != nil {
		return nil, err
	}
	pool, err := poolingOf(c.Pool)
	if err != nil {
		return nil, err
	}
	r := recurrence{kind: kind, scope: "rnn", layers: c.Layers, hidden: c.Hidden, input: c.Embed, bothWays: !c.OneWay,
		pooled: pool == recurrent.PoolLast}
	return network{
		embedding{tokens, c.Embed, c.Optimizer == sparseAdam},
		dropout{c.Dropout},
		r,
		pooling{c.Pool, pool, r.output()},
		dropout{c.Dropout},
		head{field: "labels", classes: labels, width: r.output()},
	}, nil
}

// embedding looks token ids up: weight [tokens, width] in the scope embedding.
type embedding struct {
	tokens, width int
	sparse        bool // its gradient is kept by rows
}

func (e embedding) build(g *graph.Graph, f flow) flow {
	f.x = nn.Embedding{Tokens: e.tokens, Size: e.width, Sparse: e.sparse}.Apply(g.Scope("embedding"), f.x)
	return f
}

func (e embedding) sizes() []size {
	const weight = "embedding.weight"
	return []size{{"vocabulary", e.tokens, weight, 2, 0, 1}, {"embed", e.width, weight, 2, 1, 1}}
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

// recurrence is some layers of one cell. Weights: as the cell has them, in the scope.
type recurrence struct {
	kind                  cellKind
	scope                 string
	layers, hidden, input int
	carried               bool    // the state is an input and an output, in one direction
	bothWays              bool    // each layer reads in both directions
	pooled                bool    // the last hidden state is wanted
	dropout               float64 // between carried layers
}

// cell is the cell of all carried layers.
func (r recurrence) cell() recurrent.Stack {
	s := recurrent.StackOf(r.layers, r.kind.make(r.hidden))
	s.Dropout = r.dropout
	return s
}

// layer is all layers that carry nothing.
func (r recurrence) layer() recurrent.Layer {
	cell := r.kind.make(r.hidden)
	if r.bothWays {
		return recurrent.DeepOf(r.layers, recurrent.Bidirectional{Cell: cell})
	}
	return recurrent.DeepOf(r.layers, recurrent.Unidirectional{Cell: cell})
}

func (r recurrence) build(g *graph.Graph, f flow) flow {
	scope := g.Scope(r.scope)
	if r.carried {
		f.x, f.state = recurrent.Unroll(scope, r.cell(), f.x, recurrent.Options{Initial: f.state})
		return f
	}
	layer := r.layer()
	f.x, f.state = layer.Apply(scope, f.x, recurrent.Options{Lengths: f.lengths})
	if r.pooled {
		f.last = recurrent.LastHidden(g, layer, f.state)
	}
	return f
}

func (r recurrence) directions() int {
	if r.bothWays {
		return 2
	}
	return 1
}

// output is the width of the outputs.
func (r recurrence) output() int { return r.directions() * r.hidden }

func (r recurrence) depth() int { return r.layers }

// kept has each gate, the state and the gradient of the pre-activations.
func (r recurrence) kept() float64 {
	return float64(r.layers) * float64(r.output()) * (2*r.kind.count.input + 2)
}

// tensor names the weights by which the number of layers is told.
func (r recurrence) tensor(layer int) string { return fmt.Sprintf("%s.weight_ih_l%d", r.scope, layer) }

func (r recurrence) sizes() []size {
	return []size{{"hidden", r.hidden, r.tensor(0), 2, 0, r.kind.rows + r.kind.more(r.input, r.hidden)}}
}

func (r recurrence) weights() float64 {
	hidden, ways, n := float64(r.hidden), float64(r.directions()), r.kind.count
	layer := func(input float64, more int) float64 {
		return ways * hidden * ((n.input+float64(more))*input + n.hidden*hidden + n.one)
	}
	// The layers above the first read hidden states, one of each direction.
	first := layer(float64(r.input), r.kind.more(r.input, r.hidden))
	return first + float64(r.layers-1)*layer(ways*hidden, r.kind.more(r.directions(), 1))
}

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
		f.loss = losses.CrossEntropy{}.Apply(g, f.x, f.targets)
	}
	return f
}

func (h head) sizes() []size { return []size{{h.field, h.classes, "head.bias", 1, 0, 1}} }

// kept has the logits of every step, over which their gradient lies.
func (h head) kept() float64 {
	if h.steps {
		return float64(h.classes)
	}
	return 0
}

func (h head) weights() float64 { return float64(h.classes) * (float64(h.width) + 1) }
