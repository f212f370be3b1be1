package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// myLSTM is an LSTM as a user writes it.
type myLSTM struct{ H int }

func (c myLSTM) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Zeros(batch, c.H), g.Zeros(batch, c.H)}
}

func (c myLSTM) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	w := g.Param("w", graph.GlorotUniform(), x.Dim(1), 4*c.H)
	u := g.Param("u", graph.Orthogonal(1), c.H, 4*c.H)
	b := g.Param("b", graph.Zeros(), 4*c.H)
	z := g.Split(g.Add(g.MatMul(x, w), g.MatMul(s[0], u), b), 1, 4)
	cell := g.Add(g.Mul(g.Sigmoid(z[1]), s[1]), g.Mul(g.Sigmoid(z[0]), g.Tanh(z[2])))
	h := g.Mul(g.Sigmoid(z[3]), g.Tanh(cell))
	return h, recurrent.State{h, cell}
}

// squelchedLSTM is a cell that nobody has heard of: a fifth gate decides how much of the input's candidate is squared.
type squelchedLSTM struct{ H int }

func (c squelchedLSTM) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Zeros(batch, c.H), g.Zeros(batch, c.H)}
}

func (c squelchedLSTM) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	w := g.Param("w", graph.GlorotUniform(), x.Dim(1), 5*c.H)
	u := g.Param("u", graph.Orthogonal(1), c.H, 5*c.H)
	b := g.Param("b", graph.Zeros(), 5*c.H)
	z := g.Split(g.Add(g.MatMul(x, w), g.MatMul(s[0], u), b), 1, 5)
	n, q := g.Tanh(z[2]), g.Sigmoid(z[4])
	mixed := g.Add(n, g.Mul(q, g.Sub(g.Square(n), n)))
	cell := g.Add(g.Mul(g.Sigmoid(z[1]), s[1]), g.Mul(g.Sigmoid(z[0]), mixed))
	h := g.Mul(g.Sigmoid(z[3]), g.Tanh(cell))
	return h, recurrent.State{h, cell}
}

// BenchmarkCustom trains cells that are not part of the library. MFLOP/token counts the products.
func BenchmarkCustom(b *testing.B) {
	const B, T, H, V = 32, 50, 128, 2000
	for _, c := range []struct {
		name  string
		cell  recurrent.Cell
		gates int
	}{{"lstm", recurrent.LSTM{Hidden: H}, 4}, {"my lstm", myLSTM{H}, 4}, {"squelched", squelchedLSTM{H}, 5}} {
		b.Run(c.name, func(b *testing.B) {
			p := graph.NewParams(1)
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				x := nn.Embedding{Tokens: V, Size: H}.Apply(g.Scope("embedding"), in[0])
				y, _ := recurrent.Unroll(g.Scope("rnn"), c.cell, x, recurrent.Options{})
				return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Head{Classes: V}.Apply(g.Scope("head"), y), in[1])}
			})
			in := []*tensor.Dense{graphtest.RandomIDs(1, V, T, B), graphtest.RandomIDs(2, V, T, B)}
			adam := &optim.Adam{}
			step := func() {
				if _, err := f.Grad(in...); err != nil {
					b.Fatal(err)
				}
				if _, err := optim.Update(adam, p, 1e-3, 1); err != nil {
					b.Fatal(err)
				}
			}
			step()
			for b.Loop() {
				step()
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			flops := 6 * float64(2*H*H*c.gates+H*V)
			b.ReportMetric(T*B/seconds, "tokens/s")
			b.ReportMetric(flops*T*B/seconds/1e9, "GFLOP/s")
		})
	}
}
