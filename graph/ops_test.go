package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/opcases"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestOpGradients(t *testing.T) {
	for _, c := range opcases.All() {
		t.Run(c.String(), func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Build: c.Loss, Inputs: c.Inputs()})
		})
	}
}

// The derivatives of the gates are operations of their own; differentiating twice checks theirs.
func TestSecondDerivatives(t *testing.T) {
	for _, c := range opcases.All() {
		switch c.Name {
		case "sigmoid", "tanh", "relu", "exp", "log", "sqrt", "square", "softplus", "mul", "div", "matmul", "matmul t",
			"t matmul", "softmax axis -1", "log softmax axis -1", "logsumexp", "gather", "slice axis 1", "where", "abs",
			"erf", "log1p", "log gamma", "digamma", "log rising factorial", "batched matmul", "batched matmul t", "batched t matmul", "pick", "scatter",
			"pow", "take", "sin", "cos", "cumsum", "cumsum reverse", "conv", "conv transpose", "sum-pool":
		default:
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			build := func(g *graph.Graph, in []graph.Node) []graph.Node {
				loss := c.Loss(g, in)[0]
				total := g.Full(0)
				for i, d := range g.Grad(loss, in[0]) {
					total = g.Add(total, g.MulScalar(g.Sum(g.Square(d)), float64(i+1)))
				}
				return []graph.Node{g.Add(total, loss)}
			}
			graphtest.CheckGradient(t, graphtest.Gradient{Build: build, Inputs: c.Inputs()})
		})
	}
}

// Every operation, run by Gorgonia's TapeMachine with Gorgonia's own differentiation, and by Program, in float32.
func TestOpsOnTapeMachine(t *testing.T) {
	for _, c := range opcases.All() {
		t.Run(c.String(), func(t *testing.T) {
			var in []*tensor.Dense
			for _, v := range c.Inputs() {
				in = append(in, graphtest.Float32(v))
			}
			compareWithTape(t, graph.NewParams(1), in, c.Loss)
		})
	}
}

// askAgain asks for a parameter that exists, by its full name: "scope.weight_ih_l0".
func askAgain(g *graph.Graph, q *graph.Param) graph.Node {
	path := strings.Split(q.Name(), ".")
	for _, scope := range path[:len(path)-1] {
		g = g.Scope(scope)
	}
	return g.Shared().Param(path[len(path)-1], nil, q.Shape()...)
}

// compareWithTape runs one graph on both machines and compares the loss and the gradients of float inputs and weights.
func compareWithTape(t *testing.T, p *graph.Params, in []*tensor.Dense, build graph.Build) {
	t.Helper()
	declare := func() (*graph.Graph, []graph.Node, []graph.Node, []graph.Node) {
		g := graph.NewTraining(p)
		var nodes, wrt []graph.Node
		for i, v := range in {
			name := fmt.Sprint("in", i)
			if v.Dtype() == tensor.Int {
				nodes = append(nodes, g.InputIDs(name, v.Shape()...))
			} else {
				nodes = append(nodes, g.Input(name, v.Shape()...))
				wrt = append(wrt, nodes[i])
			}
		}
		out := build(g, nodes)
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < p.Len(); i++ { // the weights, too, by asking for them again
			wrt = append(wrt, askAgain(g, p.At(i)))
		}
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		return g, nodes, wrt, out
	}
	g, _, wrt, out := declare()
	program, err := g.Compile(append(out[:1:1], g.Grad(out[0], wrt...)...)...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := program.Run(in...)
	if err != nil {
		t.Fatal(err)
	}

	g2, nodes, wrt2, out2 := declare()
	expr := g2.Expr()
	var targets gorgonia.Nodes
	for _, n := range wrt2 {
		targets = append(targets, n.Gorgonia())
	}
	grads, err := gorgonia.Grad(out2[0].Gorgonia(), targets...)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range nodes {
		if err := gorgonia.Let(n.Gorgonia(), in[i]); err != nil {
			t.Fatal(err)
		}
	}
	g2.Expr() // bind the constants that the derivatives added
	values := make([]gorgonia.Value, len(grads)+1)
	gorgonia.Read(out2[0].Gorgonia(), &values[0])
	for i, n := range grads {
		gorgonia.Read(n, &values[i+1])
	}
	machine := gorgonia.NewTapeMachine(expr)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		want, ok := v.(*tensor.Dense)
		if !ok {
			want = tensor.New(tensor.FromScalar(v.Data()))
		}
		tolerance := 1e-6
		if p.Dtype() == tensor.Float64 {
			tolerance = 1e-12
		}
		graphtest.Close(t, fmt.Sprint("result ", i), got[i], want, tolerance)
	}
}
