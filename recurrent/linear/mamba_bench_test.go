package linear_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// mambaLM is a language model of Mamba blocks over bytes, as its paper has it: x + mamba(norm(x)), layer by layer.
func mambaLM(layers int, cell linear.Mamba) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: 256, Size: cell.Hidden}.Apply(g.Scope("embedding"), in[0])
		for i := range layers {
			at := g.Scope("layers").Scope(strconv.Itoa(i))
			y, _ := recurrent.Scan(at.Scope("mixer"), cell, nn.RMSNorm{}.Apply(at.Scope("norm"), x), recurrent.Options{})
			x = g.Add(x, y)
		}
		x = nn.RMSNorm{}.Apply(g.Scope("norm_f"), x)
		return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Dense{Units: 256}.Apply(g.Scope("head"), x), in[1])}
	}
}

// A training step of a Mamba of 9.5 million weights over 1,024 tokens: forward and backward.
func BenchmarkMambaTraining(b *testing.B) {
	const T = 1024
	for _, batch := range []int{1, 4} {
		b.Run(fmt.Sprint("B", batch), func(b *testing.B) {
			f := graph.NewFunc(graph.NewParams(1), mambaLM(22, linear.Mamba{Hidden: 256}))
			ids, targets := graphtest.RandomIDs(1, 256, T, batch), graphtest.RandomIDs(2, 256, T, batch)
			if _, err := f.Grad(ids, targets); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := f.Grad(ids, targets); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(T*batch*b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
