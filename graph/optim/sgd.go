package optim

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// SGD is gradient descent, as torch.optim.SGD: plain, with momentum (Polyak, 1964), or with Nesterov's (1983) form of
// it.
type SGD struct {
	Momentum float64 // 0 or more, below 1
	Nesterov bool    // needs Momentum
	Decay    float64 // weight decay, added to the gradient as Decay·w
	slots
	now kernel.SGDStep[float64]
}

func (o *SGD) vectors() []string {
	if o.Momentum == 0 {
		return nil
	}
	return sgdKinds
}

var sgdKinds = []string{"velocity"}

// Step updates every parameter.
func (o *SGD) Step(p *graph.Params, rate float64) error {
	if err := check(o, p, rate); err != nil {
		return err
	}
	o.steps++
	o.now = kernel.SGDStep[float64]{Rate: rate, Momentum: o.Momentum, Nesterov: o.Nesterov, L2: o.Decay}
	return o.sweep(p, o.vectors(), o)
}

// lazy is true where a gradient of zero changes nothing.
func (o *SGD) lazy() bool { return o.Momentum == 0 && o.Decay == 0 }

func (o *SGD) update(c *piece) {
	kernel.SGD(c.f64.w, c.f64.g, c.f64.v[0], o.now)
	kernel.SGD(c.f32.w, c.f32.g, c.f32.v[0], kernel.SGDStep[float32]{Rate: float32(o.now.Rate),
		Momentum: float32(o.now.Momentum), Nesterov: o.now.Nesterov, L2: float32(o.now.L2)})
}

// Restore takes back a saved state.
func (o *SGD) Restore(p *graph.Params, state []graph.Named) error {
	return o.restore(p, o.vectors(), state)
}
