package optim

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// RMSProp divides gradients by a running root of their mean square (Tieleman and Hinton, 2012), as
// torch.optim.RMSprop; Centered subtracts the running mean first (Graves, 2013).
type RMSProp struct {
	Alpha    float64 // decay of the averages; 0 for 0.99
	Epsilon  float64 // 0 for 1e-8
	Momentum float64 // 0 or more, below 1
	Centered bool
	Decay    float64 // weight decay, added to the gradient as Decay·w
	slots
	now kernel.RMSPropStep[float64]
}

// The vectors in use depend on the settings; all four sets are fixed, so that a step allocates nothing.
var rmsKinds = [4][]string{{"square"}, {"square", "mean"}, {"square", "velocity"}, {"square", "mean", "velocity"}}

func (o *RMSProp) vectors() []string {
	i := 0
	if o.Centered {
		i++
	}
	if o.Momentum != 0 {
		i += 2
	}
	return rmsKinds[i]
}

// Step updates every parameter.
func (o *RMSProp) Step(p *graph.Params, rate float64) error {
	if err := check(o, p, rate); err != nil {
		return err
	}
	o.steps++
	o.now = kernel.RMSPropStep[float64]{Rate: rate, Alpha: orDefault(o.Alpha, 0.99), Epsilon: orDefault(o.Epsilon, 1e-8),
		Momentum: o.Momentum, L2: o.Decay}
	return o.sweep(p, o.vectors(), o)
}

// lazy is false: the averages of all rows fall.
func (o *RMSProp) lazy() bool { return false }

func (o *RMSProp) update(c *piece) {
	s := o.now
	mean, velocity := -1, -1
	if o.Centered {
		mean = 1
	}
	if o.Momentum != 0 {
		velocity = len(o.kinds) - 1
	}
	kernel.RMSProp(c.f64.w, c.f64.g, c.f64.v[0], vector(c.f64.v[:], mean), vector(c.f64.v[:], velocity), s)
	kernel.RMSProp(c.f32.w, c.f32.g, c.f32.v[0], vector(c.f32.v[:], mean), vector(c.f32.v[:], velocity),
		kernel.RMSPropStep[float32]{Rate: float32(s.Rate), Alpha: float32(s.Alpha), Epsilon: float32(s.Epsilon),
			Momentum: float32(s.Momentum), L2: float32(s.L2)})
}

// vector is number i of some vectors, nil for a negative number.
func vector[T kernel.Float](v [][]T, i int) []T {
	if i < 0 {
		return nil
	}
	return v[i]
}

// Restore takes back a saved state.
func (o *RMSProp) Restore(p *graph.Params, state []graph.Named) error {
	return o.restore(p, o.vectors(), state)
}
