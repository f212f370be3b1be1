package stablehlo

import (
	"math"
	"reflect"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// setting is a number of the optimiser that changes from step to step.
type setting struct {
	name string
	of   func(step int, rate float64) float64
}

// rule of an optimiser: it writes the next weight and the next vectors.
type update struct {
	kinds    []string // of vectors, as the optimiser's State names them
	start    float64  // what a vector has before the first step
	settings []setting
	next     func(b *builder, w, g value, vectors []value, settings []value) (value, []value)
}

var rate = setting{"rate", func(_ int, rate float64) float64 { return rate }}

// of is the rule of an optimiser.
func updateOf(o optim.Optimizer) (update, error) {
	if v := reflect.ValueOf(o); v.Kind() == reflect.Pointer && v.IsNil() {
		return update{}, errors.Errorf("stablehlo: the optimiser is a nil %T", o)
	}
	switch o := o.(type) {
	case *optim.Adam:
		if o.Sparse {
			return update{}, errors.New("stablehlo: SparseAdam updates rows alone, which has no form here; Adam has")
		}
		return adam(o), nil
	case *optim.SGD:
		return sgd(o), nil
	case *optim.RMSProp:
		return rmsprop(o), nil
	case *optim.AdaGrad:
		return adagrad(o), nil
	}
	return update{}, errors.Errorf(
		"stablehlo: there is no rule for optimiser %T; there are some for *optim.Adam, *optim.SGD, *optim.RMSProp and *optim.AdaGrad", o)
}

func orDefault(v, normal float64) float64 {
	if v == 0 {
		return normal
	}
	return v
}

// decayed is g + decay·w.
func (b *builder) decayed(g, w value, decay float64) value {
	if decay == 0 {
		return g
	}
	return b.add(g, b.by(w, decay))
}

// times is x times a number of one step.
func (b *builder) times(number, x value) value { return b.mul(b.fit(number, x.shape), x) }

// averaged is a·x + (1-a)·y.
func (b *builder) averaged(a float64, x, y value) value { return b.add(b.by(x, a), b.by(y, 1-a)) }

func (b *builder) root(x value) value { return b.unary("stablehlo.sqrt", x) }

func adam(o *optim.Adam) update {
	b1, b2, epsilon := orDefault(o.Beta1, 0.9), orDefault(o.Beta2, 0.999), orDefault(o.Epsilon, 1e-8)
	correct := func(beta float64) func(int, float64) float64 {
		return func(step int, _ float64) float64 { return 1 / (1 - math.Pow(beta, float64(step))) }
	}
	return update{
		kinds:    []string{"m", "v"},
		settings: []setting{rate, {"correct1", correct(b1)}, {"correct2", correct(b2)}},
		next: func(b *builder, w, g value, v, s []value) (value, []value) {
			before := w
			if !o.Decoupled {
				g = b.decayed(g, w, o.Decay)
			}
			m, square := b.averaged(b1, v[0], g), b.averaged(b2, v[1], b.mul(g, g))
			step := b.div(b.times(s[1], m), b.plus(b.root(b.times(s[2], square)), epsilon))
			if o.Decoupled && o.Decay != 0 {
				w = b.sub(w, b.times(s[0], b.by(before, o.Decay)))
			}
			return b.sub(w, b.times(s[0], step)), []value{m, square}
		},
	}
}

func sgd(o *optim.SGD) update {
	u := update{settings: []setting{rate}, next: func(b *builder, w, g value, v, s []value) (value, []value) {
		g = b.decayed(g, w, o.Decay)
		if o.Momentum == 0 {
			return b.sub(w, b.times(s[0], g)), nil
		}
		velocity := b.add(b.by(v[0], o.Momentum), g)
		step := velocity
		if o.Nesterov {
			step = b.add(g, b.by(velocity, o.Momentum))
		}
		return b.sub(w, b.times(s[0], step)), []value{velocity}
	}}
	if o.Momentum != 0 {
		u.kinds = []string{"velocity"}
	}
	return u
}

func rmsprop(o *optim.RMSProp) update {
	alpha, epsilon := orDefault(o.Alpha, 0.99), orDefault(o.Epsilon, 1e-8)
	kinds := []string{"square"}
	if o.Centered {
		kinds = append(kinds, "mean")
	}
	if o.Momentum != 0 {
		kinds = append(kinds, "velocity")
	}
	return update{kinds: kinds, settings: []setting{rate}, next: func(b *builder, w, g value, v, s []value) (value, []value) {
		g = b.decayed(g, w, o.Decay)
		out := []value{b.averaged(alpha, v[0], b.mul(g, g))}
		spread := out[0]
		if o.Centered {
			mean := b.averaged(alpha, v[1], g)
			out = append(out, mean)
			spread = b.binary("maximum", b.sub(spread, b.mul(mean, mean)), b.full(0, w.shape...))
		}
		step := b.div(g, b.plus(b.root(spread), epsilon))
		if o.Momentum != 0 {
			step = b.add(b.by(v[len(v)-1], o.Momentum), step)
			out = append(out, step)
		}
		return b.sub(w, b.times(s[0], step)), out
	}}
}

func adagrad(o *optim.AdaGrad) update {
	epsilon := orDefault(o.Epsilon, 1e-10)
	falling := setting{"rate", func(step int, rate float64) float64 { return rate / (1 + float64(step-1)*o.RateDecay) }}
	return update{kinds: []string{"squares"}, start: o.Start, settings: []setting{falling},
		next: func(b *builder, w, g value, v, s []value) (value, []value) {
			g = b.decayed(g, w, o.Decay)
			squares := b.add(v[0], b.mul(g, g))
			return b.sub(w, b.times(s[0], b.div(g, b.plus(b.root(squares), epsilon)))), []value{squares}
		}}
}

// step adds the limit of the gradients' norm and the optimiser's update.
func (b *builder) step(t Training) error {
	if !(t.ClipNorm >= 0) {
		return errors.Errorf("stablehlo: limit %g of the gradients' norm; want 0 or more", t.ClipNorm)
	}
	u, err := updateOf(t.Optimizer)
	if err != nil {
		return err
	}
	b.m.settings, b.m.start = u.settings, u.start
	var settings []value
	for _, s := range u.settings {
		settings = append(settings, b.argument(Value{Setting, s.name, []int{}, false}))
	}
	grads := map[string]value{}
	var total *value
	for _, s := range b.f.Stores {
		g := b.at(s.At)
		grads[s.Param] = g
		if s.Buffer {
			continue
		}
		square := b.sum(b.flat(b.mul(g, g)), 0)
		if total != nil {
			square = b.add(*total, square)
		}
		total = &square
	}
	var scale *value
	if total != nil {
		norm := b.root(*total)
		b.result(Value{Norm, "norm", []int{}, false}, norm)
		if t.ClipNorm > 0 {
			x := b.clipScale(norm, t.ClipNorm)
			scale = &x
		}
	}
	for _, s := range b.f.Stores {
		if s.Buffer {
			b.result(Value{Weight, s.Param, grads[s.Param].shape, false}, grads[s.Param])
			continue
		}
		b.updated(u, s.Param, grads[s.Param], scale, settings)
	}
	return nil
}

// normEpsilon is optim.ClipByNorm's, and PyTorch's.
const normEpsilon = 1e-6

// clipScale is limit/(norm + ε) where the norm is above the limit, and 1 elsewhere.
func (b *builder) clipScale(norm value, limit float64) value {
	above := b.compare("GT", norm, b.full(limit))
	return b.choose(above, b.div(b.full(limit), b.plus(norm, normEpsilon)), b.full(1))
}

func (b *builder) updated(u update, name string, g value, scale *value, settings []value) {
	w, ok := b.weights[name]
	if !ok { // the function asks for it and computes nothing from it
		p := b.params.Get(name)
		w = b.argument(Value{Weight, name, p.Shape(), false})
		b.m.weights = append(b.m.weights, p)
	}
	g = b.reshape(g, w.shape...)
	if scale != nil {
		g = b.times(*scale, g)
	}
	var vectors []value
	for _, kind := range u.kinds {
		vectors = append(vectors, b.argument(Value{State, name + "." + kind, w.shape, false}))
	}
	next, after := u.next(b, w, g, vectors, settings)
	b.result(Value{Weight, name, w.shape, false}, next)
	for i, kind := range u.kinds {
		b.result(Value{State, name + "." + kind, w.shape, false}, after[i])
	}
}

// Settings returns the arguments of a module of Step that are settings, for a step, counted from 1, and its learning rate.
func (m *Module) Settings(step int, rate float64) ([]*tensor.Dense, error) {
	if m == nil || step < 1 || !(rate >= 0) || math.IsInf(rate, 0) {
		return nil, errors.Errorf("stablehlo: step %d at rate %g; want a module, a step from 1 on, and a rate of 0 or more", step, rate)
	}
	var out []*tensor.Dense
	for _, s := range m.settings {
		out = append(out, m.scalar(s.of(step, rate)))
	}
	return out, nil
}

func (m *Module) scalar(x float64) *tensor.Dense {
	if m.dtype == tensor.Float64 {
		return tensor.New(tensor.FromScalar(x))
	}
	return tensor.New(tensor.FromScalar(float32(x)))
}

// Start is the number that all elements of the optimiser's vectors have before the first step.
func (m *Module) Start() float64 {
	if m == nil {
		return 0
	}
	return m.start
}
