package recurrent

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/nn"
)

// WindowAttention lets every step look at itself and at the Window-1 steps before it (Beltagy et al., 2020, arXiv 2004.05150,
// section 3.1), with keys and values that several heads may share (grouped queries: Ainslie et al., 2023, arXiv 2305.13245):
//
//	q = turn(norm(W_q·x))    k = turn(norm(W_k·x))    v = W_v·x       head by head; turn is nn.RoPE
//	h' = W_o·(Σ softmax(cap(Scale·q·k))·v)                            over the steps of the window
//
// What it remembers are the keys and values of the last steps, so it is a Cell, whose state has a constant size, and a Scanner,
// whose Scan is ordinary masked attention over a sequence: hybrids of recurrence and attention are a Deep of Scanned cells.
// A Window as long as the text is attention over all of it. Scan has the numbers of steps to rounding.
//
// State: h [B, H], which is not read, keys and values [B, (Window-1)·KeyHeads·Width] each, the oldest step first, and how
// many steps were read, [B, 1]. Parameters: q_proj.weight [Heads·Width, I], twice as many rows with Gated, k_proj.weight and
// v_proj.weight [KeyHeads·Width, I], o_proj.weight [H, Heads·Width], with biases if asked for, and those of the norms in
// q_norm and k_norm.
type WindowAttention struct {
	Hidden   int // H, the width of the output
	Heads    int // of queries; 0 for 1
	KeyHeads int // of keys and values, a divisor of Heads; 0 for as many
	Width    int // of each head; 0 for H/Heads
	Window   int // how many steps a query sees, at least 2

	Positions   nn.RoPE
	NoPositions bool    // do not turn queries and keys
	Scale       float64 // of the scores; 0 for 1/√Width
	Cap         float64 // scores are capped softly, see nn.SoftCap; 0 for not at all

	Norm    nn.Module // of queries and keys, head by head; nil for none
	NormAll bool      // Norm sees all heads as one row
	Gated   bool      // the heads' results are multiplied by σ of a gate, which q_proj gives behind each head's query
	Bias    bool      // q_proj, k_proj and v_proj have biases
	OutBias bool      // o_proj has one
}

// filled puts defaults in place of zeros.
func (c WindowAttention) filled() WindowAttention {
	if c.Heads == 0 {
		c.Heads = 1
	}
	if c.KeyHeads == 0 {
		c.KeyHeads = c.Heads
	}
	if c.Width == 0 {
		c.Width = c.Hidden / max(c.Heads, 1)
	}
	if c.Scale == 0 {
		c.Scale = 1 / math.Sqrt(float64(c.Width))
	}
	return c
}

func (c WindowAttention) widths() []int {
	kept := (c.Window - 1) * c.KeyHeads * c.Width
	return []int{c.Hidden, kept, kept, 1}
}

// valid reports settings that do not fit each other; c is filled.
func (c WindowAttention) valid(g *graph.Graph) bool {
	const what = "WindowAttention"
	most := dense.MaxElements / 64
	switch {
	case g.Err() != nil:
	case c.Hidden < 1 || c.Hidden > most:
		g.Failf(what, "hidden size %d; want 1 to %d", c.Hidden, most)
	case c.Heads < 1 || c.KeyHeads < 1 || c.Heads > dense.MaxParts || c.Heads%c.KeyHeads != 0:
		g.Failf(what, "%d heads that share %d of keys and values; want at most %d, and a divisor of them", c.Heads, c.KeyHeads, dense.MaxParts)
	case c.Width < 1 || c.Width > most/(2*c.Heads):
		g.Failf(what, "heads of a width of %d; want at least 1, and at most %d in all", c.Width, most/2)
	case c.Window < 2 || c.Window-1 > most/(c.KeyHeads*c.Width):
		g.Failf(what, "a window of %d steps of %d numbers; want at least 2, and a state of at most %d", c.Window, c.KeyHeads*c.Width, most)
	case !(math.Abs(c.Scale) <= math.MaxFloat32):
		g.Failf(what, "scale %g; want a finite number", c.Scale)
	case c.Cap < 0 || c.Cap != c.Cap:
		g.Failf(what, "cap %g; want a number above 0, or 0 for none", c.Cap)
	}
	return g.Err() == nil
}

// Begin returns zeros: no step was read.
func (c WindowAttention) Begin(g *graph.Graph, batch int) State {
	c = c.filled()
	if !c.valid(g) {
		return make(State, 4)
	}
	return zeros(g, "WindowAttention", batch, c.widths()...)
}

// Startable tells that no entry can be an arbitrary vector: they are those of steps that were read.
func (c WindowAttention) Startable(g *graph.Graph, _ int) bool {
	g.Failf("WindowAttention", "its memory are the last steps, which a vector cannot start; give the vector as an input of every step")
	return false
}

// Step looks back from one step, x [B, I]; the output is [B, H].
func (c WindowAttention) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if g.Err() == nil && x.Rank() != 2 {
		g.Failf("WindowAttention", "want an input [B, I], found %v", x.Shape())
	}
	if g.Err() != nil {
		return graph.Node{}, s
	}
	y, next := c.Scan(g, g.Reshape(x, 1, x.Dim(0), x.Dim(1)), s, Order{})
	if g.Err() != nil {
		return graph.Node{}, s
	}
	return g.Reshape(y, x.Dim(0), c.Hidden), next
}

// Scan looks back from all steps at once: x [T, B, I] gives [T, B, H].
func (c WindowAttention) Scan(g *graph.Graph, x graph.Node, s State, o Order) (graph.Node, State) {
	c = c.filled()
	if !c.valid(g) || !scannable(g, "WindowAttention", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	x, there := o.Clear(g, x), o.mask
	if o.reverse { // what is read first comes first
		x = flipped(g, x)
		if there.Valid() {
			there = flipped(g, there)
		}
	}
	r := c.ring(g, x, there, s)
	q, gate := c.queries(g, x, r.positions)
	keys := r.extend(g, s[1], c.keys(g, x, r.positions))
	values := r.extend(g, s[2], c.projected(g, "v_proj", x, c.KeyHeads*c.Width))
	y := c.attend(g, q, keys, values, r)
	if c.Gated {
		y = g.Mul(y, g.Sigmoid(gate))
	}
	h := nn.Dense{Units: c.Hidden, NoBias: !c.OutBias}.Apply(g.Scope("o_proj"), y)
	if o.reverse {
		h = flipped(g, h)
	}
	return h, State{o.Last(g, h, s[0]), r.kept(g, keys), r.kept(g, values), r.count}
}

// flipped turns the steps of x [T, ...] around.
func flipped(g *graph.Graph, x graph.Node) graph.Node {
	places := make([]int, x.Dim(0))
	for i := range places {
		places[i] = len(places) - 1 - i
	}
	return g.Take(x, 0, places...)
}

// projected is a product with weights of that name, and a bias.
func (c WindowAttention) projected(g *graph.Graph, name string, x graph.Node, units int) graph.Node {
	return nn.Dense{Units: units, NoBias: !c.Bias}.Apply(g.Scope(name), x)
}

// queries returns the queries of x [T, B, I], [T, B, Heads, Width], and what gates the results, [T, B, Heads·Width].
func (c WindowAttention) queries(g *graph.Graph, x, positions graph.Node) (q, gate graph.Node) {
	T, B := x.Dim(0), x.Dim(1)
	if !c.Gated {
		return c.turned(g, "q_norm", c.projected(g, "q_proj", x, c.Heads*c.Width), c.Heads, positions), graph.Node{}
	}
	both := g.Split(g.Reshape(c.projected(g, "q_proj", x, 2*c.Heads*c.Width), T, B, c.Heads, 2*c.Width), 3, 2)
	q = c.turned(g, "q_norm", g.Reshape(both[0], T, B, -1), c.Heads, positions)
	return q, g.Reshape(both[1], T, B, -1)
}

// keys returns the keys of x [T, B, I], [T, B, KeyHeads·Width].
func (c WindowAttention) keys(g *graph.Graph, x, positions graph.Node) graph.Node {
	k := c.turned(g, "k_norm", c.projected(g, "k_proj", x, c.KeyHeads*c.Width), c.KeyHeads, positions)
	return g.Reshape(k, x.Dim(0), x.Dim(1), -1)
}

// turned normalises z [T, B, heads·Width] and turns it by its positions: [T, B, heads, Width].
func (c WindowAttention) turned(g *graph.Graph, norm string, z graph.Node, heads int, positions graph.Node) graph.Node {
	if c.Norm != nil && c.NormAll {
		z = c.Norm.Apply(g.Scope(norm), z)
	}
	z = g.Reshape(z, z.Dim(0), z.Dim(1), heads, c.Width)
	if c.Norm != nil && !c.NormAll {
		z = c.Norm.Apply(g.Scope(norm), z)
	}
	if c.NoPositions {
		return z
	}
	return c.Positions.ApplyAt(g, z, positions)
}

// attend returns what queries [T, B, Heads, Width] find among keys and values [N, B, KeyHeads·Width]: [T, B, Heads·Width].
func (c WindowAttention) attend(g *graph.Graph, q, keys, values graph.Node, r ring) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	T, B, N, D := q.Dim(0), q.Dim(1), keys.Dim(0), c.Width
	K, per := c.KeyHeads, c.Heads/c.KeyHeads
	heads := func(x graph.Node) graph.Node { return g.Transpose(g.Reshape(x, N, B, K, D), 1, 2, 0, 3) } // [B, K, N, D]
	q = g.Transpose(g.Reshape(g.MulScalar(q, c.Scale), T, B, K, per, D), 1, 2, 3, 0, 4)                 // [B, K, per, T, D]
	scores := g.Reshape(g.MatMulT(g.Reshape(q, B, K, per*T, D), heads(keys)), B, K*per, T, N)
	if c.Cap > 0 {
		scores = nn.SoftCap{Limit: c.Cap}.Apply(g, scores)
	}
	weights := g.Softmax(g.Add(scores, g.Reshape(r.unseen, B, 1, T, N)), -1)
	y := g.MatMul(g.Reshape(weights, B, K, per*T, N), heads(values)) // [B, K, per·T, D]
	return g.Reshape(g.Transpose(g.Reshape(y, B, K, per, T, D), 3, 0, 1, 2, 4), T, B, c.Heads*D)
}
