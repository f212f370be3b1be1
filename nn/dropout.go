package nn

import "github.com/unroll-go/unroll/graph"

// Dropout sets each element to zero with probability Rate while training, and divides the others by 1-Rate, so that
// the expectation stays (Srivastava et al., 2014). In evaluation it does nothing. Masks come from the run's seed:
// see graph.Func.Seed.
type Dropout struct {
	Rate float64 // at least 0 and below 1
}

// Apply returns x with elements dropped.
func (d Dropout) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if !(d.Rate >= 0 && d.Rate < 1) {
		return g.Failf("Dropout", "rate %g; want at least 0 and below 1", d.Rate)
	}
	if !isInput(g, "Dropout", x) {
		return graph.Node{}
	}
	if d.Rate == 0 || !g.Training() {
		return x
	}
	return g.Mul(x, g.RandomMask(1-d.Rate, x.Shape()...))
}
