package optim

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// SGD is gradient descent, as torch.optim.SGD: plain, with momentum (Polyak, 1964), or with Nesterov's (1983) form of
// it.
type SGD struct {
	Momentum float64
	Nesterov bool
	Decay    float64 // weight decay, added to the gradient as Decay·w
	slots
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
	o.kinds = o.vectors()
	o.steps++
	for i := 0; i < p.Len(); i++ {
		q := p.At(i)
		var v64 []float64
		var v32 []float32
		if o.Momentum != 0 {
			v := o.of(p, q)[0]
			v64, v32 = float64s(v), float32s(v)
		}
		if w := float64s(q.Value()); w != nil {
			kernel.SGD(w, float64s(q.Grad()), v64, kernel.SGDStep[float64]{
				Rate: rate, Momentum: o.Momentum, Nesterov: o.Nesterov, L2: o.Decay})
			continue
		}
		kernel.SGD(float32s(q.Value()), float32s(q.Grad()), v32, kernel.SGDStep[float32]{
			Rate: float32(rate), Momentum: float32(o.Momentum), Nesterov: o.Nesterov, L2: float32(o.Decay)})
	}
	return nil
}

// Restore takes back a saved state.
func (o *SGD) Restore(p *graph.Params, state []graph.Named) error {
	return o.restore(p, o.vectors(), state)
}
