package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// adapt trains networks on the King James text, and then on another one: all of their weights, or an adapter alone.
func adapt(nets []network, e effort) error {
	bible, err := catalog.KingJames.Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
	if err != nil {
		return err
	}
	data, err := os.ReadFile(e.text)
	if err != nil {
		return err
	}
	v, err := datasets.Characters(bible.Train.Text + string(data))
	if err != nil {
		return err
	}
	book, _, err := parted(v, bible.Train.Text)
	if err != nil {
		return err
	}
	train, validation, err := parted(v, string(data))
	if err != nil {
		return err
	}
	fmt.Printf("Trained on %d characters of the King James text, then as many of %s; the loss of its last tenth\n\n",
		e.steps*window*lanes, e.text)
	head("network", "what is trained", "weights of them", "share", "loss", "of the gain", "memory of training, MB")
	for _, n := range nets {
		width, _, err := fitted(n, e.budget)
		if err != nil {
			return err
		}
		base := newLearner(n, v.Len(), width)
		if err := base.learn(book, e); err != nil {
			return err
		}
		before, err := base.validate(validation)
		if err != nil {
			return err
		}
		row(n.name, "nothing", "0", "0 %", fmt.Sprintf("%.3f", before), "0 %", "")
		gain := 0.0
		for _, rank := range append([]int{0}, e.ranks...) {
			if err := tuned(n, base, rank, v.Len(), width, train, validation, before, &gain, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// parted are the ids of a text: nine tenths to train on, and the rest.
func parted(v *datasets.Vocabulary, text string) (train, validation []int, err error) {
	ids, err := v.Encode(text)
	if err != nil {
		return nil, nil, err
	}
	return datasets.Split(ids, 0.9)
}

// tuned trains a copy of a network, or an adapter of some rank beside it. The gain is what training all weights brings.
func tuned(n network, base *learner, rank, tokens, width int, train, validation []int, before float64, gain *float64, e effort) error {
	l := newLearner(n, tokens, width)
	if err := l.params.SetAll(base.params.Tensors("")); err != nil {
		return err
	}
	what := "all weights"
	if rank > 0 {
		what = fmt.Sprintf("LoRA, rank %d", rank)
		if err := l.adapt(nn.LoRA{Rank: rank, Tables: []string{"embedding"}}, n, tokens, width); err != nil {
			return err
		}
		e.rate *= math.Sqrt(8)
	}
	if err := l.learn(train, e); err != nil {
		return err
	}
	loss, err := l.validate(validation)
	if err != nil {
		return err
	}
	if rank == 0 {
		*gain = before - loss
	}
	trains := 0
	for i := range l.params.Len() {
		if p := l.params.At(i); !p.Frozen() {
			trains += p.Len()
		}
	}
	row(n.name, what, fmt.Sprint(trains), strings.TrimSpace(fmt.Sprintf("%.1f %%", 100*float64(trains)/float64(base.params.Elements()))),
		fmt.Sprintf("%.3f", loss), fmt.Sprintf("%.0f %%", 100*(before-loss) / *gain), fmt.Sprintf("%.1f", l.trainingMB()))
	return nil
}

// adapt has the learner train an adapter alone.
func (l *learner) adapt(a nn.LoRA, n network, tokens, width int) error {
	loss := lossOf(n, tokens, width)
	l.loss = graph.NewFunc(l.params, func(g *graph.Graph, in []graph.Node) []graph.Node { return loss(a.Apply(g), in) })
	ids := graph.Ints([]int{0}, 1, 1)
	if _, err := l.loss.Run(ids, ids); err != nil {
		return err
	}
	return a.Freeze(l.params)
}

// trainingMB is what a training takes: the program's memory, the weights, and for each that is trained a gradient and Adam's two
// numbers.
func (l *learner) trainingMB() float64 {
	numbers := 0
	for i := range l.params.Len() {
		p := l.params.At(i)
		numbers += p.Len()
		if !p.Frozen() {
			numbers += 3 * p.Len()
		}
	}
	return (float64(l.memory) + 4*float64(numbers)) / 1e6
}
