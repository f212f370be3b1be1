package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// BenchmarkCustom trains cells that the library has never heard of beside its own LSTM: the speed is to come from the
// compiler, so a user's cell should do as many operations a second as a built-in one ("GFLOP/s").
func BenchmarkCustom(b *testing.B) {
	for _, s := range []work.Work{
		{B: 32, T: 50, I: 128, H: 128, L: 1, V: 65},
		{B: 32, T: 35, I: 512, H: 512, L: 1, V: 1000},
	} {
		s.Kind, s.Cell = work.Train, "lstm"
		fifth := s
		fifth.Cell = work.Fifth
		for _, c := range []struct {
			name  string
			cell  recurrent.Cell
			flops float64
		}{
			{"lstm", recurrent.LSTM{Hidden: s.H}, s.FLOPs()},
			{"stacked", model.Written{Hidden: s.H, Gates: 4}, s.FLOPs()},
			{"gate-by-gate", gateByGate{s.H}, s.FLOPs()},
			{"fifth-gate", model.Cell(fifth), fifth.FLOPs()},
		} {
			b.Run(c.name+"/"+s.Size(), func(b *testing.B) { train(b, s, c.cell, c.flops) })
		}
	}
}

// gateByGate is an LSTM with a pair of matrices for every gate, as in the papers.
type gateByGate struct{ hidden int }

func (c gateByGate) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.hidden), g.Full(0, batch, c.hidden)}
}

func (c gateByGate) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	gate := func(name string) graph.Node { // [B, H]
		w := g.Param("w_"+name, graph.GlorotUniform(), c.hidden, x.Dim(1))
		u := g.Param("u_"+name, graph.GlorotUniform(), c.hidden, c.hidden)
		return g.Add(g.MatMulT(x, w), g.MatMulT(s[0], u), g.Param("b_"+name, graph.Constant(0), c.hidden))
	}
	i, f, o, n := g.Sigmoid(gate("i")), g.Sigmoid(gate("f")), g.Sigmoid(gate("o")), g.Tanh(gate("n"))
	cell := g.Add(g.Mul(f, s[1]), g.Mul(i, n))
	h := g.Mul(o, g.Tanh(cell))
	return h, recurrent.State{h, cell}
}
