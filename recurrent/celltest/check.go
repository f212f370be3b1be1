// Package celltest checks recurrent cells: one call says whether a cell of one's own does all that the library
// expects of a cell.
package celltest

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// Case is a cell to check, and the sizes to check it at.
type Case struct {
	Cell      recurrent.Cell
	Input     int     // I, the width of the input; 0 for 3
	Steps     int     // T; 0 for 5
	Batch     int     // B; 0 for 3
	Samples   int     // derivatives to check in each parameter; 0 for 12
	Tolerance float64 // of the gradient check; 0 for 1e-6
	NoScan    bool    // leave Scan out: the cell has the method, but refuses it as it is configured
}

// Check fails the test where the cell
//
//   - has a derivative, of a weight or of the input, that differs from a finite difference (forward, in reverse, and
//     with lengths that include zero; a failure names the worst weight and lists them all),
//   - gives other bits when it steps through a sequence than when it is unrolled over it,
//   - lets padding or the rest of a batch change what it makes of a sequence, or changes the state of an empty one,
//   - gives other values or gradients when it is scanned (if it is a recurrent.Scanner).
//
// Weights start at the cell's own values, moved at random, so that those which start at zero take part.
func Check(t *testing.T, c Case) {
	t.Helper()
	c = c.filled()
	if c.Cell == nil || c.Input < 1 || c.Steps < 1 || c.Batch < 1 || c.Samples < 1 {
		t.Fatalf("celltest: cell %v at input %d, %d steps, batch %d, %d samples; want a cell, and at least 1 of each",
			c.Cell, c.Input, c.Steps, c.Batch, c.Samples)
	}
	if _, err := dense.Size([]int{c.Steps, c.Batch, c.Input}); err != nil {
		t.Fatalf("celltest: the input: %v", err)
	}
	t.Run("gradient", c.gradients)
	t.Run("step", c.steps)
	t.Run("batch", c.alone)
	if cell, ok := c.Cell.(recurrent.Scanner); ok && !c.NoScan {
		t.Run("scan", func(t *testing.T) { c.scans(t, cell) })
	}
}

// filled puts defaults in place of zeros.
func (c Case) filled() Case {
	usual := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	usual(&c.Input, 3)
	usual(&c.Steps, 5)
	usual(&c.Batch, 3)
	usual(&c.Samples, 12)
	return c
}

// lengths are those of the sequences of a batch: the longest, an empty one, and others.
func (c Case) lengths() []int {
	n := make([]int, c.Batch)
	for b := range n {
		n[b] = []int{c.Steps, 0, (c.Steps + 1) / 2}[b%3]
	}
	return n
}

// driver is Unroll, or Scan for a cell that has it.
type driver func(g *graph.Graph, x graph.Node, o recurrent.Options) (graph.Node, recurrent.State)

func (c Case) unroll(g *graph.Graph, x graph.Node, o recurrent.Options) (graph.Node, recurrent.State) {
	return recurrent.Unroll(g, c.Cell, x, o)
}

// run describes a whole run over in[0] [T, B, I] and, if given, lengths in[1] [B]: a loss that reads every output and
// every final state, so that no gradient is zero by accident, then the outputs and the final states.
func run(d driver, reverse bool) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		o := recurrent.Options{Reverse: reverse}
		if len(in) > 1 {
			o.Lengths = in[1]
		}
		y, final := d(g.Scope("cell"), in[0], o)
		out := append([]graph.Node{y}, final...)
		terms := make([]graph.Node, len(out))
		for i, n := range out {
			terms[i] = g.Sum(g.Mul(n, g.Const(weighing(g, uint64(i), n.Shape()))))
		}
		return append([]graph.Node{g.Add(terms...)}, out...)
	}
}

// weighing returns fixed, uneven weights of a shape, in the graph's element type.
func weighing(g *graph.Graph, seed uint64, shape []int) *tensor.Dense {
	w := graphtest.Random(seed, shape...)
	if g.Params().Dtype() == tensor.Float32 {
		return graphtest.Float32(w)
	}
	return w
}

// store returns a store with the cell's weights, moved at random.
func (c Case) store(t *testing.T, p *graph.Params) *graph.Params {
	t.Helper()
	x := graphtest.Random(1, 1, 1, c.Input)
	if p.Dtype() == tensor.Float32 {
		x = graphtest.Float32(x)
	}
	if _, err := graph.NewFunc(p, run(c.unroll, false)).Run(x); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < p.Len(); i++ {
		v := p.At(i).Value()
		for j, r := range graphtest.Random(uint64(50+i), p.At(i).Len()).Float64s() {
			if v.Dtype() == tensor.Float64 {
				v.Float64s()[j] += 0.3 * r
			} else {
				v.Float32s()[j] += 0.3 * float32(r)
			}
		}
	}
	return p
}

// gradients compares derivatives with finite differences, at the given sizes and at sizes of one.
func (c Case) gradients(t *testing.T) {
	lengths := graph.Ints(c.lengths())
	x := graphtest.Random(2, c.Steps, c.Batch, c.Input)
	for _, in := range [][]*tensor.Dense{{graphtest.Random(3, 1, 1, c.Input)}, {x}, {x, lengths}} {
		for _, reverse := range []bool{false, true} {
			build, p := run(c.unroll, reverse), c.store(t, graph.NewParams64(1))
			graphtest.CheckGradient(t, graphtest.Gradient{Build: build, Inputs: in, Samples: c.Samples,
				Tolerance: c.Tolerance, Params: p, Size: size(t, build, p, in)})
		}
	}
}

// size is the sum of the sizes of the terms that a run's loss adds up: a state of -1000 rounds it, also where others cancel that.
func size(t *testing.T, build graph.Build, p *graph.Params, in []*tensor.Dense) (sum float64) {
	t.Helper()
	out, err := graph.NewFunc(p, build).Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range out[1:] {
		w := graphtest.Random(uint64(i), v.Shape()...).Float64s()
		for j, x := range v.Float64s() {
			sum += math.Abs(x * w[j])
		}
	}
	return sum
}
