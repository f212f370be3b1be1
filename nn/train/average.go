package train

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// average is the exponential moving average of the weights over the steps (Polyak and Juditsky, 1992, in the form of
// TensorFlow's ExponentialMovingAverage with num_updates):
//
//	a ← a + (1-d)·(w-a), d = min(decay, (1+t)/(10+t)) at step t
//
// so that the first steps, far from where the run ends, are soon forgotten. A nil average does nothing.
type average struct {
	tensors []graph.Named // in the store's order
}

// add takes in the weights after step number t, counted from 1. Frozen parameters are taken as they are.
func (a *average) add(p *graph.Params, decay float64, t int) {
	d := min(decay, float64(1+t)/float64(10+t))
	for i := range p.Len() {
		q := p.At(i)
		if i == len(a.tensors) {
			a.tensors = append(a.tensors, graph.Named{Name: q.Name(), Value: weights.Of(q).Clone().(*tensor.Dense)})
			continue
		}
		mean, now := vectorOf(a.tensors[i].Value), vectorOf(weights.Of(q))
		if q.Frozen() {
			mean.set(now)
		} else {
			mean.approach(1-d, now)
		}
	}
}

// swap exchanges the weights and their average.
func (a *average) swap(p *graph.Params) {
	if a == nil {
		return
	}
	for i, t := range a.tensors {
		vectorOf(weights.Of(p.At(i))).swap(vectorOf(t.Value))
	}
	weights.Changed(p)
}
