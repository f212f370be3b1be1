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
	rate float64 // of this step
}

var adagradKinds = []string{"squares"}

// Step updates every parameter.
func (o *AdaGrad) Step(p *graph.Params, rate float64) error {
	if err := check(o, p, rate); err != nil {
		return err
	}
	o.rate = rate / (1 + float64(float64(o.steps)*o.RateDecay))
	o.steps++
	o.kinds = adagradKinds
	if o.Start != 0 && len(o.values) < p.Len() {
		o.begin(p)
	}
	return o.sweep(p, adagradKinds, o)
}

// begin sets the sums of squares of new parameters to Start.
func (o *AdaGrad) begin(p *graph.Params) {
	for i := 0; i < p.Len(); i++ {
		q := p.At(i)
		if _, old := o.values[q]; !old {
			v := o.of(p, q)
			kernel.Fill(float32s(v[0]), float32(o.Start))
			kernel.Fill(float64s(v[0]), o.Start)
		}
	}
}

// lazy is true where a gradient of zero changes nothing.
func (o *AdaGrad) lazy() bool { return o.Decay == 0 }

func (o *AdaGrad) update(c *piece) {
	epsilon := orDefault(o.Epsilon, 1e-10)
	kernel.AdaGrad(c.f64.w, c.f64.g, c.f64.v[0], o.rate, epsilon, o.Decay)
	kernel.AdaGrad(c.f32.w, c.f32.g, c.f32.v[0], float32(o.rate), float32(epsilon), float32(o.Decay))
}

// Restore takes back a saved state.
func (o *AdaGrad) Restore(p *graph.Params, state []graph.Named) error {
	return o.restore(p, adagradKinds, state)
}
