// Package benchmarks measures the library. Run it with
//
//	go test -run xxx -bench . ./benchmarks
package benchmarks

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// size is a language model's: batch, time steps, width of embedding and hidden state, layers, vocabulary.
type size struct{ B, T, I, H, L, V int }

func (s size) String() string {
	return fmt.Sprintf("B%dT%dI%dH%dL%dV%d", s.B, s.T, s.I, s.H, s.L, s.V)
}

func cells(h int) map[string]recurrent.Cell {
	return map[string]recurrent.Cell{
		"rnn": recurrent.RNN{Hidden: h}, "lstm": recurrent.LSTM{Hidden: h}, "gru": recurrent.GRU{Hidden: h},
	}
}

// languageModel maps ids and targets [T, B] to the loss of embedding, stacked cells and softmax head.
func languageModel(s size, cell recurrent.Cell) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: s.V, Size: s.I}.Apply(g.Scope("embedding"), in[0])
		y, _ := recurrent.Unroll(g.Scope("rnn"), recurrent.Layers(s.L, cell), x, recurrent.Options{})
		logits := nn.Head{Classes: s.V}.Apply(g.Scope("head"), y)
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}
	}
}

func batch(s size) []*tensor.Dense {
	return []*tensor.Dense{graphtest.RandomIDs(1, s.V, s.T, s.B), graphtest.RandomIDs(2, s.V, s.T, s.B)}
}

// BenchmarkTrain is one step of training: gradients, clipping, Adam.
func BenchmarkTrain(b *testing.B) {
	for _, s := range []size{{32, 50, 128, 128, 1, 65}, {50, 50, 64, 128, 2, 65}, {32, 35, 512, 512, 1, 1000}} {
		for name, cell := range cells(s.H) {
			b.Run(fmt.Sprintf("%s/%v", name, s), func(b *testing.B) {
				p := graph.NewParams(1)
				f := graph.NewFunc(p, languageModel(s, cell))
				in, adam := batch(s), &optim.Adam{}
				step := func() {
					if _, err := f.Grad(in...); err != nil {
						b.Fatal(err)
					}
					if _, err := optim.ClipByNorm(p, 1); err != nil {
						b.Fatal(err)
					}
					if err := adam.Step(p, 1e-3); err != nil {
						b.Fatal(err)
					}
				}
				step() // compiles, and makes the optimiser's state
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				b.ReportMetric(float64(s.T*s.B)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}

// BenchmarkCompile builds, differentiates and compiles one layer.
func BenchmarkCompile(b *testing.B) {
	for _, T := range []int{50, 200, 1000} {
		s := size{B: 32, T: T, I: 128, H: 128, L: 1, V: 65}
		b.Run("lstm/"+s.String(), func(b *testing.B) {
			in := batch(s)
			p := graph.NewParams(1)
			for b.Loop() {
				if _, err := graph.NewFunc(p, languageModel(s, recurrent.LSTM{Hidden: s.H})).Program(true, in...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
