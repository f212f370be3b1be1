package benchmarks

import (
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// BenchmarkLayers trains two bidirectional layers of LSTM, plain and with everything on: layer normalisation, and dropout
// of inputs, states and recurrent weights with one mask a sequence. The products are the same.
func BenchmarkLayers(b *testing.B) {
	const B, T, H, V = 32, 50, 256, 65
	for _, c := range []struct {
		name string
		cell recurrent.LSTM
		drop recurrent.SequenceDropout
	}{
		{"plain", recurrent.LSTM{Hidden: H}, recurrent.SequenceDropout{}},
		{"layer norm", recurrent.LSTM{Hidden: H, LayerNorm: true}, recurrent.SequenceDropout{}},
		{"dropout", recurrent.LSTM{Hidden: H}, recurrent.SequenceDropout{Input: 0.2, Recurrent: 0.2, Weights: 0.2}},
		{"both", recurrent.LSTM{Hidden: H, LayerNorm: true}, recurrent.SequenceDropout{Input: 0.2, Recurrent: 0.2}},
	} {
		b.Run(c.name, func(b *testing.B) {
			loss := func(g *graph.Graph, in []graph.Node) []graph.Node {
				x := nn.Embedding{Tokens: V, Size: H}.Apply(g.Scope("embedding"), in[0])
				deep := recurrent.DeepOf(2, recurrent.Bidirectional{Cell: c.cell})
				y, _ := deep.Apply(g.Scope("rnn"), x, recurrent.Options{Dropout: c.drop})
				return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Head{Classes: V}.Apply(g.Scope("head"), y), in[1])}
			}
			t := model.TrainerOf(loss, graphtest.RandomIDs(1, V, T, B), graphtest.RandomIDs(2, V, T, B))
			repeat(b, t.Step)
			b.ReportMetric(B*T*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
