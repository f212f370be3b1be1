package celltest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// steps runs a sequence one step a call, handing the state on, and wants the bits of the unrolled run.
func (c Case) steps(t *testing.T) {
	p := c.store(t, graph.NewParams(1))
	x := graphtest.Float32(graphtest.Random(2, c.Steps, c.Batch, c.Input))
	whole, err := graph.NewFunc(p, run(c.unroll, false)).Run(x)
	if err != nil {
		t.Fatal(err)
	}
	p.Seal()
	state, err := c.begin(p, c.Batch)
	if err != nil {
		t.Fatal(err)
	}
	step := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, next := recurrent.Step(g.Scope("cell"), c.Cell, in[0], in[1:])
		return append([]graph.Node{y}, next...)
	})
	size := c.Batch * c.Input
	for i := 0; i < c.Steps; i++ {
		now := graph.Floats(x.Float32s()[i*size:(i+1)*size], c.Batch, c.Input)
		out, err := step.Run(append([]*tensor.Dense{now}, state...)...)
		if err != nil {
			t.Fatal(err)
		}
		y := out[0].Float32s()
		sameBits(t, fmt.Sprintf("output of step %d", i), y, whole[1].Float32s()[i*len(y):(i+1)*len(y)])
		for j := range state {
			state[j] = out[1+j].Clone().(*tensor.Dense)
		}
	}
	for j := range state {
		sameBits(t, fmt.Sprintf("state %d after the last step", j), state[j].Float32s(), whole[2+j].Float32s())
	}
}

// begin returns copies of the cell's initial state.
func (c Case) begin(p *graph.Params, batch int) ([]*tensor.Dense, error) {
	out, err := graph.NewFunc(p, func(g *graph.Graph, _ []graph.Node) []graph.Node {
		return c.Cell.Begin(recurrent.InLayer(g.Scope("cell"), 0), batch)
	}).Run()
	state := make([]*tensor.Dense, len(out))
	for i := range out {
		state[i] = out[i].Clone().(*tensor.Dense)
	}
	return state, err
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, v := range got {
		if math.Float32bits(v) != math.Float32bits(want[i]) {
			t.Errorf("%s is %v by itself, %v in the unrolled run (element %d)", what, v, want[i], i)
			return
		}
	}
}

// alone runs every sequence of a padded batch by itself, without padding.
func (c Case) alone(t *testing.T) {
	p, lengths := c.store(t, graph.NewParams64(1)), c.lengths()
	x := graphtest.Random(2, c.Steps, c.Batch, c.Input)
	first, err := c.begin(p, c.Batch)
	if err != nil {
		t.Fatal(err)
	}
	for _, reverse := range []bool{false, true} {
		out, err := graph.NewFunc(p, run(c.unroll, reverse)).Run(x, graph.Ints(lengths))
		if err != nil {
			t.Fatal(err)
		}
		for b, n := range lengths {
			name := fmt.Sprintf("sequence %d of length %d, reverse=%v: ", b, n, reverse)
			y, final := column(out[1], b), out[2:]
			zeros(t, name+"output at padding", y, n)
			want := first
			at := b
			if n > 0 {
				own := graph.Floats64(append([]float64{}, column(x, b).Float64s()[:n*c.Input]...), n, 1, c.Input)
				alone, err := graph.NewFunc(p, run(c.unroll, reverse)).Run(own)
				if err != nil {
					t.Fatal(err)
				}
				width := y.Shape()[1]
				graphtest.Close(t, name+"output", graph.Floats64(y.Float64s()[:n*width], n, width), column(alone[1], 0), 1e-12)
				want, at = alone[2:], 0
			}
			for j := range final {
				graphtest.Close(t, fmt.Sprintf("%sfinal state %d", name, j), row(final[j], b), row(want[j], at), 1e-12)
			}
		}
	}
}

// column is one sequence of [T, B, F], [T, F].
func column(v *tensor.Dense, b int) *tensor.Dense {
	T, B, F := v.Shape()[0], v.Shape()[1], v.Shape()[2]
	var out []float64
	for t := range T {
		out = append(out, v.Float64s()[(t*B+b)*F:(t*B+b+1)*F]...)
	}
	return graph.Floats64(out, T, F)
}

// row is one row of [B, F...], flat.
func row(v *tensor.Dense, b int) *tensor.Dense {
	n := len(v.Float64s()) / v.Shape()[0]
	return graph.Floats64(v.Float64s()[b*n : (b+1)*n])
}

// zeros wants the steps of y [T, F] from a length on to be exactly zero.
func zeros(t *testing.T, what string, y *tensor.Dense, from int) {
	t.Helper()
	for i, v := range y.Float64s()[from*y.Shape()[1]:] {
		if v != 0 {
			t.Errorf("%s is %v (element %d behind the end); want 0", what, v, i)
			return
		}
	}
}

// scans compares Scan with Unroll, values and gradients, for sequences of several lengths.
func (c Case) scans(t *testing.T, cell recurrent.Scanner) {
	scan := func(g *graph.Graph, x graph.Node, o recurrent.Options) (graph.Node, recurrent.State) {
		return recurrent.Scan(g, cell, x, o)
	}
	weights := c.store(t, graph.NewParams64(1))
	all := []int{1, 2, 3, 4, 7}
	if !slices.Contains(all, c.Steps) {
		all = append(all, c.Steps)
	}
	for _, T := range all {
		c.Steps = T
		for _, reverse := range []bool{false, true} {
			for _, lengths := range [][]int{nil, c.lengths()} {
				if T < 4 && reverse != (lengths != nil) {
					continue // short sequences only differ in how the scan splits them
				}
				name := fmt.Sprintf("T=%d reverse=%v lengths=%v", T, reverse, lengths)
				c.sameRun(t, name, weights, run(c.unroll, reverse), run(scan, reverse), lengths)
			}
		}
	}
}

// sameRun wants two runs with the same weights to have the same outputs and gradients, to rounding.
func (c Case) sameRun(t *testing.T, name string, weights *graph.Params, a, b graph.Build, lengths []int) {
	t.Helper()
	var in []*tensor.Dense
	if lengths != nil {
		in = append(in, graph.Ints(lengths))
	}
	x := graphtest.Random(2, c.Steps, c.Batch, c.Input)
	result := func(build graph.Build) (*graph.Params, []*tensor.Dense) {
		p := graph.NewParams64(1)
		for i := range weights.Len() {
			if _, err := p.Add(weights.At(i).Name(), weights.At(i).Value().Clone().(*tensor.Dense)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Add("x", x); err != nil { // as a parameter it gets a gradient
			t.Fatal(err)
		}
		out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return build(g, append([]graph.Node{g.Param("x", nil, x.Shape()...)}, in...))
		}).Grad(in...)
		if err != nil {
			t.Fatal(name, err)
		}
		return p, out
	}
	p, want := result(a)
	q, got := result(b)
	for i := range want {
		graphtest.Close(t, fmt.Sprintf("%s: result %d", name, i), got[i], want[i], 1e-11)
	}
	for i := 0; i < p.Len(); i++ {
		graphtest.Close(t, name+": gradient of "+p.At(i).Name(), q.At(i).Grad(), p.At(i).Grad(), 1e-9)
	}
}
