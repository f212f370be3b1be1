package optim

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// AdaGrad divides gradients by the root of the sum of their squares so far (Duchi, Hazan and Singer, 2011), as
// torch.optim.Adagrad.
type AdaGrad struct {
	RateDecay float64 // the rate of step t is rate/(1 + (t-1)·RateDecay)
	Epsilon   float64 // 0 for 1e-10
	Decay     float64 // weight decay, added to the gradient as Decay·w
	Start     float64 // the sums of squares before the first step
	slots
}

var adagradKinds = []string{"squares"}

// Step updates every parameter.
func (o *AdaGrad) Step(p *graph.Params, rate float64) error {
	o.kinds = adagradKinds
	rate /= 1 + float64(o.steps)*o.RateDecay
	o.steps++
	epsilon := orDefault(o.Epsilon, 1e-10)
	for i := 0; i < p.Len(); i++ {
		q := p.At(i)
		_, old := o.values[q]
		v := o.of(p, q)
		if !old && o.Start != 0 {
			kernel.Fill(float32s(v[0]), float32(o.Start))
			kernel.Fill(float64s(v[0]), o.Start)
		}
		if w := float64s(q.Value()); w != nil {
			kernel.AdaGrad(w, float64s(q.Grad()), float64s(v[0]), rate, epsilon, o.Decay)
			continue
		}
		kernel.AdaGrad(float32s(q.Value()), float32s(q.Grad()), float32s(v[0]), float32(rate), float32(epsilon), float32(o.Decay))
	}
	return nil
}

// Restore takes back a saved state.
func (o *AdaGrad) Restore(p *graph.Params, state []graph.Named) error {
	return o.restore(p, adagradKinds, state)
}
