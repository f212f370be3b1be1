package main

import (
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// network is a cell with the scale of its recurrent weights at the start, which makes its gradients shrink or grow.
type network struct {
	name  string
	cell  recurrent.Cell
	scale float32

	params *graph.Params
	loss   *graph.Func
	data   *rand.Rand
}

// start makes the weights, the same ones for the same seed.
func (n *network) start(seed uint64) error {
	n.params, n.data = graph.NewParams(seed), rand.New(rand.NewPCG(seed, 2))
	n.loss = graph.NewFunc(n.params, model(n.cell))
	if _, err := n.loss.Run(draw(n.data)...); err != nil {
		return err
	}
	w := n.params.Get("rnn.weight_hh_l0").Value().Float32s()
	for i := range w {
		w[i] *= n.scale
	}
	return nil
}

func (n *network) flow() (*flow.Report, error) {
	return flow.Measure(n.params, model(n.cell), draw(rand.New(rand.NewPCG(3, 4)))...)
}

// how says how to train. Clip limits the gradients' global norm; 0 for none.
type how struct {
	optimizer optim.Optimizer
	rate      float64
	clip      float64
}

const updates = 500

// train returns the loss of each batch before its update, and the largest norm of the gradients, before clipping.
func (n *network) train(h how) (course []float64, largest float64, err error) {
	for range updates {
		out, err := n.loss.Grad(draw(n.data)...)
		if err != nil {
			return nil, 0, err
		}
		course = append(course, graph.Scalar(out[0]))
		norm, err := optim.Update(h.optimizer, n.params, h.rate, h.clip)
		if err != nil {
			return nil, 0, err
		}
		largest = max(largest, norm)
	}
	return course, largest, nil
}

// test answers sequences that were never trained on.
func (n *network) test() (*metric.Confusion, error) {
	c := metric.NewConfusion("A", "B", "C", "D")
	rng := rand.New(rand.NewPCG(5, 6))
	for range 16 {
		in := draw(rng)
		out, err := n.loss.Run(in...)
		if err != nil {
			return nil, err
		}
		if err := c.Add(in[1].Ints(), best(out[1])); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// best is the symbol with the highest score of each row.
func best(scores *tensor.Dense) []int {
	out, s := make([]int, batch), scores.Float32s()
	for b := range out {
		for k := range symbols {
			if s[b*symbols+k] > s[b*symbols+out[b]] {
				out[b] = k
			}
		}
	}
	return out
}

// smooth is the mean over the last so many losses, up to twenty.
func smooth(course []float64) []float64 {
	out := make([]float64, len(course))
	sum := 0.0
	for i, v := range course {
		sum += v
		if i >= 20 {
			sum -= course[i-20]
		}
		out[i] = sum / float64(min(i+1, 20))
	}
	return out
}
