package nn

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
)

// TransformerEncoderLayer is self-attention and a feed-forward network of two layers, each with a residual connection
// (Vaswani et al., 2017). It is torch.nn.TransformerEncoderLayer with norm_first=True, which trains without a warm-up of the
// learning rate (Xiong et al., 2020, arXiv 2002.04745):
//
//	x = x + drop(self_attn(norm1(x)))    x = x + drop(linear2(drop(act(linear1(norm2(x))))))
//
// Parameters are those of self_attn (MultiHeadAttention), linear1, linear2 (Dense), norm1 and norm2 (LayerNorm).
type TransformerEncoderLayer struct {
	Heads      int
	Hidden     int     // width between linear1 and linear2; 0 for four times the input's
	Dropout    float64 // rate for attention weights, the hidden layer and what is added to x
	Activation Module  // nil for ReLU
	Causal     bool    // no step sees later steps: a language model
	PostNorm   bool    // normalise after adding, as in the paper and PyTorch's default: x = norm1(x + drop(self_attn(x)))
}

// Apply maps x [T, B, E] to [T, B, E].
func (l TransformerEncoderLayer) Apply(g *graph.Graph, x graph.Node) graph.Node {
	return l.ApplyPadded(g, x, graph.Node{})
}

// ApplyPadded maps sequences x [T, B, E] of the given lengths [B]. No step sees padding; outputs at padding have no meaning.
func (l TransformerEncoderLayer) ApplyPadded(g *graph.Graph, x, lengths graph.Node) graph.Node {
	b := block(l)
	if !b.fits(g, "TransformerEncoderLayer") {
		return graph.Node{}
	}
	x = b.around(g, "norm1", x, func(x graph.Node) graph.Node { return b.selfAttention(g, x, lengths, l.Causal) })
	return b.around(g, "norm2", x, func(x graph.Node) graph.Node { return b.feedForward(g, x) })
}

// TransformerDecoderLayer is an encoder layer that is always causal and also looks at a memory, the output of an encoder:
// torch.nn.TransformerDecoderLayer with norm_first=True and a causal tgt_mask.
//
//	x = x + drop(self_attn(norm1(x)))    x = x + drop(multihead_attn(norm2(x), memory))    x = x + drop(linear2(...norm3(x)))
//
// Parameters are those of self_attn, multihead_attn, linear1, linear2, norm1, norm2 and norm3.
type TransformerDecoderLayer struct {
	Heads      int
	Hidden     int     // width between linear1 and linear2; 0 for four times the input's
	Dropout    float64 // rate for attention weights, the hidden layer and what is added to x
	Activation Module  // nil for ReLU
	PostNorm   bool    // normalise after adding, as in the paper and PyTorch's default
}

// Apply maps targets x [T, B, E] that look at a memory [S, B, M]. The lengths [B] of both may be the zero Node. A memory of
// length 0 is legal, and adds only biases.
func (l TransformerDecoderLayer) Apply(g *graph.Graph, x, memory, lengths, memoryLengths graph.Node) graph.Node {
	b := block{Heads: l.Heads, Hidden: l.Hidden, Dropout: l.Dropout, Activation: l.Activation, PostNorm: l.PostNorm}
	if !b.fits(g, "TransformerDecoderLayer") {
		return graph.Node{}
	}
	x = b.around(g, "norm1", x, func(x graph.Node) graph.Node { return b.selfAttention(g, x, lengths, true) })
	x = b.around(g, "norm2", x, func(x graph.Node) graph.Node {
		a := MultiHeadAttention{Heads: b.Heads, Dropout: b.Dropout}
		y, weights := a.Attend(g.Scope("multihead_attn"), x, memory, memory, memoryLengths)
		g.Record("attention", weights)
		return y
	})
	return b.around(g, "norm3", x, func(x graph.Node) graph.Node { return b.feedForward(g, x) })
}

// block has the parts that both kinds of layer are made of.
type block TransformerEncoderLayer

// fits reports sizes that make no layer.
func (b block) fits(g *graph.Graph, what string) bool {
	if b.Heads < 1 || b.Hidden < 0 {
		g.Failf(what, "%d heads and a hidden layer of %d; want at least 1, and 0 or more", b.Heads, b.Hidden)
	}
	return g.Err() == nil
}

// around is x + drop(f(norm(x))), or norm(x + drop(f(x))).
func (b block) around(g *graph.Graph, norm string, x graph.Node, f func(graph.Node) graph.Node) graph.Node {
	if !isSequence(g, "Transformer", x) {
		return graph.Node{}
	}
	normalised := func(x graph.Node) graph.Node { return LayerNorm{}.Apply(g.Scope(norm), x) }
	drop := Dropout{Rate: b.Dropout}
	if b.PostNorm {
		return normalised(g.Add(x, drop.Apply(g, f(x))))
	}
	return g.Add(x, drop.Apply(g, f(normalised(x))))
}

func (b block) selfAttention(g *graph.Graph, x, lengths graph.Node, causal bool) graph.Node {
	a := MultiHeadAttention{Heads: b.Heads, Causal: causal, Dropout: b.Dropout}
	y, weights := a.Attend(g.Scope("self_attn"), x, x, x, lengths)
	g.Record("self_attention", weights)
	return y
}

func (b block) feedForward(g *graph.Graph, x graph.Node) graph.Node {
	hidden := b.Hidden
	if hidden == 0 {
		hidden = 4 * x.Dim(2)
	}
	act := b.Activation
	if act == nil {
		act = ModuleFunc((*graph.Graph).ReLU)
	}
	h := act.Apply(g, Dense{Units: hidden}.Apply(g.Scope("linear1"), x))
	return Dense{Units: x.Dim(2)}.Apply(g.Scope("linear2"), Dropout{Rate: b.Dropout}.Apply(g, h))
}

// TransformerEncoder is a number of encoder layers and a normalisation after them: torch.nn.TransformerEncoder(layer,
// Layers, norm=LayerNorm(E)). With Layer.Causal it is the body of a language model.
//
// Parameters: layers.0.self_attn.in_proj_weight and so on, norm.weight, norm.bias.
type TransformerEncoder struct {
	Layers int
	Layer  TransformerEncoderLayer
	NoNorm bool // leave the last normalisation out
}

// Apply maps x [T, B, E] to [T, B, E].
func (e TransformerEncoder) Apply(g *graph.Graph, x graph.Node) graph.Node {
	return e.ApplyPadded(g, x, graph.Node{})
}

// ApplyPadded maps sequences x [T, B, E] of the given lengths [B]. Padding gives zero.
func (e TransformerEncoder) ApplyPadded(g *graph.Graph, x, lengths graph.Node) graph.Node {
	return transform(g, "TransformerEncoder", e.Layers, e.NoNorm, x, lengths, func(g *graph.Graph, x graph.Node) graph.Node {
		return e.Layer.ApplyPadded(g, x, lengths)
	})
}

// TransformerDecoder is a number of decoder layers and a normalisation after them: torch.nn.TransformerDecoder(layer,
// Layers, norm=LayerNorm(E)).
//
// Parameters: layers.0.self_attn.in_proj_weight and so on, norm.weight, norm.bias.
type TransformerDecoder struct {
	Layers int
	Layer  TransformerDecoderLayer
	NoNorm bool // leave the last normalisation out
}

// Apply maps targets x [T, B, E] that look at a memory [S, B, M]. The lengths [B] of both may be the zero Node. Padding of
// the targets gives zero.
func (d TransformerDecoder) Apply(g *graph.Graph, x, memory, lengths, memoryLengths graph.Node) graph.Node {
	return transform(g, "TransformerDecoder", d.Layers, d.NoNorm, x, lengths, func(g *graph.Graph, x graph.Node) graph.Node {
		return d.Layer.Apply(g, x, memory, lengths, memoryLengths)
	})
}

// transform applies layers, each in a scope of its own, and the normalisation, and clears the padding.
func transform(g *graph.Graph, what string, layers int, noNorm bool, x, lengths graph.Node,
	layer func(*graph.Graph, graph.Node) graph.Node) graph.Node {
	if !inParts(g, what, "layers", layers) || !isSequence(g, what, x) {
		return graph.Node{}
	}
	x = ClearPadding(g, x, lengths)
	for i := range layers {
		if g.Err() != nil {
			return graph.Node{}
		}
		x = layer(g.Scope("layers").Scope(strconv.Itoa(i)), x)
	}
	if !noNorm {
		x = LayerNorm{}.Apply(g.Scope("norm"), x)
	}
	return ClearPadding(g, x, lengths)
}
