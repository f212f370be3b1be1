package recurrent

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
)

// ConvLSTM is the convolutional LSTM (Shi et al., 2015, arXiv 1506.04214) over one spatial dimension; the paper's has two, and
// always has peepholes. It is an LSTM whose products are convolutions: one small set of weights serves all places, and what
// happens at a place depends on the places around it. For a row of places, with F channels in and C out,
//
//	i, f, o = σ(W_i * x + U_i * h + b_i), ...   n = tanh(W_n * x + U_n * h + b_n)
//	c' = f⊙c + i⊙n
//	h' = o⊙tanh(c')
//
// where * pads with zeros at both ends. With Peepholes, p_i⊙c and p_f⊙c are added to the arguments of i and f and p_o⊙c' to
// that of o, with weights for every place and channel, as in the paper.
//
// Input, output and state are flat: x [B, Places·F] and h [B, Places·C], the channels of one place together.
//
// State: h, c. Parameters, gates in the order i, f, n, o: weight_ih [4C, F, Kernel] and weight_hh [4C, C, Kernel], as
// those of torch.nn.Conv1d, bias_ih [4C], one for f and zero otherwise at the start; with peepholes weight_ch
// [3·Places·C], of i, f and o, zero at the start.
type ConvLSTM struct {
	Places    int  // length of the row
	Channels  int  // C, the channels of h and c
	Kernel    int  // how many places a convolution sees, odd; 0 for 3
	Peepholes bool // the gates see the cell state
}

// Begin returns h = c = 0, [B, Places·C] each.
func (c ConvLSTM) Begin(g *graph.Graph, batch int) State {
	if g.Err() != nil || !c.valid(g) {
		return make(State, 2)
	}
	return zeros(g, "ConvLSTM", batch, c.Places*c.Channels, c.Places*c.Channels)
}

func (c ConvLSTM) kernel() int {
	if c.Kernel == 0 {
		return 3
	}
	return c.Kernel
}

// valid reports sizes that do not make a convolution.
func (c ConvLSTM) valid(g *graph.Graph) bool {
	switch {
	case c.Places < 1 || c.Channels < 1:
		g.Failf("ConvLSTM", "%d places and %d channels; want at least 1 of each", c.Places, c.Channels)
	case c.Channels > widest/c.Places:
		g.Failf("ConvLSTM", "%d places and %d channels; want at most %d numbers in all", c.Places, c.Channels, widest)
	case c.Kernel < 0 || c.Kernel > dense.MaxParts || c.kernel()%2 == 0:
		g.Failf("ConvLSTM", "a kernel of %d places; want an odd number up to %d, or 0 for 3", c.Kernel, dense.MaxParts)
	default:
		return true
	}
	return false
}

// Step computes the new hidden and cell state; the output is the hidden state, [B, Places·C].
func (c ConvLSTM) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	size := c.Places * c.Channels
	if g.Err() != nil || !c.valid(g) || !checked(g, "ConvLSTM", x, s, size, size) {
		return graph.Node{}, s
	}
	if x.Dim(1)%c.Places != 0 {
		return g.Failf("ConvLSTM", "want an input [B, %d·channels], found %v", c.Places, x.Shape()), s
	}
	B, zero := x.Dim(0), graph.Constant(0)
	bias := g.Param("bias_ih", graph.Blocks(zero, graph.Constant(1), zero, zero), 4*c.Channels)
	z := g.Add(c.convolved(g, x, "weight_ih", graph.GlorotUniform()),
		c.convolved(g, s[0], "weight_hh", graph.GlorotUniform()), bias) // [B, Places, 4C]
	gate := g.Split(z, 2, 4)
	for k := range gate {
		gate[k] = g.Reshape(gate[k], B, size)
	}
	i, f, n, o := gate[0], gate[1], gate[2], gate[3]
	var see []graph.Node
	if c.Peepholes {
		see = g.Split(g.Param("weight_ch", zero, 3*size), 0, 3)
		i, f = g.Add(i, g.Mul(see[0], s[1])), g.Add(f, g.Mul(see[1], s[1]))
	}
	cell := g.Add(g.Mul(g.Sigmoid(f), s[1]), g.Mul(g.Sigmoid(i), g.Tanh(n)))
	if c.Peepholes {
		o = g.Add(o, g.Mul(see[2], cell))
	}
	h := g.Mul(g.Sigmoid(o), g.Tanh(cell))
	return h, State{h, cell}
}

// convolved is the convolution of x [B, Places·F] with a weight [4C, F, Kernel], [B, Places, 4C]: one product for all
// places, of the channels that each of them sees.
func (c ConvLSTM) convolved(g *graph.Graph, x graph.Node, name string, init graph.Init) graph.Node {
	B, F, K := x.Dim(0), x.Dim(1)/c.Places, c.kernel()
	w := g.Reshape(g.Param(name, graph.Repeat(4, init), 4*c.Channels, F, K), 4*c.Channels, F*K)
	x = g.Reshape(x, B, c.Places, F)
	if K > 1 {
		edge := g.Full(0, B, K/2, F)
		x = g.Concat(1, edge, x, edge)
	}
	seen := make([]graph.Node, K) // [B, Places, F, 1] each
	for k := range seen {
		seen[k] = g.Reshape(g.Slice(x, 1, k, k+c.Places), B, c.Places, F, 1)
	}
	return g.MatMulT(g.Reshape(g.Concat(3, seen...), B, c.Places, F*K), w)
}
