package recurrent_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// A reference computes one step of one sequence, number by number, from the equations of the cell's paper: weights w
// by name, input x, state s; output and next state.
type reference func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64)

// referenceCase compares a cell with its reference, which works on the state that view makes of the cell's.
type referenceCase struct {
	cell   recurrent.Cell
	widths []int // of the state
	step   reference
	view   func(s [][]float64) [][]float64 // nil for the state itself
	inputs int                             // I; 0 for 4
}

const refBatch, refSteps = 3, 5

func TestCellsAgreeWithTheirEquations(t *testing.T) {
	for name, c := range referenceCases() {
		if c.inputs == 0 {
			c.inputs = 4
		}
		for _, reverse := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s reverse=%v", name, reverse), func(t *testing.T) { c.compare(t, reverse) })
		}
	}
}

// compare unrolls the cell, with random weights, random initial states and uneven lengths, and walks the same steps with
// the reference.
func (c referenceCase) compare(t *testing.T, reverse bool) {
	p := graph.NewParams64(1)
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		o := recurrent.Options{Lengths: in[1], Initial: in[2:], Reverse: reverse}
		y, final := recurrent.Unroll(g, c.cell, in[0], o)
		return append([]graph.Node{y}, final...)
	}
	x, lengths := graphtest.Random(1, refSteps, refBatch, c.inputs), []int{refSteps, 0, 3}
	in := []*tensor.Dense{x, graph.Ints(lengths)}
	for i, n := range c.widths {
		s := graphtest.Random(uint64(2+i), refBatch, n)
		for j, v := range s.Float64s() {
			if i == 2 && len(c.widths) == 4 { // a normaliser is positive
				s.Float64s()[j] = 0.5 + v*v
			}
		}
		in = append(in, s)
	}
	if _, err := graph.NewFunc(p, build).Run(in...); err != nil { // makes the weights
		t.Fatal(err)
	}
	w := map[string][]float64{}
	for i := 0; i < p.Len(); i++ {
		v := p.At(i).Value().Float64s()
		for j, r := range graphtest.Random(uint64(100+i), len(v)).Float64s() {
			v[j] = 0.6 * r
		}
		w[strings.TrimSuffix(p.At(i).Name(), "_l0")] = v
	}
	out, err := graph.NewFunc(p, build).Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	view := c.view
	if view == nil {
		view = func(s [][]float64) [][]float64 { return s }
	}
	row := func(v *tensor.Dense, b int) []float64 { // of [B, width]
		n := v.Shape()[1]
		return slices.Clone(v.Float64s()[b*n : (b+1)*n])
	}
	rows := func(v []*tensor.Dense, b int) [][]float64 {
		var s [][]float64
		for _, n := range v {
			s = append(s, row(n, b))
		}
		return view(s)
	}
	width := out[0].Shape()[2]
	for b, length := range lengths {
		s := rows(in[2:], b)
		for i := range length {
			at := i
			if reverse {
				at = length - 1 - i
			}
			first := (at*refBatch + b) * c.inputs
			var y []float64
			y, s = c.step(w, x.Float64s()[first:first+c.inputs], s)
			first = (at*refBatch + b) * width
			agree(t, fmt.Sprintf("output of step %d, sequence %d", at, b), out[0].Float64s()[first:first+width], y)
		}
		for i, got := range rows(out[1:], b) {
			agree(t, fmt.Sprintf("final state %d of sequence %d", i, b), got, s[i])
		}
	}
}

func agree(t *testing.T, what string, got, want []float64) {
	t.Helper()
	graphtest.Close(t, what, graph.Floats64(got), graph.Floats64(want), 1e-11)
}

// Arithmetic on numbers, for the references.

func sigma(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
func relu(x float64) float64  { return math.Max(x, 0) }

// dot is row k of a weight [_, len(x)] times x.
func dot(w []float64, k int, x []float64) float64 {
	sum := 0.0
	for j, v := range x {
		sum += w[k*len(x)+j] * v
	}
	return sum
}

// times is all rows of a weight [_, len(x)] times x.
func times(w, x []float64) []float64 {
	y := make([]float64, len(w)/len(x))
	for k := range y {
		y[k] = dot(w, k, x)
	}
	return y
}

// normal is x less its mean over its standard deviation.
func normal(x []float64) []float64 {
	mean, square := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		square += (v - mean) * (v - mean) / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v - mean) / math.Sqrt(square+1e-5)
	}
	return y
}

// scaled is the element-wise product.
func scaled(a, b []float64) []float64 {
	y := make([]float64, len(a))
	for i := range a {
		y[i] = a[i] * b[i]
	}
	return y
}
