package recurrent_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// A network learns to remember the first number of a sequence while others follow: many to one.
func Example() {
	const T, B, H = 10, 32, 16
	params := graph.NewParams(1) // owns every weight; 1 is the seed
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x, target := in[0], in[1] // [T, B, 1], [B, 1]
		_, final := recurrent.Unroll(g.Scope("lstm"), recurrent.LSTM{Hidden: H}, x, recurrent.Options{})
		y := nn.Dense{Units: 1}.Apply(g.Scope("head"), final[0])
		return []graph.Node{losses.MSE{}.Apply(g, y, target)}
	})
	adam := &optim.Adam{}
	rng := rand.New(rand.NewPCG(1, 2))
	x, target := make([]float32, T*B), make([]float32, B)
	last := 0.0
	for range 500 {
		for i := range x {
			x[i] = rng.Float32()*2 - 1
		}
		copy(target, x[:B]) // the first time step
		out, err := loss.Grad(graph.Floats(x, T, B, 1), graph.Floats(target, B, 1))
		if err != nil {
			fmt.Println(err)
			return
		}
		optim.Update(adam, params, 0.02, 1) // clips the gradients' norm to 1 and steps
		last = graph.Scalar(out[0])
	}
	fmt.Println("loss below 0.02:", last < 0.02) // guessing gives 0.33
	fmt.Println(params.Len(), "parameters, the first is", params.At(0).Name(), params.At(0).Shape())
	// Output:
	// loss below 0.02: true
	// 6 parameters, the first is lstm.weight_ih_l0 [64 1]
}

// MGU is the minimal gated unit (Zhou et al., 2016), as a user would write it: one gate, f, does the work of the
// GRU's two.
type MGU struct{ Hidden int }

func (c MGU) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.Hidden)}
}

func (c MGU) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	h := s[0]
	gate := func(name string, h graph.Node) graph.Node { // W·[x, h] + b
		w := g.Param("weight_"+name, graph.GlorotUniform(), c.Hidden, x.Dim(1)+c.Hidden)
		return g.Add(g.MatMulT(g.Concat(1, x, h), w), g.Param("bias_"+name, graph.Constant(0), c.Hidden))
	}
	f := g.Sigmoid(gate("f", h))
	n := g.Tanh(gate("n", g.Mul(f, h)))
	next := g.Add(h, g.Mul(f, g.Sub(n, h)))
	return next, recurrent.State{next}
}

// A cell of one's own unrolls, stacks and differentiates like any other.
func ExampleCell() {
	params := graph.NewParams(1)
	f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g, recurrent.StackOf(2, MGU{Hidden: 4}), in[0], recurrent.Options{})
		return []graph.Node{g.Sum(g.Square(y))}
	})
	if _, err := f.Grad(graph.Floats(make([]float32, 5*3*2), 5, 3, 2)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(params)
	// Output:
	// weight_f_l0  [4 6]                    24
	// bias_f_l0    [4]                       4
	// weight_n_l0  [4 6]                    24
	// bias_n_l0    [4]                       4
	// weight_f_l1  [4 8]                    32
	// bias_f_l1    [4]                       4
	// weight_n_l1  [4 8]                    32
	// bias_n_l1    [4]                       4
	// total                                128
}
