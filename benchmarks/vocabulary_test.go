package benchmarks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// The language model of BenchmarkVocabulary: sequences, steps, width of embedding and state, words.
const (
	vocabularyB, vocabularyT, vocabularyH = 32, 35, 256
	vocabularyV                           = 100_000
)

// BenchmarkVocabulary is a step of training a language model of 100,000 words by each of the heads for large vocabularies,
// with the embedding's gradient dense and by rows. Words are drawn by Zipf's law, the first the most frequent. With -v, it
// prints where the time of the program goes; the optimiser is not a part of that.
func BenchmarkVocabulary(b *testing.B) {
	adaptive := nn.AdaptiveHead{Classes: vocabularyV, Cutoffs: []int{2000, 10_000, 50_000}}
	sampled := nn.SampledHead{Classes: vocabularyV, Samples: 2048}
	sparse := sampled
	sparse.Sparse = true
	for _, c := range []struct {
		name string
		head func(g *graph.Graph, x, targets graph.Node) graph.Node // losses of the targets
		rows bool
	}{
		{"full", full, false},
		{"full,rows", full, true},
		{"adaptive", lossesOf(adaptive), false},
		{"adaptive,rows", lossesOf(adaptive), true},
		{"sampled", lossesOf(sampled), false},
		{"sampled,rows", lossesOf(sparse), true},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := &optim.Adam{Sparse: c.rows}
			p := graph.NewParams(1)
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				x := nn.Embedding{Tokens: vocabularyV, Size: vocabularyH, Sparse: c.rows}.Apply(g.Scope("embedding"), in[0])
				y, _ := recurrent.Unroll(g.Scope("rnn"), recurrent.LSTM{Hidden: vocabularyH}, x, recurrent.Options{})
				return []graph.Node{losses.Mean{}.Apply(g, c.head(g.Scope("head"), y, in[1]), in[1])}
			})
			rng := rand.New(rand.NewPCG(1, 1))
			step := func() error {
				if _, err := f.Grad(zipf(rng), zipf(rng)); err != nil {
					return err
				}
				_, err := optim.Update(o, p, 0.001, 1)
				return err
			}
			if err := step(); err != nil { // compiles
				b.Fatal(err)
			}
			var profile graph.Profile
			if testing.Verbose() {
				f.SetProfile(&profile)
			}
			repeat(b, step)
			b.ReportMetric(vocabularyB*vocabularyT*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
			if testing.Verbose() {
				b.Log("\n" + profile.String())
			}
		})
	}
}

// full is the softmax over all words.
func full(g *graph.Graph, x, targets graph.Node) graph.Node {
	return g.CrossEntropy(nn.Head{Classes: vocabularyV}.Apply(g, x), targets, graph.NoID)
}

func lossesOf(h interface {
	Losses(g *graph.Graph, x, targets graph.Node, ignore int) graph.Node
}) func(g *graph.Graph, x, targets graph.Node) graph.Node {
	return func(g *graph.Graph, x, targets graph.Node) graph.Node { return h.Losses(g, x, targets, graph.NoID) }
}

// zipf draws words [T, B], word i in proportion to 1/(i+1), nearly.
func zipf(rng *rand.Rand) *tensor.Dense {
	ids := make([]int, vocabularyT*vocabularyB)
	for i := range ids {
		ids[i] = min(int(math.Exp(rng.Float64()*math.Log(vocabularyV+1)))-1, vocabularyV-1)
	}
	return graph.Ints(ids, vocabularyT, vocabularyB)
}
