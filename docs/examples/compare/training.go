package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// trainer makes steps of Adam, the norm of gradients clipped at 1, and keeps the times they take. The rate rises over the
// first twentieth of the steps and then falls along a cosine.
type trainer struct {
	params *graph.Params
	loss   *graph.Func
	adam   optim.Adam
	rate   optim.Cosine
	made   int
	perSec []float64 // tokens a second of every step but the first of a shape, which compiles
	seen   map[string]bool
}

func newTrainer(rate float64, steps int, loss graph.Build) *trainer {
	if anyRate != 0 {
		rate = anyRate
	}
	p := graph.NewParams(1)
	falling := optim.Cosine{Start: rate, End: rate / 20, Steps: steps}
	return &trainer{params: p, loss: graph.NewFunc(p, loss), rate: falling, seen: map[string]bool{}}
}

// step trains on a batch of so many tokens.
func (t *trainer) step(tokens int, in ...*tensor.Dense) error {
	shape := fmt.Sprint(in[0].Shape())
	rate := t.rate.Rate(t.made)
	if warm := max(t.rate.Steps/20, 1); t.made < warm {
		rate *= float64(t.made+1) / float64(warm)
	}
	start := time.Now()
	if _, err := t.loss.Grad(in...); err != nil {
		return err
	}
	if _, err := optim.Update(&t.adam, t.params, rate, 1); err != nil {
		return err
	}
	if t.seen[shape] {
		t.perSec = append(t.perSec, float64(tokens)/time.Since(start).Seconds())
	}
	t.seen[shape] = true
	t.made++
	return nil
}

// speed is the median of tokens a second.
func (t *trainer) speed() float64 { return median(t.perSec) }

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(v))
	return sorted[len(sorted)/2]
}

// best is the place of the largest number of each row.
func best(logits *tensor.Dense, classes int) []int {
	v := logits.Float32s()
	out := make([]int, len(v)/classes)
	for i := range out {
		r := v[i*classes : (i+1)*classes]
		out[i] = slices.Index(r, slices.Max(r))
	}
	return out
}
