package models

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// recogniserNetwork hears frames of mels features: convolutions that halve their number, a look-ahead, recurrent layers, and what the
// decoder wants. Labels are the tokens of texts, without the blank, or the labels of recordings.
func recogniserNetwork(c Config, labels int) (network, error) {
	s := c.Speech
	conv := convolutions{mels: s.Mels, channels: c.Hidden}
	for n := s.Subsample; n > 1; n /= 2 {
		conv.layers++
	}
	ahead := lookAhead{width: conv.output(), steps: s.LookAhead}
	if s.Chunk > 0 { // whose layers look ahead themselves
		ahead.steps = 0
	}
	r, err := c.recurrence("rnn", ahead.width)
	if err != nil {
		return nil, err
	}
	r.bothWays, r.dropout, r.chunk, r.ahead = !c.OneWay, c.Dropout, s.Chunk, s.LookAhead
	net := network{conv, ahead}
	if conv.layers == 0 {
		net = network{ahead, numbers{width: s.Mels, read: s.Mels, first: r.reads()}}
	}
	switch s.Decoder {
	case DecoderTransducer:
		return append(net, r, dropout{c.Dropout}, transducer{r, labels + 1, c.Embed, c.Dropout}), nil
	case DecoderLabel:
		pool, err := poolingOf(c.Pool)
		if err != nil {
			return nil, err
		}
		r.pooled = pool == recurrent.PoolLast
		return append(net, r, pooling{c.Pool, pool, r.output()}, dropout{c.Dropout},
			head{field: "labels", classes: labels, width: r.output()}), nil
	}
	return append(net, r, dropout{c.Dropout},
		ctcHead{head{field: "tokens and blank", classes: labels + 1, width: r.output(), steps: true}}), nil
}

// convolutions make one step of every 2^layers frames [T, B, mels], T a multiple of that: each convolution sees three steps, the last
// of them the newest, and goes on by two. They look back alone, so that a stream can be heard. Weights: weight [channels, ., 3] and
// bias [channels] in the scopes conv.0, conv.1 and so on.
type convolutions struct{ mels, channels, layers int }

// convKernel is how many steps a convolution sees.
const convKernel = 3

// convScope is the scope of a convolution.
func convScope(layer int) string { return "conv." + strconv.Itoa(layer) }

// output is the width of a step.
func (c convolutions) output() int {
	if c.layers == 0 {
		return c.mels
	}
	return c.channels
}

func (c convolutions) build(g *graph.Graph, f flow) flow {
	next := make([]graph.Node, c.layers)
	for i := range c.layers {
		if g.Err() != nil {
			return f
		}
		var before graph.Node // the step before the first: of a recording that begins, zeros
		if f.heard != nil {
			before = f.heard[i]
		} else {
			before = g.Full(0, 1, f.x.Dim(1), f.x.Dim(2))
		}
		next[i] = g.Slice(f.x, 0, f.x.Dim(0)-1, f.x.Dim(0))
		x := g.Concat(0, before, f.x)
		f.x = g.ReLU(nn.Conv1D{Channels: c.channels, Kernel: convKernel, Stride: 2}.Apply(g.Scope("conv").Scope(strconv.Itoa(i)), x))
	}
	f.heard = next
	return f
}

// inputs are the widths that the convolutions see.
func (c convolutions) inputs() []int {
	out := make([]int, c.layers)
	for i := range out {
		out[i] = c.channels
	}
	if c.layers > 0 {
		out[0] = c.mels
	}
	return out
}

func (c convolutions) sizes() []size {
	out := []size{{"mels", c.mels, convScope(0) + ".weight", 3, 1, 1, 0}}
	for i := range c.layers {
		out = append(out, size{"hidden", c.channels, convScope(i) + ".weight", 3, 0, 1, 0})
	}
	return out
}

// absent are the weights of one convolution more.
func (c convolutions) absent() []absence {
	return []absence{{"more subsample", convScope(c.layers) + ".weight"}}
}

func (c convolutions) weights() float64 {
	sum := 0.0
	for _, in := range c.inputs() {
		sum += float64(c.channels) * (convKernel*float64(in) + 1)
	}
	return sum
}

// kept has what each convolution reads and gives, for a step behind all of them.
func (c convolutions) kept() float64 {
	sum := 0.0
	for i, in := range c.inputs() {
		sum += float64(int(1)<<(c.layers-i)) * (float64(in)*convKernel/2 + float64(c.channels))
	}
	return sum
}

func (c convolutions) keras(f *kerasFlow) {
	f.lacks("no layer like convolutions over what was heard before")
}

// ctcHead maps to logits of labels and the blank, the last class, of which CTC makes the loss. Weights: the head's.
type ctcHead struct{ head }

func (h ctcHead) build(g *graph.Graph, f flow) flow {
	targets := f.targets
	f.targets = graph.Node{}
	f = h.head.build(g, f)
	if targets.Valid() {
		f.loss = losses.CTC{Blank: h.classes - 1}.Apply(g, f.x, targets, f.lengths, f.labels)
	}
	return f
}

// transducer is the prediction network and the joint layer of a transducer, as wide as the encoder's layers. The blank is the last
// class. What goes on is the encoder's output. Weights: those of a recurrent.Transducer.
type transducer struct {
	encoder        recurrence
	classes, embed int
	dropout        float64
}

func (t transducer) model() recurrent.Transducer {
	return recurrent.Transducer{Embedding: nn.Embedding{Tokens: t.classes, Size: t.embed}, Cell: t.encoder.cell(), Units: t.encoder.hidden,
		Blank: t.classes - 1, Dropout: t.dropout}
}

func (t transducer) build(g *graph.Graph, f flow) flow {
	m := t.model()
	if f.targets.Valid() {
		f.loss = losses.Transducer{Blank: m.Blank}.FromScores(g, m.Scores(g, f.x, f.targets), f.targets, f.lengths, f.labels)
		return f
	}
	if g.Err() == nil { // the weights belong to the network, whatever it is asked for
		first := g.Slice(f.x, 0, 0, 1)
		p, _ := m.Predict(g, g.Const(graph.Ints(make([]int, f.x.Dim(1)))), nil)
		m.Joining(g, []graph.Node{g.Reshape(first, f.x.Dim(1), f.x.Dim(2)), p})
	}
	return f
}

func (t transducer) sizes() []size {
	return []size{{"tokens and blank", t.classes, embeddingWeight, 2, 0, 1, 0}, {"embed", t.embed, embeddingWeight, 2, 1, 1, 0}}
}

func (t transducer) weights() float64 {
	p := t.encoder
	p.layers, p.input, p.bothWays = 1, t.embed, false
	hidden, out := float64(p.hidden), float64(t.encoder.output())
	return float64(t.classes)*float64(t.embed) + p.weights() + hidden*(out+1) + hidden*hidden + float64(t.classes)*(hidden+1)
}

// kept is for as many labels as a quarter of the steps.
func (t transducer) kept() float64 { return 16 * float64(t.encoder.hidden) }

func (t transducer) keras(f *kerasFlow) { f.lacks("no layer like a transducer") }
