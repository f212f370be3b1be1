package recurrent

import (
	"cmp"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Attention is the way in which a decoder looks at the outputs m_s of an encoder: it scores them, a softmax over the source
// turns the scores into weights a_s, and the weighted mean is the context, c = Σ_s a_s·m_s.
type Attention int

// Kinds of attention. q is the decoder's hidden state, of width H; the memory m_s is of width M.
const (
	// NoAttention: all that a decoder knows of the source is its initial state (Sutskever et al., 2014).
	NoAttention Attention = iota
	// Bahdanau scores v·tanh(W·q + U·m_s) with the state before the step, and the context is an input of the step
	// (Bahdanau, Cho and Bengio, 2015): additive attention.
	Bahdanau
	// LuongDot scores q·m_s with the state after the step (Luong, Pham and Manning, 2015). It needs H = M.
	LuongDot
	// LuongGeneral scores q·W·m_s with the state after the step.
	LuongGeneral
	// LuongConcat scores v·tanh(W·[q; m_s]) with the state after the step, where W·[q; m_s] = W_q·q + W_m·m_s.
	LuongConcat
)

// Attentive is a decoder with attention: a cell, or a Stack of cells, that looks at a memory [S, B, M] in every step. It is a
// Cell itself, so Unroll trains it and Step generates with it. It needs a memory, which Remember gives it.
//
//	Bahdanau   c = attend(h)    h' = cell([x; c], h)                           y = tanh(W·[c; h'])
//	Luong      h' = cell(x, h), with input feeding cell([x; y before], h)      c = attend(h')    y = tanh(W·[c; h'])
//
// y is Luong's attentional vector; for Bahdanau it replaces the paper's maxout layer. The weights a of a step are recorded
// as the gate "attention", [B, S], for a Trace.
//
// Padding in a source has weight 0. All weights of an empty source (length 0) are 0, and so is its context.
//
// State: y [B, Units], then the cell's. Parameters, beside the cell's: weight_combine [Units, M+H]; weight_key [H, M]
// for LuongGeneral; weight_query [ScoreUnits, H], weight_key [ScoreUnits, M] and weight_score [1, ScoreUnits] for
// Bahdanau and LuongConcat. None of them has a bias, as in the papers.
type Attentive struct {
	Cell         Cell
	Attention    Attention
	Units        int  // width of y; 0 for H
	ScoreUnits   int  // width of the hidden layer of Bahdanau's and LuongConcat's scores; 0 for H
	InputFeeding bool // Luong: y is an input of the next step, which so knows about earlier attention

	memory memory
}

// memory is what a decoder looks at, transposed so that the steps of a sequence lie next to each other.
type memory struct {
	values, keys graph.Node // [B, S, M], [B, S, A]
	mask         graph.Node // [B, S], or invalid when all sources are S long
}

// Keys projects a memory [S, B, M] to the keys with which queries are compared, [S, B, A]. They are the same for every step,
// so they are computed once. The keys of LuongDot are the memory itself.
func (c Attentive) Keys(g *graph.Graph, values graph.Node) graph.Node {
	if !c.configured(g) {
		return graph.Node{}
	}
	if values.Rank() != 3 {
		return g.Failf("Attentive", "want a memory [S, B, M], found %v", values.Shape())
	}
	h, m := c.hidden(g), values.Dim(2)
	switch {
	case g.Err() != nil:
		return graph.Node{}
	case c.Attention == LuongDot && h != m:
		return g.Failf("Attentive", "the memory is %d wide, the decoder's state %d; want equal widths, or LuongGeneral", m, h)
	case c.Attention == LuongDot:
		return values
	case c.Attention == LuongGeneral:
		return g.MatMulT(values, numbered(g).Param("weight_key", graph.GlorotUniform(), h, m))
	}
	return g.MatMulT(values, numbered(g).Param("weight_key", graph.GlorotUniform(), cmp.Or(c.ScoreUnits, h), m))
}

// Remember returns the decoder with a memory [S, B, M] of the given lengths [B], or the zero Node when all are S long.
func (c Attentive) Remember(g *graph.Graph, values, lengths graph.Node) Attentive {
	return c.Recall(g, values, c.Keys(g, values), lengths)
}

// Recall is Remember with keys [S, B, A] that Keys made before: for decoding step by step.
func (c Attentive) Recall(g *graph.Graph, values, keys, lengths graph.Node) Attentive {
	if !c.configured(g) {
		return c
	}
	if values.Rank() != 3 || keys.Rank() != 3 || keys.Dim(0) != values.Dim(0) || keys.Dim(1) != values.Dim(1) {
		g.Failf("Attentive", "want a memory [S, B, M] and keys [S, B, A], found %v and %v", values.Shape(), keys.Shape())
		return c
	}
	c.memory = memory{
		values: g.Transpose(values, 1, 0, 2),
		keys:   g.Transpose(keys, 1, 0, 2),
		mask:   transposed(g, nn.SequenceMask(g, "Attentive", values, lengths)),
	}
	return c
}

// Begin returns y = 0 and the cell's initial state.
func (c Attentive) Begin(g *graph.Graph, batch int) State {
	if !c.configured(g) {
		return nil
	}
	return c.after(g, c.Cell.Begin(g, batch))
}

// after returns a state of the cell with y = 0 in front.
func (c Attentive) after(g *graph.Graph, own State) State {
	if !c.configured(g) || len(own) == 0 {
		return own
	}
	return append(State{g.Full(0, own[0].Dim(0), cmp.Or(c.Units, c.hidden(g)))}, own...)
}

// Step runs the cell and attends to the memory; the output is y, [B, Units].
func (c Attentive) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !c.configured(g) {
		return graph.Node{}, s
	}
	switch {
	case !c.memory.values.Valid():
		return g.Failf("Attentive", "it has no memory to look at; give it one with Remember"), s
	case x.Rank() != 2 || x.Dim(0) != c.memory.values.Dim(0):
		return g.Failf("Attentive", "the memory is of %d sequences, the input %v", c.memory.values.Dim(0), x.Shape()), s
	case len(s) < 2:
		return g.Failf("Attentive", "the state has %d entries; want y and the cell's", len(s)), s
	}
	y, own := s[0], s[1:]
	var context, weights graph.Node
	if c.Attention == Bahdanau {
		at := outputEntry(g, c.Cell)
		if at >= len(own) {
			return g.Failf("Attentive", "the state has %d entries; want more", len(s)), s
		}
		context, weights = c.attend(g, own[at])
		x = g.Concat(1, x, context)
	} else if c.InputFeeding {
		x = g.Concat(1, x, y)
	}
	h, next := c.Cell.Step(g, x, own)
	if c.Attention != Bahdanau {
		context, weights = c.attend(g, h)
	}
	g.Record("attention", weights)
	w := g.Param("weight_combine", graph.GlorotUniform(), y.Dim(1), context.Dim(1)+h.Dim(1))
	y = g.Tanh(g.MatMulT(g.Concat(1, context, h), w))
	return y, append(State{y}, next...)
}

// attend returns the context [B, M] for a query [B, H], and the attention weights [B, S].
func (c Attentive) attend(g *graph.Graph, query graph.Node) (context, weights graph.Node) {
	m := c.memory
	if g.Err() != nil {
		return graph.Node{}, graph.Node{}
	}
	batch, places, width := m.keys.Dim(0), m.keys.Dim(1), m.keys.Dim(2)
	var scores graph.Node
	switch c.Attention {
	case LuongDot, LuongGeneral:
		scores = g.MatMulT(g.Reshape(query, batch, 1, -1), m.keys) // [B, 1, S]
	default:
		w := g.Param("weight_query", graph.GlorotUniform(), width, query.Dim(1))
		u := g.Tanh(g.Add(m.keys, g.Reshape(g.MatMulT(query, w), batch, 1, width))) // [B, S, A]
		scores = g.MatMulT(u, g.Param("weight_score", graph.GlorotUniform(), 1, width))
	}
	weights = maskedSoftmax(g, g.Reshape(scores, batch, places), m.mask)
	return weightedSum(g, weights, m.values), weights
}

// listen returns a view that collects the attention of every step built in it, [B, S] each.
func listen(g *graph.Graph) (*graph.Graph, *[]graph.Node) {
	var seen []graph.Node
	return g.Recording(func(name string, n graph.Node) {
		if local := name[strings.LastIndexByte(name, '.')+1:]; strings.HasPrefix(local, "attention_l") {
			seen = append(seen, n)
		}
	}), &seen
}

// Parts returns the cell.
func (c Attentive) Parts() []Cell { return []Cell{c.Cell} }

// Depth is the number of layer numbers that the cell takes.
func (c Attentive) Depth() int { return depth(c.Cell) }

// hidden is H, the width of the cell's output.
func (c Attentive) hidden(g *graph.Graph) int {
	l := cellLayout(g, c.Cell)
	if g.Err() != nil || l.output >= len(l.shapes) || len(l.shapes[l.output]) != 2 {
		return 0
	}
	return l.shapes[l.output][1]
}

// configured reports settings that contradict each other.
func (c Attentive) configured(g *graph.Graph) bool {
	switch {
	case !hasCell(g, "Attentive", c.Cell):
	case c.Attention == NoAttention:
		g.Failf("Attentive", "it has no attention; want Bahdanau, LuongDot, LuongGeneral or LuongConcat")
	case c.Attention < NoAttention || c.Attention > LuongConcat:
		g.Failf("Attentive", "unknown attention %d", c.Attention)
	case c.InputFeeding && c.Attention == Bahdanau:
		g.Failf("Attentive", "InputFeeding is set; Bahdanau's context is an input of the step anyway")
	case c.ScoreUnits != 0 && (c.Attention == LuongDot || c.Attention == LuongGeneral):
		g.Failf("Attentive", "ScoreUnits is set; only the scores of Bahdanau and LuongConcat have a hidden layer")
	case c.Units < 0 || c.ScoreUnits < 0 || c.Units > widest || c.ScoreUnits > widest:
		g.Failf("Attentive", "%d units and %d score units; want 0 to %d", c.Units, c.ScoreUnits, widest)
	}
	return g.Err() == nil
}
