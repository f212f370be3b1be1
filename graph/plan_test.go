package graph

import (
	"cmp"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// randomGraph adds operations on random earlier nodes: sums of sums, views of views, one node as a term of several
// sums, slices that feed several readers.
func randomGraph(g *Graph, rng *rand.Rand, in []Node) Node {
	square := []Node{in[0], in[1], g.Param("w", Orthogonal(1), 4, 4), g.Param("v", Orthogonal(1), 4, 4)} // [4, 4]
	rows := []Node{in[2], g.Param("b", Normal(0, 1), 4)}                                                 // [4]
	any4 := func() Node { return square[rng.IntN(len(square))] }
	row := func() Node { return rows[rng.IntN(len(rows))] }
	for i := 0; i < 4+rng.IntN(25); i++ {
		a, b := any4(), any4()
		switch rng.IntN(18) {
		case 0:
			square = append(square, g.Tanh(a))
		case 1:
			square = append(square, g.MatMul(a, b))
		case 2:
			square = append(square, g.MatMulT(a, b))
		case 3:
			square = append(square, g.TMatMul(a, b))
		case 4:
			square = append(square, g.Add(a, b, any4(), row()))
		case 5:
			square = append(square, g.Add(g.MatMul(a, b), g.MatMulT(b, a), g.MatMul(any4(), b))) // all terms fold
		case 6:
			square = append(square, g.Sub(a, g.Mul(b, row())))
		case 7:
			rows = append(rows, g.Unstack(a)...)
		case 8:
			square = append(square, g.Stack(row(), row(), row(), row()))
		case 9:
			square = append(square, g.Reshape(g.Reshape(a, 2, 8), 4, 4))
		case 10:
			halves := g.Split(a, 1, 2)
			square = append(square, g.Concat(1, g.Sigmoid(halves[1]), halves[0]))
		case 11:
			halves := g.Split(g.Reshape(a, 16), 0, 2)
			rows = append(rows, g.Slice(halves[1], 0, 2, 6), g.Slice(halves[0], 0, 4, 8)) // views of views of views
		case 12:
			rows = append(rows, g.Sum(a, rng.IntN(2)))
		case 13:
			square = append(square, g.Transpose(a), g.Softmax(b, rng.IntN(2)))
		case 14:
			square = append(square, g.Add(a, a))
		case 15:
			square = append(square, g.Where(row(), a, b))
		case 16: // rows of columns, some of them read again
			halves := g.Split(a, 1, 2)
			q := g.Tanh(halves[0])
			parts := g.Split(q, 0, 2)
			square = append(square, g.Concat(1, g.Concat(0, g.Mul(parts[1], parts[0]), g.Transpose(parts[0])), halves[1]))
		case 17: // a scan: each part meets the one before
			q := g.Sigmoid(g.Slice(a, 1, 1, 4))
			moved := g.Concat(0, g.Slice(b, 0, 3, 4), g.Concat(1, g.Mul(g.Slice(q, 0, 0, 3), g.Slice(q, 0, 1, 4)), g.Slice(g.Slice(b, 0, 0, 3), 1, 0, 1)))
			square = append(square, moved)
		}
	}
	last := append(square[max(0, len(square)-4):], rows[len(rows)-1])
	loss := g.Full(0)
	for _, n := range last {
		loss = g.Add(loss, g.Mean(g.Tanh(n)))
	}
	return loss
}

// TestPlansAgree compares a program as it is planned, with memory used again and sums accumulated in place, with the
// same graph when every node is an output, so that nothing is.
func TestPlansAgree(t *testing.T) {
	t.Setenv("UNROLL_PASSES", cmp.Or(os.Getenv("UNROLL_PASSES"), "check")) // the code is sound after each pass
	seeds := uint64(1500)
	if testing.Short() {
		seeds = 200 // for other processors, and without each pass: what all have in common is found by the 1,500
	}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 0))
		p := NewParams64(seed)
		g := NewTraining(p)
		in := []Node{g.Input("x", 4, 4), g.Input("y", 4, 4), g.Input("r", 4)}
		loss := randomGraph(g, rng, in)
		roots := append([]Node{loss}, g.Grad(loss, append(append([]Node{}, in...), g.weights["w"], g.weights["v"], g.weights["b"])...)...)
		if err := g.Err(); err != nil {
			t.Fatal(seed, err)
		}
		var args []*tensor.Dense
		for _, n := range in {
			v := dense.New(tensor.Float64, n.shape())
			dense.Fill(v, func(int) float64 { return rng.NormFloat64() })
			args = append(args, v)
		}
		run := func(outputs []Node) []*tensor.Dense {
			program, err := g.Compile(outputs...)
			if err != nil {
				t.Fatal(seed, err)
			}
			var out []*tensor.Dense
			for range 2 { // the second run starts from used memory
				if out, err = program.Run(args...); err != nil {
					t.Fatal(seed, err)
				}
			}
			return out
		}
		planned := run(roots)
		everything := run(append(append([]Node{}, roots...), reachable(roots...)...))
		for i, v := range planned {
			for j, x := range v.Float64s() {
				if y := everything[i].Float64s()[j]; math.Abs(x-y) > 1e-11*math.Max(1, math.Abs(y)) {
					t.Fatalf("seed %d: output %d[%d] is %v as planned, %v without reuse", seed, i, j, x, y)
				}
			}
		}
	}
}
