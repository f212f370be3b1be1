package pretrained

import (
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// network is a language model's network, of any family: a table of embeddings, layers, and a head.
type network struct {
	layers int
	vocab  int

	trunk     string // what all names but the head's begin with
	trunkOf   string // what they begin with in a model that also sees pictures
	embedding string // the table's name in the trunk
	list      string // the layers' name in the trunk; empty for "layers"
	head      string // the head's name; empty for "lm_head"
	width     int    // of the embeddings
	tied      bool   // the head's weight is the table

	// change gives a tensor of the file the name and the shape that the network asks for; nil for those that it has.
	change func(t graph.Named) (graph.Named, bool)

	body  func(b block, x graph.Node) graph.Node             // all layers; nil if there is a function for each
	first func(b block, x graph.Node) graph.Node             // after the look-up; nil for nothing
	layer func(b block, i int, x graph.Node) graph.Node      // layer i of x [T, B, width]
	last  func(b block, x graph.Node) graph.Node             // after the layers
	judge func(g *graph.Graph, logits graph.Node) graph.Node // after the head; nil for nothing
}

// hidden maps ids [T, B] to what the head reads, [T, B, width].
func (n *network) hidden(b block, ids graph.Node) graph.Node {
	b = b.inTrunk(n)
	x := b.g.Gather(b.in(n.embedding).weight("weight", n.vocab, n.width), ids)
	if n.first != nil {
		x = n.first(b, x)
	}
	if x = n.through(b, x); b.g.Err() != nil {
		return graph.Node{}
	}
	return n.last(b, x)
}

// through maps what the look-up gave through all layers.
func (n *network) through(b block, x graph.Node) graph.Node {
	if n.body != nil {
		return n.body(b, x)
	}
	b.state.embedded = x
	list := n.list
	if list == "" {
		list = "layers"
	}
	layers := b.in(list)
	layers.list = layers.g
	for i := range n.layers {
		x = n.layer(layers.layer(i), i, x)
		if b.g.Err() != nil {
			return graph.Node{}
		}
	}
	return x
}

func (b block) inTrunk(n *network) block {
	if n.trunk == "" {
		return b
	}
	if n.trunkOf != "" {
		if other := b.in(strings.Split(n.trunkOf, ".")...); other.in(n.embedding).shapeOf("weight") != nil {
			return other
		}
	}
	return b.in(n.trunk)
}

// logits maps what the head reads, [..., width], to scores of the tokens, [..., V].
func (n *network) logits(b block, h graph.Node) graph.Node {
	var w graph.Node
	if n.tied {
		b := b.inTrunk(n)
		b.g = b.g.Shared()
		w = b.in(n.embedding).weight("weight", n.vocab, n.width)
	} else {
		head := n.head
		if head == "" {
			head = "lm_head"
		}
		w = b.in(head).weight("weight", n.vocab, h.Dim(-1))
	}
	y := b.g.MatMulT(h, w)
	if n.judge != nil {
		y = n.judge(b.g, y)
	}
	return y
}
