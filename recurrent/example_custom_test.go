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

// CFN is the chaos-free network (Laurent and von Brecht, 2017, arXiv 1612.06212), whose state dies away when nothing
// comes in:
//
//	θ, η = σ(U·h + W·x + b), two gates
//	h' = θ⊙tanh(h) + η⊙tanh(V·x)
type CFN struct{ Hidden int }

// Begin returns h = 0, [B, H].
func (c CFN) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.Hidden)}
}

// Step computes the new hidden state, which is also the output, [B, H].
func (c CFN) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	if c.Hidden < 1 {
		return g.Failf("CFN", "hidden size %d; want at least 1", c.Hidden), s
	}
	h, input := s[0], x.Dim(1)
	u := g.Param("weight_hh", graph.Repeat(2, graph.Orthogonal(1)), 2*c.Hidden, c.Hidden)
	w := g.Param("weight_ih", graph.Repeat(2, graph.GlorotUniform()), 2*c.Hidden, input)
	b := g.Param("bias_ih", graph.Blocks(graph.Constant(1), graph.Constant(0)), 2*c.Hidden) // θ starts by keeping
	v := g.Param("weight_v", graph.GlorotUniform(), c.Hidden, input)
	gate := g.Split(g.Sigmoid(g.Add(g.MatMulT(h, u), g.MatMulT(x, w), b)), 1, 2)
	next := g.Add(g.Mul(gate[0], g.Tanh(h)), g.Mul(gate[1], g.Tanh(g.MatMulT(x, v))))
	return next, recurrent.State{next}
}

// A cell of one's own: the two methods above are all there is to write. Here two layers of it learn to say which of
// the first two numbers of a sequence was the larger.
func Example_customCell() {
	const T, B = 6, 32
	params := graph.NewParams(1)
	model := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		_, final := recurrent.Unroll(g.Scope("cfn"), recurrent.StackOf(2, CFN{Hidden: 12}), in[0], recurrent.Options{})
		logits := nn.Head{Classes: 2}.Apply(g.Scope("head"), final[1]) // the state of the second layer
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}
	})
	adam, rng := &optim.Adam{}, rand.New(rand.NewPCG(1, 2))
	x, larger := make([]float32, T*B), make([]int, B)
	first, last := 0.0, 0.0
	for step := range 2000 {
		for i := range x {
			x[i] = rng.Float32()*2 - 1
		}
		for b := range larger {
			larger[b] = 0
			if x[B+b] > x[b] {
				larger[b] = 1
			}
		}
		out, err := model.Grad(graph.Floats(x, T, B, 1), graph.Ints(larger))
		if err != nil {
			fmt.Println(err)
			return
		}
		optim.ClipByNorm(params, 1)
		adam.Step(params, 0.02)
		if last = graph.Scalar(out[0]); step == 0 {
			first = last
		}
	}
	fmt.Printf("the loss went below a third: %v\n", last < first/3)
	fmt.Println(params.At(0).Name(), params.At(0).Shape())
	// Output:
	// the loss went below a third: true
	// cfn.weight_hh_l0 [24 12]
}
