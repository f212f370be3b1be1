package optim

import (
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Checker is an Optimizer or a Schedule that can tell whether its settings make sense. All of this package can; a
// train.Loop asks before it begins, and optimisers ask themselves at every step.
type Checker interface {
	// Check returns an error that names the setting, what was expected and what was found, or nil.
	Check() error
}

// setting is a number with a name and the rule that it has to keep.
type setting struct {
	name  string
	value float64
	rule  rule
}

// rule is what a setting may be. No setting may be NaN or infinite.
type rule int

const (
	positive rule = iota // 0 or more
	fraction             // 0 or more, below 1: the decay of an average
	share                // 0 to 1
)

// checkAll returns the first setting that breaks its rule. what names whose settings they are.
func checkAll(what string, settings ...setting) error {
	for _, s := range settings {
		limit, want := math.MaxFloat64, "0 or more"
		switch s.rule {
		case fraction:
			limit, want = math.Nextafter(1, 0), "0 or more and below 1"
		case share:
			limit, want = 1, "0 to 1"
		}
		if !(s.value >= 0 && s.value <= limit) {
			return errors.Errorf("optim: %s: %s %g; want %s", what, s.name, s.value, want)
		}
	}
	return nil
}

// counted is a setting that is a whole number.
func counted(name string, value int) setting { return setting{name, float64(value), positive} }

// checkRate refuses learning rates by which no step can be made, in the element type of the weights.
func checkRate(rate float64, narrow bool) error {
	if !(rate >= 0) || math.IsInf(rate, 0) || narrow && math.IsInf(float64(float32(rate)), 0) {
		return errors.Errorf("optim: rate %g; want 0 or more, and finite", rate)
	}
	return nil
}

// given refuses to work on no store.
func given(p *graph.Params) error {
	if p == nil {
		return errors.New("optim: there is no store of parameters: it is nil; want one from graph.NewParams")
	}
	return nil
}

// check is what every step asks first.
func check(o Optimizer, p *graph.Params, rate float64) error {
	if err := given(p); err != nil {
		return err
	}
	if err := checkRate(rate, p.Dtype() == tensor.Float32); err != nil {
		return err
	}
	if c, ok := o.(Checker); ok {
		return c.Check()
	}
	return nil
}

// Check tells whether there is momentum for Nesterov's form, and whether momentum and decay make sense.
func (o *SGD) Check() error {
	if o.Nesterov && o.Momentum == 0 {
		return errors.New("optim: SGD: Nesterov without Momentum; want a momentum above 0")
	}
	return checkAll("SGD", setting{"Momentum", o.Momentum, fraction}, setting{"Decay", o.Decay, positive})
}

// Check tells whether the settings make sense.
func (o *Adam) Check() error {
	if o.Sparse && o.Decay != 0 {
		return errors.Errorf("optim: Adam: Sparse with Decay %g; want no decay, which would change all rows", o.Decay)
	}
	return checkAll("Adam", setting{"Beta1", o.Beta1, fraction}, setting{"Beta2", o.Beta2, fraction},
		setting{"Epsilon", o.Epsilon, positive}, setting{"Decay", o.Decay, positive})
}

// Check tells whether the settings make sense.
func (o *AdaGrad) Check() error {
	return checkAll("AdaGrad", setting{"RateDecay", o.RateDecay, positive}, setting{"Epsilon", o.Epsilon, positive},
		setting{"Decay", o.Decay, positive}, setting{"Start", o.Start, positive})
}

// Check tells whether the settings make sense.
func (o *RMSProp) Check() error {
	return checkAll("RMSProp", setting{"Alpha", o.Alpha, fraction}, setting{"Epsilon", o.Epsilon, positive},
		setting{"Momentum", o.Momentum, fraction}, setting{"Decay", o.Decay, positive})
}

// Check tells whether the rate makes sense.
func (c Constant) Check() error { return checkAll("Constant", setting{"rate", float64(c), positive}) }

// Check tells whether the settings make sense.
func (s StepDecay) Check() error {
	return checkAll("StepDecay", setting{"Start", s.Start, positive}, setting{"Factor", s.Factor, positive}, counted("Every", s.Every))
}

// Check tells whether the settings make sense.
func (s Cosine) Check() error {
	return checkAll("Cosine", setting{"Start", s.Start, positive}, setting{"End", s.End, positive}, counted("Steps", s.Steps))
}

// Check tells whether the settings make sense, and those of the schedule that follows.
func (s Warmup) Check() error {
	if s.Then == nil {
		return errors.New("optim: Warmup: Then is not set; want the schedule to warm up to")
	}
	if err := checkAll("Warmup", counted("Steps", s.Steps), setting{"From", s.From, positive}); err != nil {
		return err
	}
	if then, ok := s.Then.(Checker); ok {
		if err := then.Check(); err != nil {
			return errors.New("optim: Warmup: Then: " + strings.TrimPrefix(err.Error(), "optim: "))
		}
	}
	return nil
}

// Check tells whether the settings make sense.
func (s *Plateau) Check() error {
	return checkAll("Plateau", setting{"Current", s.Current, positive}, setting{"Factor", s.Factor, share}, counted("Patience", s.Patience),
		setting{"Threshold", s.Threshold, fraction}, counted("Cooldown", s.Cooldown), setting{"Least", s.Least, positive})
}
