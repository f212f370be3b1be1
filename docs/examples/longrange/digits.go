package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// digits reads images row by row and says at the end which digit it was.
func digits() error {
	parts, err := catalog.Digits.Load(context.Background(), catalog.Options{Validation: -1, Test: 0.2, Seed: 1})
	if err != nil {
		return err
	}
	fmt.Printf("Digits of 8x8 pixels, row by row, LSTM 64: %d to train on, %d to test\n", parts.Train.Len(), parts.Test.Len())
	params := graph.NewParams(1)
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits := nn.Head{Classes: 10}.Apply(g.Scope("head"), lastOf(recurrent.LSTM{Hidden: 64})(g, in[0]))
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), logits}
	})
	adam, rng := &optim.Adam{}, rand.New(rand.NewPCG(1, 1))
	const epochs, size = 60, 32
	for epoch := range epochs {
		order := rng.Perm(parts.Train.Len())
		for at := 0; at+size <= len(order); at += size {
			in, err := rowsOf(parts.Train, order[at:at+size])
			if err != nil {
				return err
			}
			if _, err := loss.Grad(in...); err != nil {
				return err
			}
			if _, err := optim.Update(adam, params, optim.Cosine{Start: 3e-3, End: 1e-4, Steps: epochs}.Rate(epoch), 1); err != nil {
				return err
			}
		}
	}
	all := make([]int, parts.Test.Len())
	for i := range all {
		all[i] = i
	}
	in, err := rowsOf(parts.Test, all)
	if err != nil {
		return err
	}
	out, err := loss.Run(in...)
	if err != nil {
		return err
	}
	right := 0
	for i, digit := range parts.Test.Labels {
		if cloze.Likeliest(out[1].Float32s()[i*10:][:10]) == digit {
			right++
		}
	}
	fmt.Printf("  %.1f %% of the test images are right\n", 100*float64(right)/float64(len(all)))
	return nil
}

// rowsOf is a batch of images as sequences of their rows, [8, B, 8], and their digits [B].
func rowsOf(images catalog.Images, examples []int) ([]*tensor.Dense, error) {
	values, labels, err := images.Batch(examples)
	if err != nil {
		return nil, err
	}
	return []*tensor.Dense{graph.Floats(values, images.Rows, len(examples), images.Columns), graph.Ints(labels)}, nil
}
