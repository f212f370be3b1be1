package optim_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
)

// checked are the optimisers and schedules of the package, with settings that make sense.
func checked() map[string]optim.Checker {
	return map[string]optim.Checker{
		"SGD": &optim.SGD{Momentum: 0.9}, "Adam": &optim.Adam{}, "AdaGrad": &optim.AdaGrad{}, "RMSProp": &optim.RMSProp{},
		"StepDecay": &optim.StepDecay{Start: 1}, "Cosine": &optim.Cosine{Start: 1}, "Warmup": &optim.Warmup{Then: optim.Constant(1)},
		"Plateau": &optim.Plateau{Current: 1}, "Constant": optim.Constant(1),
	}
}

// remembered are the fields that are no settings.
var remembered = []string{"Plateau.Best", "Plateau.Bad", "Plateau.Cooling"}

// Every number that can be set of every optimiser and schedule is refused by its name if it makes no sense.
func TestSettingsAreChecked(t *testing.T) {
	for name := range checked() {
		kind := reflect.TypeOf(checked()[name])
		if kind.Kind() != reflect.Pointer {
			continue
		}
		for i := range kind.Elem().NumField() {
			f := kind.Elem().Field(i)
			if !f.IsExported() || slices.Contains(remembered, name+"."+f.Name) {
				continue
			}
			for _, bad := range nonsense(f) {
				c := checked()[name]
				reflect.ValueOf(c).Elem().Field(i).Set(reflect.ValueOf(bad).Convert(f.Type))
				if err := c.Check(); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), f.Name) {
					t.Errorf("%s.%s of %v: error %v", name, f.Name, bad, err)
				}
				if o, ok := c.(optim.Optimizer); ok {
					p := weights(t)
					if err := o.Step(p, 0.1); err == nil || p.Get("w").Value().Float32s()[0] != 1 {
						t.Errorf("%s.%s of %v: a step had the error %v and left %v", name, f.Name, bad, err, p.Get("w").Value())
					}
				}
			}
		}
		if err := checked()[name].Check(); err != nil {
			t.Error(err)
		}
	}
	for _, kind := range testutil.TypesWith(t, ".", "Step", "Rate") {
		if checked()[kind] == nil {
			t.Errorf("%s is not in the table", kind)
		}
	}
	for want, c := range map[string]optim.Checker{
		"Nesterov without Momentum":       &optim.SGD{Nesterov: true},
		"Constant: rate NaN":              optim.Constant(math.NaN()),
		"Constant: rate -1":               optim.Constant(-1),
		"Then is not set":                 optim.Warmup{Steps: 3},
		"Warmup: Then: Cosine: Start -1;": optim.Warmup{Then: optim.Cosine{Start: -1}},
		"Plateau: Factor 1.5":             &optim.Plateau{Factor: 1.5},
	} {
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// nonsense are values that no setting of the field's type may have.
func nonsense(f reflect.StructField) []any {
	switch {
	case f.Type.Kind() == reflect.Int:
		return []any{-1}
	case f.Type.Kind() != reflect.Float64:
		return nil
	case slices.Contains([]string{"Momentum", "Beta1", "Beta2", "Alpha", "Threshold"}, f.Name):
		return []any{math.NaN(), math.Inf(1), -0.1, 1.0, 2.0}
	}
	return []any{math.NaN(), math.Inf(1), -0.1}
}

// weights is a store with one parameter of ones and a gradient.
func weights(t *testing.T) *graph.Params {
	t.Helper()
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.Param("w", graph.Constant(1), 3))}
	})
	if _, err := f.Grad(); err != nil {
		t.Fatal(err)
	}
	return p
}

// plain is an optimiser that is not of this package.
type plain struct{}

func (plain) State() []graph.Named                       { return nil }
func (plain) Restore(*graph.Params, []graph.Named) error { return nil }
func (plain) Step(p *graph.Params, rate float64) error {
	for i, g := range p.Get("w").Grad().Float32s() {
		p.Get("w").Value().Float32s()[i] -= float32(rate) * g
	}
	return nil
}

// Rates and limits that make no sense change nothing; weights that leave float32's range are noticed at that step.
func TestUpdateRefuses(t *testing.T) {
	makers := map[string]func() optim.Optimizer{
		"SGD": func() optim.Optimizer { return &optim.SGD{} }, "Adam": func() optim.Optimizer { return &optim.Adam{} },
		"AdaGrad": func() optim.Optimizer { return &optim.AdaGrad{} }, "RMSProp": func() optim.Optimizer { return &optim.RMSProp{} },
		"another's": func() optim.Optimizer { return plain{} },
	}
	for name, maker := range makers {
		for _, rate := range []float64{math.NaN(), math.Inf(1), -1, 1e39} {
			p := weights(t)
			if _, err := optim.Update(maker(), p, rate, 1); err == nil || p.Get("w").Value().Float32s()[0] != 1 {
				t.Errorf("%s, rate %g: error %v, weights %v", name, rate, err, p.Get("w").Value())
			}
		}
		for _, limit := range []float64{math.NaN(), -1} {
			p := weights(t)
			if _, err := optim.Update(maker(), p, 0.1, limit); err == nil || p.Get("w").Value().Float32s()[0] != 1 {
				t.Errorf("%s, limit %g: error %v, weights %v", name, limit, err, p.Get("w").Value())
			}
		}
		p := weights(t)
		for i := range p.Get("w").Value().Float32s() {
			p.Get("w").Value().Float32s()[i] = -3e38
		}
		if _, err := optim.Update(maker(), p, 3e38, 0); err == nil || !strings.Contains(err.Error(), "element 0 of w -Inf") {
			t.Errorf("%s: an overflow has the error %v", name, err)
		}
	}
	p := weights(t)
	for _, limit := range []float64{math.NaN(), -1} {
		if _, err := optim.ClipByNorm(p, limit); err == nil {
			t.Errorf("ClipByNorm to %g was taken", limit)
		}
		if optim.ClipByValue(p, limit) == nil {
			t.Errorf("ClipByValue to %g was taken", limit)
		}
	}
	if _, err := optim.Update(nil, p, 1, 1); err == nil {
		t.Error("no optimiser, and no error")
	}
}

// A measure that is no number changes nothing, be it the first or a later one.
func TestPlateauPassesOverNaN(t *testing.T) {
	for _, first := range []bool{true, false} {
		s := &optim.Plateau{Current: 1}
		if !first {
			s.Observe(2)
		}
		s.Observe(math.NaN())
		for i := range 30 {
			s.Observe(1 / float64(i+1))
		}
		if s.Current != 1 || s.Best != 1.0/30 {
			t.Errorf("the measure fell 30 times in a row: %+v", s)
		}
		before := *s
		if s.Observe(math.NaN()); *s != before {
			t.Errorf("a measure that is no number made %+v of %+v", *s, before)
		}
	}
}

// A schedule's memory is a text, which only a schedule of the kind takes; the memory of a warm-up is that of what follows.
func TestAdaptiveSchedules(t *testing.T) {
	after := func(s optim.AdaptiveSchedule) optim.AdaptiveSchedule {
		for _, v := range []float64{2, 2, 2, 1} {
			s.Observe(v)
		}
		return s
	}
	for name, build := range map[string]func() optim.AdaptiveSchedule{
		"Plateau": func() optim.AdaptiveSchedule { return &optim.Plateau{Current: 0.1, Factor: 0.5, Patience: 1} },
		"Warmup": func() optim.AdaptiveSchedule {
			return optim.Warmup{Steps: 2, Then: &optim.Plateau{Current: 0.1, Factor: 0.5, Patience: 1}}
		},
	} {
		s, other := after(build()), build()
		state, err := s.State()
		if err != nil || s.Rate(5) != 0.05 || other.Rate(5) != 0.1 {
			t.Fatal(name, s, err)
		}
		if err := other.Restore(state); err != nil {
			t.Fatal(name, err)
		}
		again, err := other.State()
		if err != nil || other.Rate(5) != 0.05 || again != state {
			t.Errorf("%s: %s, want %s, error %v", name, again, state, err)
		}
		for _, wrong := range []string{"", "null null", "[]", `{"Current":-1}`, `{"Current":"a"}`, `{"rate":1}`} {
			if err := other.Restore(wrong); err == nil {
				t.Errorf("%s: %q was restored", name, wrong)
			}
			if now, err := other.State(); err != nil || now != state {
				t.Errorf("%s: after %q the state is %s, error %v", name, wrong, now, err)
			}
		}
	}
	plain := optim.Warmup{Then: optim.Constant(1)}
	plain.Observe(3)
	if state, err := plain.State(); state != "" || err != nil || plain.Restore(state) != nil {
		t.Errorf("%q, error %v", state, err)
	}
	if _, err := (&optim.Plateau{Best: math.NaN()}).State(); err == nil {
		t.Error("NaN has a text in JSON")
	}
}
