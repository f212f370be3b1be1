package modules

import (
	"maps"
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// kind is a module or a function: how many values it reads, whether it has weights, what it gives beside its result, and how
// settings and weights make it.
type kind struct {
	least, most int
	weighs      bool
	more        []string
	make        func(s *settings, w *source) func(c *call) []graph.Node
}

// many is the most values that a layer may read.
const many = 64

// kinds are the modules, by their names in torch.nn, and the functions, by theirs in torch and torch.nn.functional.
var kinds = map[string]kind{
	"Embedding": weighted(embedding), "Linear": weighted(linear),
	"Conv1d": weighted(convolution(1)), "Conv2d": weighted(convolution(2)),
	"BatchNorm1d": weighted(batchNorm), "BatchNorm2d": weighted(batchNorm), "LayerNorm": weighted(layerNorm), "RMSNorm": weighted(rmsNorm),
	"MultiheadAttention":      {least: 1, most: 3, weighs: true, make: attention},
	"TransformerEncoderLayer": weighted(encoderLayer),
	"CRF":                     weighted(crfLayer),

	"RNN":                {least: 1, most: 2, weighs: true, more: []string{"h_n"}, make: recurrence("RNN", 1)},
	"GRU":                {least: 1, most: 2, weighs: true, more: []string{"h_n"}, make: recurrence("GRU", 3)},
	"LSTM":               {least: 1, most: 3, weighs: true, more: []string{"h_n", "c_n"}, make: recurrence("LSTM", 4)},
	"MultiplicativeLSTM": {least: 1, most: 3, weighs: true, more: []string{"h_n", "c_n"}, make: recurrence("MultiplicativeLSTM", 4)},

	"dropout": function(1, 1, dropoutLayer), "relu": unary((*graph.Graph).ReLU), "tanh": unary((*graph.Graph).Tanh),
	"sigmoid": unary((*graph.Graph).Sigmoid), "softplus": unary((*graph.Graph).Softplus), "exp": unary((*graph.Graph).Exp),
	"log": unary((*graph.Graph).Log), "sqrt": unary((*graph.Graph).Sqrt), "square": unary((*graph.Graph).Square),
	"abs":  unary((*graph.Graph).Abs),
	"gelu": unary(gelu), "silu": unary(silu), "elu": function(1, 1, elu), "leaky_relu": function(1, 1, leakyReLU),
	"hardtanh": function(1, 1, hardtanh), "softmax": function(1, 1, softmax((*graph.Graph).Softmax)),
	"log_softmax": function(1, 1, softmax((*graph.Graph).LogSoftmax)), "normalize": function(1, 1, normalize),
	"hypot": function(2, 2, hypot), "scale": function(1, 1, scale),

	"max_pool1d": function(1, 1, pool(1, true)), "max_pool2d": function(1, 1, pool(2, true)),
	"avg_pool1d": function(1, 1, pool(1, false)), "avg_pool2d": function(1, 1, pool(2, false)),
	"mean": function(1, 1, reduced((*graph.Graph).Mean)), "sum": function(1, 1, reduced((*graph.Graph).Sum)),
	"amax": function(1, 1, reduced((*graph.Graph).Max)), "pad": function(1, 1, pad),

	"reshape": function(1, 1, reshape), "flatten": function(1, 1, flatten), "squeeze": function(1, 1, squeeze),
	"unsqueeze": function(1, 1, unsqueeze), "permute": function(1, 1, permute), "transpose": function(1, 1, transpose),
	"select": function(1, 1, selected), "narrow": function(1, 1, narrow), "flip": function(1, 1, flip), "cat": function(1, many, cat),
	"add": function(2, many, sum), "mul": function(2, 2, binary((*graph.Graph).Mul)), "sub": function(2, 2, binary((*graph.Graph).Sub)),
	"matmul": function(2, 2, binary((*graph.Graph).MatMul)), "stack": function(1, many, stack),
	"div": function(2, 2, binary((*graph.Graph).Div)),
}

// Kinds are the names of the modules and functions that a description may have.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// weighted is a module of one input with weights.
func weighted(of func(s *settings, w *source) func(c *call) []graph.Node) kind {
	return kind{least: 1, most: 1, weighs: true, make: of}
}

// function is a layer without weights.
func function(least, most int, of func(s *settings) func(c *call) graph.Node) kind {
	return kind{least: least, most: most, make: func(s *settings, _ *source) func(c *call) []graph.Node {
		f := of(s)
		return func(c *call) []graph.Node { return []graph.Node{f(c)} }
	}}
}

// unary is a function of one value without settings.
func unary(f func(g *graph.Graph, x graph.Node) graph.Node) kind {
	return function(1, 1, func(*settings) func(c *call) graph.Node {
		return func(c *call) graph.Node { return f(c.g, c.in[0]) }
	})
}

func binary(f func(g *graph.Graph, a, b graph.Node) graph.Node) func(*settings) func(c *call) graph.Node {
	return func(*settings) func(c *call) graph.Node {
		return func(c *call) graph.Node { return f(c.g, c.in[0], c.in[1]) }
	}
}

// axis turns an axis, counted from the end if it is negative, into one of x; ok is false if there is none.
func (c *call) axis(x graph.Node, dim, more int) (at int, ok bool) {
	if c.g.Err() != nil || !x.Valid() {
		return 0, false
	}
	rank := x.Rank() + more
	if at = dim; at < 0 {
		at += rank
	}
	if at < 0 || at >= rank {
		c.failf("dim %d of a value of shape %v", dim, x.Shape())
		return 0, false
	}
	return at, true
}

// ranked refuses a value of another rank.
func (c *call) ranked(x graph.Node, want string, ranks ...int) bool {
	if c.g.Err() != nil || !x.Valid() {
		return false
	}
	if !slices.Contains(ranks, x.Rank()) {
		c.failf("it reads a value of shape %v; want %s", x.Shape(), want)
		return false
	}
	return true
}
