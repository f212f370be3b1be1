package main

import (
	"math"
	"sort"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

const (
	width  = 64     // of the embeddings of tokens
	window = 16     // steps that the feed-forward network sees
	budget = 150000 // parameters of every network, embedding and head included
)

// family is a kind of network, in any size. None of them sees the future.
type family struct {
	name string
	rate float64 // of learning: the best of 0.001, 0.002, 0.004 and 0.008 in short runs, if only just the lower of two
	// body maps embeddings [T, B, 64] to [T, B, F]. size is a width: of states, channels or hidden layers.
	body func(g *graph.Graph, x graph.Node, size int) graph.Node
}

var families = []family{
	{"RNN (Elman)", 4e-3, unrolled(func(size int) recurrent.Cell { return recurrent.RNN{Hidden: size} })},
	{"LSTM", 8e-3, unrolled(func(size int) recurrent.Cell { return recurrent.LSTM{Hidden: size} })},
	{"GRU", 8e-3, unrolled(func(size int) recurrent.Cell { return recurrent.GRU{Hidden: size} })},
	{"feed-forward, 16 steps", 8e-3, feedForward},
	{"TCN", 8e-3, convolutional},
	{"Transformer", 4e-3, attentive},
}

func unrolled(cell func(size int) recurrent.Cell) func(*graph.Graph, graph.Node, int) graph.Node {
	return func(g *graph.Graph, x graph.Node, size int) graph.Node {
		y, _ := recurrent.Unroll(g, cell(size), x, recurrent.Options{})
		return y
	}
}

// feedForward sees the last 16 tokens, the way of Bengio et al. (2003). The same network for every step is a convolution.
func feedForward(g *graph.Graph, x graph.Node, size int) graph.Node {
	relu := nn.ModuleFunc((*graph.Graph).ReLU)
	return nn.Sequential{
		nn.Conv1D{Channels: size, Kernel: window, Padding: nn.PadCausal}, relu,
		nn.Dense{Units: size}, relu,
	}.Apply(g, x)
}

// convolutional has five blocks and sees 125 steps back.
func convolutional(g *graph.Graph, x graph.Node, size int) graph.Node {
	return nn.TCN{Channels: []int{size, size, size, size, size}, Kernel: 3}.Apply(g, x)
}

// attentive has three layers of four heads; size is the width of the hidden layers between them. Embeddings are multiplied
// by the root of their width, as in the paper: beside the positions they would be small.
func attentive(g *graph.Graph, x graph.Node, size int) graph.Node {
	layer := nn.TransformerEncoderLayer{Heads: 4, Hidden: size, Causal: true, Activation: nn.GELU{}}
	return nn.TransformerEncoder{Layers: 3, Layer: layer}.Apply(g, nn.SinusoidalPositions{}.Apply(g, g.MulScalar(x, math.Sqrt(width))))
}

// network is a family in the size that a task's budget gives it.
type network struct {
	family
	size            int
	tokens, classes int
}

// fitted finds the size whose number of parameters is closest to the budget.
func (f family) fitted(tokens, classes int) (network, error) {
	n := network{family: f, tokens: tokens, classes: classes}
	count := func(size int) int {
		n.size = size
		elements, err := n.parameters()
		if err != nil {
			return 0 // found again below
		}
		return elements
	}
	size := 1 + sort.Search(1000, func(i int) bool { return count(i+1) >= budget })
	if above, below := count(size), count(size-1); budget-below < above-budget {
		size--
	}
	n.size = size
	elements, err := n.parameters()
	if err == nil && (elements < budget*95/100 || elements > budget*105/100) {
		err = errors.Errorf("%s has %d parameters; want %d within 5 %%", f.name, elements, budget)
	}
	return n, err
}

// parameters counts them.
func (n network) parameters() (int, error) {
	p := graph.NewParams(1)
	g := graph.New(p)
	n.everyStep(g, g.InputIDs("ids", 1, 1))
	return p.Elements(), g.Err()
}

// outputs maps ids [T, B] to [T, B, F].
func (n network) outputs(g *graph.Graph, ids graph.Node) graph.Node {
	x := nn.Embedding{Tokens: n.tokens, Size: width}.Apply(g.Scope("embedding"), ids)
	return n.body(g.Scope("body"), x, n.size)
}

// everyStep gives logits for every step, [T, B, V].
func (n network) everyStep(g *graph.Graph, ids graph.Node) graph.Node {
	return nn.Head{Classes: n.classes}.Apply(g.Scope("head"), n.outputs(g, ids))
}

// lastStep gives logits after the last step, [B, V].
func (n network) lastStep(g *graph.Graph, ids graph.Node) graph.Node {
	y := n.outputs(g, ids)
	steps := y.Dim(0)
	last := g.Reshape(g.Slice(y, 0, steps-1, steps), y.Dim(1), y.Dim(2))
	return nn.Head{Classes: n.classes}.Apply(g.Scope("head"), last)
}

// pooled gives logits from the mean over a sequence's steps, [B, V].
func (n network) pooled(g *graph.Graph, ids, lengths graph.Node) graph.Node {
	mean := nn.GlobalMeanPool{}.ApplyPadded(g, n.outputs(g, ids), lengths)
	return nn.Head{Classes: n.classes}.Apply(g.Scope("head"), mean)
}
