package benchmarks

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// chunkedModels are language models of bytes with about ten million weights, whose cells are computed in chunks.
var chunkedModels = map[string]struct {
	width, layers int
	cell          recurrent.Scanner
	bare          bool // the cell has residual connections and normalisations of its own
}{
	"mlstm":  {width: 512, layers: 9, cell: recurrent.MLSTM{Hidden: 512, Heads: 8}},
	"rwkv7":  {width: 384, layers: 1, cell: linear.RWKV7{Hidden: 384, Layers: 5}, bare: true},
	"mamba2": {width: 512, layers: 6, cell: linear.Mamba2{Hidden: 512}},
}

// BenchmarkChunks is a training step of 2 sequences of 1,024 bytes. benchmarks/peers/torch_chunks.py does the same.
func BenchmarkChunks(b *testing.B) {
	const T, B, V = 1024, 2, 256
	for _, name := range []string{"mlstm", "rwkv7", "mamba2"} {
		m := chunkedModels[name]
		b.Run(fmt.Sprintf("%s/B%dT%d", name, B, T), func(b *testing.B) {
			t := model.TrainerOf(func(g *graph.Graph, in []graph.Node) []graph.Node {
				x := nn.Embedding{Tokens: V, Size: m.width}.Apply(g.Scope("embedding"), in[0])
				for i := range m.layers {
					at := recurrent.InLayer(g, i)
					if m.bare {
						x, _ = recurrent.Scan(at, m.cell, x, recurrent.Options{})
						continue
					}
					y, _ := recurrent.Scan(at.Scope("cell"), m.cell, nn.RMSNorm{}.Apply(at.Scope("norm"), x), recurrent.Options{})
					x = g.Add(x, y)
				}
				logits := nn.Head{Classes: V}.Apply(g.Scope("head"), nn.RMSNorm{}.Apply(g.Scope("norm"), x))
				return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}
			}, graphtest.RandomIDs(1, V, T, B), graphtest.RandomIDs(2, V, T, B))
			repeat(b, t.Step)
			b.ReportMetric(B*T*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
