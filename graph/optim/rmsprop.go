package optim

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// RMSProp divides gradients by a running root of their mean square (Tieleman and Hinton, 2012), as
// torch.optim.RMSprop; Centered subtracts the running mean first (Graves, 2013).
type RMSProp struct {
	Alpha    float64 // decay of the averages; 0 for 0.99
	Epsilon  float64 // 0 for 1e-8
	Momentum float64
	Centered bool
	Decay    float64 // weight decay, added to the gradient as Decay·w
	slots
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
	o.kinds = o.vectors()
	o.steps++
	s := kernel.RMSPropStep[float64]{Rate: rate, Alpha: orDefault(o.Alpha, 0.99), Epsilon: orDefault(o.Epsilon, 1e-8),
		Momentum: o.Momentum, L2: o.Decay}
	for i := 0; i < p.Len(); i++ {
		q := p.At(i)
		v := o.of(p, q)
		var mean, velocity *tensor.Dense
		if o.Centered {
			mean = v[1]
		}
		if o.Momentum != 0 {
			velocity = v[len(v)-1]
		}
		if w := float64s(q.Value()); w != nil {
			kernel.RMSProp(w, float64s(q.Grad()), float64s(v[0]), float64s(mean), float64s(velocity), s)
			continue
		}
		kernel.RMSProp(float32s(q.Value()), float32s(q.Grad()), float32s(v[0]), float32s(mean), float32s(velocity),
			kernel.RMSPropStep[float32]{Rate: float32(s.Rate), Alpha: float32(s.Alpha), Epsilon: float32(s.Epsilon),
				Momentum: float32(s.Momentum), L2: float32(s.L2)})
	}
	return nil
}

// Restore takes back a saved state.
func (o *RMSProp) Restore(p *graph.Params, state []graph.Named) error {
	return o.restore(p, o.vectors(), state)
}
