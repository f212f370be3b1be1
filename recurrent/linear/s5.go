package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// S5 is the state space layer of Smith, Warrington and Linderman (2023, arXiv 2208.04933): one system in continuous time with
// all inputs and all outputs, whose matrix is diagonal and complex, in steps of a size that it learns.
//
//	s' = λ⊙s + B·u      h = 2·Re(C·s) + W_xr·u + b      in steps of Δ = exp(log_step), one for each number of the state
//
// The state's numbers stand for pairs of conjugates, of which one is kept. λ starts at the eigenvalues of HiPPO-N, in Blocks
// equal blocks, and B and C as the layer's real ones do in the basis of the eigenvectors. Where the paper has a diagonal D for
// inputs as wide as outputs, W_xr is a matrix. A nonlinearity belongs behind it; the paper's network has one and a gate.
//
// State: h [B, H], which is not read, and the real and imaginary part of s, [B, N] each. Parameters: Lambda_re, at most -0.0001
// when it is used, and Lambda_im [N], log_step [N], B_re and B_im [N, I], C_re and C_im [H, N], weight_xr [H, I], bias_hr [H].
type S5 struct {
	Hidden         int // H, the width of the output
	State          int // N, how many complex numbers the state has; 0 for H
	Blocks         int // of HiPPO-N at the start; a divisor of N, 0 for 1
	Discretisation Discretisation
}

func (c S5) widths() []int { n := or(c.State, c.Hidden); return []int{c.Hidden, n, n} }

func (c S5) valid(g *graph.Graph) bool {
	n := c.widths()[1]
	switch blocks := max(c.Blocks, 1); {
	case !c.Discretisation.known(g, "S5") || !positive(g, "S5", size{"hidden size", c.Hidden}, size{"State", n}):
	case c.Blocks < 0 || n%blocks != 0 || n/blocks > mostHippo:
		g.Failf("S5", "%d blocks of a state of %d; want a divisor of it, and at most %d in a block", c.Blocks, n, mostHippo)
	}
	return g.Err() == nil
}

// mostHippo is the largest block whose eigenvalues are looked for: its matrix has four times as many squared elements.
const mostHippo = 512

// Begin returns zeros.
func (c S5) Begin(g *graph.Graph, batch int) recurrent.State {
	if !c.valid(g) {
		return make(recurrent.State, 3)
	}
	return zeros(g, "S5", batch, c.widths())
}

// Step computes the output, [B, H], and the new state.
func (c S5) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "S5", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c S5) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	if !c.valid(g) || !sequence(g, "S5", x, s, c.widths()) {
		return graph.Node{}, s
	}
	n := c.widths()[1]
	rate := number{
		g.Clamp(g.Param("Lambda_re", graph.Constant(-0.5), n), math.Inf(-1), -1e-4),
		g.Param("Lambda_im", graph.Repeat(max(c.Blocks, 1), inRows(hippo)), n),
	}
	decay, gain := c.Discretisation.steps(g, rate, g.Exp(g.Param("log_step", logUniform(0.001, 0.1), n)))
	in := product(g, x, pair(g, "B", 1/math.Sqrt(2*float64(x.Dim(2))), n, x.Dim(2)))
	all, last := o.LinearComplex(g, decay, gain.times(g, in), [2]graph.Node(s[1:3]))
	twice := number(all).scaled(g, g.Full(2))
	h := twice.realProduct(g, pair(g, "C", 1/math.Sqrt(2*float64(n)), c.Hidden, n))
	h = through(g, h, x)
	return h, recurrent.State{o.Last(g, h, s[0]), last[0], last[1]}
}
