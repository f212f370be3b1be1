package nn

import "github.com/unroll-go/unroll/graph"

// RMSNorm divides the rows of x [..., F] by their root mean square and scales them (Zhang and Sennrich, 2019, arXiv
// 1910.07467): weight⊙x/√(mean(x²)+ε), as torch.nn.RMSNorm(F).
//
// Parameter: weight [F], one at the start; zero with OnePlus.
type RMSNorm struct {
	Epsilon  float64 // ε; 0 for 1e-6
	NoAffine bool    // leave the weight out
	OnePlus  bool    // scale by 1+weight, as Gemma and Qwen3-Next do
	Groups   int     // the width falls into so many equal parts, each of which is divided by its own root; 0 for 1
}

// Apply normalises x.
func (n RMSNorm) Apply(g *graph.Graph, x graph.Node) graph.Node {
	epsilon, ok := normEpsilon(g, "RMSNorm", x, n.Epsilon, 1e-6)
	if !ok || !groupsFit(g, "RMSNorm", x, max(n.Groups, 1)) {
		return graph.Node{}
	}
	rows := grouped(g, x, n.Groups)
	y := g.Div(rows, g.Sqrt(g.AddScalar(rowMean(g, g.Square(rows)), epsilon)))
	if n.Groups > 1 {
		y = g.Reshape(y, x.Shape()...)
	}
	switch {
	case n.NoAffine:
		return y
	case n.OnePlus:
		return g.Mul(y, g.AddScalar(g.Param("weight", graph.Constant(0), x.Dim(-1)), 1))
	}
	return g.Mul(y, g.Param("weight", graph.Constant(1), x.Dim(-1)))
}

// GatedRMSNorm is an RMSNorm of x [..., F] with a gate z [..., F] that acts before or after it:
//
//	y = norm(x⊙act(z))    or, with NormFirst, y = norm(x)⊙act(z)
//
// The first form is Mamba-2's, the second that of Gated DeltaNet. Parameters are the norm's.
type GatedRMSNorm struct {
	Norm       RMSNorm
	NormFirst  bool
	Activation Module // of the gate; nil for SiLU
}

// Apply normalises x, gated by z.
func (n GatedRMSNorm) Apply(g *graph.Graph, x, z graph.Node) graph.Node {
	if !isInput(g, "GatedRMSNorm", x) || !isInput(g, "GatedRMSNorm", z) {
		return graph.Node{}
	}
	act := n.Activation
	if act == nil {
		act = SiLU{}
	}
	gate := act.Apply(g, z)
	if n.NormFirst {
		return g.Mul(n.Norm.Apply(g, x), gate)
	}
	return n.Norm.Apply(g, g.Mul(x, gate))
}
