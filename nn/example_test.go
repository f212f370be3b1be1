package nn_test

import (
	"fmt"
	"log"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
)

// Each of 5,000 words is followed by another one. The table of the words has gradients in the rows of a batch alone, and of
// the softmax, whose rare words are in two clusters, only the clusters that the batch has words of are computed.
func ExampleAdaptiveHead() {
	const words = 5000
	embedding := nn.Embedding{Tokens: words, Size: 32, Sparse: true}
	head := nn.AdaptiveHead{Classes: words, Cutoffs: []int{50, 500}, DivValue: 2}
	hidden := func(g *graph.Graph, ids graph.Node) graph.Node {
		return g.Tanh(nn.Dense{Units: 32}.Apply(g.Scope("hidden"), embedding.Apply(g.Scope("embedding"), ids)))
	}
	p := graph.NewParams(1)
	loss := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		each := head.Losses(g.Scope("head"), hidden(g, in[0]), in[1], graph.NoID)
		return []graph.Node{losses.Mean{}.Apply(g, each, in[1])}
	})
	predict := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{head.Predict(g.Scope("head"), hidden(g, in[0]))}
	})
	ids, next := graph.Ints([]int{0, 40, 700, 4000}), graph.Ints([]int{40, 700, 4000, 0})
	o := optim.SparseAdam()
	for range 100 {
		if _, err := loss.Grad(ids, next); err != nil {
			log.Fatal(err)
		}
		if _, err := optim.Update(o, p, 0.01, 1); err != nil {
			log.Fatal(err)
		}
	}
	out, err := predict.Run(ids)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Ints())
	// Output: [40 700 4000 0]
}

// The same sentence by a sampled softmax: 8 of the 5,000 words stand for all of them in each step, and all count afterwards.
func ExampleSampledHead() {
	const words = 5000
	head := nn.SampledHead{Classes: words, Samples: 8, Sparse: true}
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: words, Size: 32, Sparse: true}.Apply(g.Scope("embedding"), in[0])
		return []graph.Node{losses.Mean{}.Apply(g, head.Losses(g.Scope("head"), x, in[1], graph.NoID), in[1])}
	})
	ids, next := graph.Ints([]int{0, 40, 700, 4000}), graph.Ints([]int{40, 700, 4000, 0})
	o := optim.SparseAdam()
	for range 300 {
		if _, err := f.Grad(ids, next); err != nil {
			log.Fatal(err)
		}
		if _, err := optim.Update(o, p, 0.05, 1); err != nil {
			log.Fatal(err)
		}
	}
	out, err := f.Run(ids, next) // the full softmax
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("learned:", graph.Scalar(out[0]) < 1)
	// Output: learned: true
}
