package nn

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// SinusoidalPositions adds to each step of x [T, B, E] a vector of sines and cosines that encodes its position (Vaswani et
// al., 2017, section 3.5), because attention itself does not know the order of steps:
//
//	P[t, 2i] = sin(t/10000^(2i/E))    P[t, 2i+1] = cos(t/10000^(2i/E))
//
// It works for any number of steps and has no parameters. The vectors have length √(E/2). Rows of Embedding have a length of
// about 1, so multiply them by √E first, as the paper does; otherwise the positions outweigh them.
type SinusoidalPositions struct{}

// Apply adds the positions.
func (SinusoidalPositions) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if !isSequence(g, "SinusoidalPositions", x) {
		return graph.Node{}
	}
	steps, width := x.Dim(0), x.Dim(2)
	table := make([]float64, steps*width)
	for t := range steps {
		for j := range width {
			angle := float64(t) / math.Pow(10000, float64(j-j%2)/float64(width))
			table[t*width+j] = math.Sin(angle)
			if j%2 == 1 {
				table[t*width+j] = math.Cos(angle)
			}
		}
	}
	return g.Add(x, g.Const(graph.Floats64(table, steps, 1, width)))
}

// LearnedPositions adds to step t of x [T, B, E] row t of a learned table, as GPT-2 does with a torch.nn.Embedding.
//
// Parameter: weight [Max, E], normally distributed with standard deviation 0.02 unless Init says otherwise.
type LearnedPositions struct {
	Max  int // the most steps that a sequence may have
	Init graph.Init
}

// Apply adds the positions.
func (p LearnedPositions) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if !isSequence(g, "LearnedPositions", x) {
		return graph.Node{}
	}
	if p.Max < 1 {
		return g.Failf("LearnedPositions", "a table of %d positions (Max); want at least 1", p.Max)
	}
	if !weighs(g, "LearnedPositions", p.Max, x.Dim(2)) {
		return graph.Node{}
	}
	if x.Dim(0) > p.Max {
		return g.Failf("LearnedPositions", "%d steps; the table has %d positions (Max)", x.Dim(0), p.Max)
	}
	init := p.Init
	if init == nil {
		init = graph.Normal(0, 0.02)
	}
	table := g.Param("weight", init, p.Max, x.Dim(2))
	return g.Add(x, g.Reshape(g.Slice(table, 0, 0, x.Dim(0)), x.Dim(0), 1, x.Dim(2)))
}
