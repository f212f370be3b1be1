package optim

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// Adam is the optimiser of Kingma and Ba (2015), as torch.optim.Adam; with Decoupled decay, AdamW of Loshchilov and
// Hutter (2019). The zero value has the papers' settings.
type Adam struct {
	Beta1     float64 // decay of the first moment; 0 for 0.9
	Beta2     float64 // decay of the second moment; 0 for 0.999
	Epsilon   float64 // 0 for 1e-8
	Decay     float64 // weight decay: added to the gradient as Decay·w, unless Decoupled
	Decoupled bool    // AdamW: subtract rate·Decay·w from the weight instead
	Sparse    bool    // leave rows alone that no gradient touches, see SparseAdam; not with Decay
	slots
	now kernel.AdamStep[float64]
}

// AdamW returns Adam with decoupled weight decay.
func AdamW(decay float64) *Adam { return &Adam{Decay: decay, Decoupled: true} }

// SparseAdam returns Adam for models with large tables, as torch.optim.SparseAdam. Where the rows of a gradient are known
// (graph.SparseGrad, nn.Embedding.Sparse), a step changes these rows and their moments alone, in which Adam would go on
// moving all rows by their old moments. Epsilon is added to √v before it is corrected for the number of steps. All other
// parameters are updated as by Adam.
func SparseAdam() *Adam { return &Adam{Sparse: true} }

var adamKinds = []string{"m", "v"}

// Step updates every parameter.
func (o *Adam) Step(p *graph.Params, rate float64) error {
	if err := check(o, p, rate); err != nil {
		return err
	}
	o.steps++
	b1, b2 := orDefault(o.Beta1, 0.9), orDefault(o.Beta2, 0.999)
	o.now = kernel.AdamStep[float64]{Rate: rate, Beta1: b1, Beta2: b2, Epsilon: orDefault(o.Epsilon, 1e-8), Scale: 1,
		Correct1: 1 / (1 - math.Pow(b1, float64(o.steps))), Correct2: 1 / (1 - math.Pow(b2, float64(o.steps)))}
	if o.Decoupled {
		o.now.Decay = o.Decay
	} else {
		o.now.L2 = o.Decay
	}
	return o.sweep(p, adamKinds, o)
}

func (o *Adam) lazy() bool { return o.Sparse }

func (o *Adam) update(c *piece) {
	now := o.now
	if o.Sparse && c.rows != nil {
		now.Epsilon *= math.Sqrt(now.Correct2)
	}
	kernel.Adam(c.f64.w, c.f64.g, c.f64.v[0], c.f64.v[1], now)
	kernel.Adam(c.f32.w, c.f32.g, c.f32.v[0], c.f32.v[1], adam32(now))
}

func adam32(s kernel.AdamStep[float64]) kernel.AdamStep[float32] {
	return kernel.AdamStep[float32]{Rate: float32(s.Rate), Beta1: float32(s.Beta1), Beta2: float32(s.Beta2),
		Epsilon: float32(s.Epsilon), Decay: float32(s.Decay), L2: float32(s.L2), Scale: float32(s.Scale),
		Correct1: float32(s.Correct1), Correct2: float32(s.Correct2)}
}

// Restore takes back a saved state.
func (o *Adam) Restore(p *graph.Params, state []graph.Named) error {
	return o.restore(p, adamKinds, state)
}
