package linear_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// A vector, the last state of an encoder with another cell, starts every cell whose memory it can be: values are finite, and gradients
// reach the encoder. Cells whose memory has scales of its own say that it cannot.
func TestVectorsStartCells(t *testing.T) {
	cells := matrixCells(4)
	maps.Copy(cells, diagonalCells(4))
	for name, cell := range cells {
		switch c := cell.(type) { // the input is as wide as they want it
		case widened:
			cell = c.Scanner
		case fitted:
			cell = c.Scanner
		}
		encoder := recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 3}}
		p := graph.NewParams64(1)
		build := func(g *graph.Graph, in []graph.Node) []graph.Node {
			_, final := encoder.Apply(g.Scope("encoder"), in[0], recurrent.Options{})
			first := recurrent.Bridge{}.Apply(g, encoder, final, cell)
			if g.Err() != nil {
				return []graph.Node{{}}
			}
			y, _ := recurrent.Unroll(g.Scope("decoder"), cell, in[1], recurrent.Options{Initial: first})
			return []graph.Node{g.Sum(g.Mul(y, in[2]))}
		}
		in := []*tensor.Dense{graphtest.Random(1, 3, 2, 2), graphtest.Random(2, 4, 2, 4), graphtest.Random(3, 4, 2, 4)}
		_, err := graph.NewFunc(p, build).Run(in...)
		if refuses := strings.HasPrefix(name, "xlstm") || strings.HasPrefix(name, "mlstm"); refuses || err != nil {
			if !refuses || err == nil || !strings.Contains(err.Error(), "a matrix, which a vector cannot start") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		for i := range p.Len() { // some cells start with outputs of zero
			for j, r := range graphtest.Random(uint64(i), p.At(i).Len()).Float64s() {
				p.At(i).Value().Float64s()[j] += r / 10
			}
		}
		graphtest.CheckGradient(t, graphtest.Gradient{Params: p, Inputs: in, Build: build, Samples: 4, Tolerance: 1e-5})
		if _, err := graph.NewFunc(p, build).Grad(in...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		reached := 0.0
		for _, v := range p.Get("encoder.weight_hh_l0").Grad().Float64s() {
			reached += v * v
		}
		if !(reached > 0) {
			t.Errorf("%s: nothing of the encoder reaches the decoder", name)
		}
	}
}
