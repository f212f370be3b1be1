package recurrent_test

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/celltest"
)

// The cell itself, on inputs of the width that it wants: of one feature, and of several with means of their own.
func TestGRUD(t *testing.T) {
	for name, c := range map[string]celltest.Case{
		"one":   {Cell: recurrent.GRUD{Hidden: 1, Features: 1}, Input: 3, Steps: 1, Batch: 1},
		"more":  {Cell: recurrent.GRUD{Hidden: 5, Features: 4}, Input: 12},
		"means": {Cell: recurrent.GRUD{Hidden: 3, Features: 2, Mean: []float64{0.5, -2}}, Input: 6},
		"stack": {Cell: recurrent.Stack{Cells: []recurrent.Cell{recurrent.GRUD{Hidden: 3, Features: 2}, recurrent.GRU{Hidden: 4}}}, Input: 6},
	} {
		t.Run(name, func(t *testing.T) { celltest.Check(t, c) })
	}
}

// What stands in the place of a missing value makes no difference: neither to the outputs nor to what is remembered.
func TestGRUDPassesOverMissingValues(t *testing.T) {
	const T, B, F = 6, 2, 3
	x := graphtest.Random(4, T, B, 3*F)
	v := x.Float64s()
	for i := range T * B {
		for d := range F {
			v[i*3*F+F+d] = float64((i + d) % 2)
			v[i*3*F+2*F+d] = float64(1 + (i*d)%3)
		}
	}
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, final := recurrent.Unroll(g, recurrent.GRUD{Hidden: 4, Features: F}, in[0], recurrent.Options{})
		return append([]graph.Node{y}, final...)
	})
	run := func() [][]float64 {
		out, err := f.Run(x)
		if err != nil {
			t.Fatal(err)
		}
		var all [][]float64
		for _, o := range out {
			all = append(all, append([]float64{}, o.Float64s()...))
		}
		return all
	}
	before := run()
	for i := range T * B {
		for d := range F {
			if v[i*3*F+F+d] == 0 {
				v[i*3*F+d] = 1e6
			}
		}
	}
	for i, got := range run() {
		agree(t, "result", got, before[i])
	}
}

// TestGRUDAgreesWithPyTorch compares outputs, states and gradients with the loop of testdata/record_grud.py.
func TestGRUDAgreesWithPyTorch(t *testing.T) {
	for _, file := range []string{"testdata/grud/grud_f32.safetensors", "testdata/grud/grud_f64.safetensors"} {
		rec, _ := graphtest.Golden(t, file)
		p := storeOf(t, rec, "param.")
		mean := graphtest.Float64s(rec["in.mean"])
		out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			cell := recurrent.GRUD{Hidden: rec["in.wh"].Shape()[1], Features: len(mean), Mean: mean}
			y, final := recurrent.Unroll(g, cell, in[0], recurrent.Options{Lengths: in[1]})
			loss := g.Add(g.Sum(g.Mul(y, g.Const(rec["in.wy"]))), g.Sum(g.Mul(final[0], g.Const(rec["in.wh"]))))
			return []graph.Node{loss, y, final[0], final[1]}
		}).Grad(rec["in.x"], rec["in.lengths"])
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"loss", "y", "h_n", "last_n"} {
			graphtest.Close(t, file+": "+name, out[i], rec["out."+name], tolerance(file))
		}
		for i := range p.Len() {
			w := p.At(i)
			graphtest.Close(t, file+": gradient of "+w.Name(), w.Grad(), rec["grad."+w.Name()], tolerance(file))
		}
	}
}
