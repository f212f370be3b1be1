package graph_test

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
)

// Logistic regression by hand: build, run, differentiate, update.
func Example() {
	params := graph.NewParams(1)
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x, y := in[0], in[1] // [B, 2], [B, 1]
		w := g.Param("w", graph.Constant(0), 1, 2)
		p := g.Sigmoid(g.MatMulT(x, w))
		hit := g.Mul(y, g.Log(p))
		miss := g.Mul(g.Affine(y, -1, 1), g.Log(g.Affine(p, -1, 1)))
		return []graph.Node{g.Neg(g.Mean(g.Add(hit, miss))), p}
	})
	x := graph.Floats([]float32{1, 2, 2, 1, -1, -2, -2, -1}, 4, 2)
	y := graph.Floats([]float32{1, 1, 0, 0}, 4, 1)
	for range 100 {
		if _, err := loss.Grad(x, y); err != nil { // leaves ∂loss/∂w in the store
			fmt.Println(err)
			return
		}
		w := params.Get("w")
		for i, d := range w.Grad().Float32s() {
			w.Value().Float32s()[i] -= 0.5 * d
		}
	}
	out, _ := loss.Run(x, y)
	fmt.Printf("loss %.3f, probabilities %.2f\n", graph.Scalar(out[0]), out[1].Float32s())
	// Output: loss 0.004, probabilities [1.00 1.00 0.00 0.00]
}

// A mistake comes out once, when the graph is compiled, with its place.
func Example_errors() {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		h := g.Scope("encoder").MatMul(in[0], in[1])
		return []graph.Node{g.Tanh(h)}
	})
	_, err := f.Run(graph.Floats(make([]float32, 6), 2, 3), graph.Floats(make([]float32, 8), 4, 2))
	e := err.(*graph.Error)
	fmt.Println(e.Op, "in", e.Scope+":", e.Reason)
	// Output: MatMul in encoder: want [..., K]·[K, N], found [2 3]·[4 2]
}

// Program.String lists what a program does. Here, both products with w read a packed copy of it, and w's gradient is
// one product over the rows of both steps, straight into the parameter's memory.
func ExampleProgram_String() {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		h := in[0] // [2, 3]
		w := g.Param("w", graph.Orthogonal(1), 3, 3)
		for range 2 {
			h = g.Tanh(g.MatMulT(h, w))
		}
		return []graph.Node{g.Sum(h)}
	})
	program, err := f.GradProgram(graph.Floats(make([]float32, 6), 2, 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(program)
	// Output:
	// program: 13 steps, 284 bytes
	//    0  -           = %2 pack Bᵀ w  [3 3]
	//    1  @0          = %3 matmul A·Bᵀ packed input0 %2  [2 3]
	//    2  @22         = %4 tanh %3  [2 3]
	//    3  @16         = copy input0  for (input0 … %4)
	//    4  @0          = %6 matmul A·Bᵀ packed %4 %2  [2 3]
	//    5  @0          = %7 tanh %6  [2 3]
	//    6  own+0       = %8 sum of 6 %7  []
	//    7  @32         = %10 expand 6 times const 1  [2 3]  ; gradient
	//    8  -           = %12 pack B w  [3 3]  ; gradient
	//    9  @54         = %11 tanh' %7 %10  [2 3]  ; gradient
	//   10  @0          = %13 matmul A·B packed %11 %12  [2 3]  ; gradient
	//   11  @48         = %14 tanh' %4 %13  [2 3]  ; gradient
	//   12  own+0       = %16 matmul Aᵀ·B (%14 … %11) (input0 … %4)  [3 3]  ; gradient
}
