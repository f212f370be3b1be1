package recurrent

import (
	"math"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
)

// chrono starts the biases of two gates, keep and write, so that the units remember for 1 to span steps: keep is log u with
// u drawn from U(1, span-1), and write is -keep (chrono initialisation: Tallec and Ollivier, 2018, equation 16). keep and
// write are the numbers of the gates in a bias [gates·H]; a negative number leaves that gate out.
func chrono(gates, keep, write, span int) graph.Init {
	return func(dst []float64, _ []int, rng *rand.Rand) error {
		width := len(dst) / gates
		for i := range width {
			b := math.Log(1 + float64(rng.Float64()*float64(span-2)))
			if keep >= 0 {
				dst[keep*width+i] = b
			}
			if write >= 0 {
				dst[write*width+i] = -b
			}
		}
		return nil
	}
}

// checkSpan reports a span of negative length or of one step.
func checkSpan(g *graph.Graph, name string, span int) {
	if span < 0 || span > 0 && span < 2 {
		g.Failf(name, "a span of %d steps; want at least 2, or 0 for the usual start", span)
	}
}
