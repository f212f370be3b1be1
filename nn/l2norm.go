package nn

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// L2Norm divides the rows of x [..., F] by their Euclidean length: x/√(Σx²+ε). It has no parameters.
type L2Norm struct {
	Epsilon float64 // ε; 0 for 1e-6
	// Bound divides by max(√Σx², ε) instead, as torch.nn.functional.normalize with its eps does; 0 is 1e-12 then.
	Bound bool
}

// Apply normalises x.
func (n L2Norm) Apply(g *graph.Graph, x graph.Node) graph.Node {
	standard := 1e-6
	if n.Bound {
		standard = 1e-12
	}
	epsilon, ok := normEpsilon(g, "L2Norm", x, n.Epsilon, standard)
	if !ok {
		return graph.Node{}
	}
	squares := eachRow(g, x, g.Sum(g.Square(x), -1))
	if n.Bound { // √max(Σx², ε²), whose derivative at 0 is 0
		squares = g.Clamp(squares, epsilon*epsilon, math.Inf(1))
	} else {
		squares = g.AddScalar(squares, epsilon)
	}
	return g.Div(x, g.Sqrt(squares))
}
