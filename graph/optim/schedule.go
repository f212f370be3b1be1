package optim

import "math"

// Schedule gives the learning rate of each step, counted from 0.
type Schedule interface {
	Rate(step int) float64
}

// AdaptiveSchedule is a Schedule whose rates depend on how training goes. A training loop tells it the loss of every
// validation and saves what it knows in checkpoints, so that a run that is resumed has the rates of one that was not
// stopped. Plateau is one; a schedule of your own is one if it has these methods.
type AdaptiveSchedule interface {
	Schedule
	// Observe takes the next measure, such as a validation loss; smaller is better.
	Observe(measure float64)
	// State is all that the schedule knows, as a text that Restore reads. An empty one is not saved.
	State() (string, error)
	// Restore sets the schedule to a state. An error changes nothing.
	Restore(state string) error
}

// Constant is one rate for all steps.
type Constant float64

// Rate returns the rate.
func (c Constant) Rate(int) float64 { return float64(c) }

// StepDecay multiplies the rate by Factor after every Every steps.
type StepDecay struct {
	Start  float64
	Factor float64
	Every  int
}

// Rate is Start·Factor^⌊step/Every⌋.
func (s StepDecay) Rate(step int) float64 {
	return s.Start * math.Pow(s.Factor, float64(step/max(s.Every, 1)))
}

// Cosine falls from Start to End along half a cosine over Steps, and stays there (Loshchilov and Hutter, 2017).
type Cosine struct {
	Start, End float64
	Steps      int
}

// Rate is End + (Start-End)·(1+cos(π·step/Steps))/2.
func (s Cosine) Rate(step int) float64 {
	if step >= s.Steps {
		return s.End
	}
	return s.End + (s.Start-s.End)*(1+math.Cos(math.Pi*float64(step)/float64(s.Steps)))/2
}

// Warmup rises in a straight line over the first Steps, from From times the rate of Then to all of it.
type Warmup struct {
	Steps int
	From  float64
	Then  Schedule // counted from the first step, warm-up included
}

// Rate is Then's rate times the warm-up factor; NaN without Then, which Check refuses.
func (s Warmup) Rate(step int) float64 {
	if s.Then == nil {
		return math.NaN()
	}
	rate := s.Then.Rate(step)
	if step >= s.Steps {
		return rate
	}
	return rate * (s.From + (1-s.From)*float64(step)/float64(s.Steps))
}

// Observe tells Then, if that is adaptive; the warm-up itself does not depend on it.
func (s Warmup) Observe(measure float64) {
	if then, ok := s.Then.(AdaptiveSchedule); ok {
		then.Observe(measure)
	}
}

// State is that of Then, if it is adaptive, and empty otherwise.
func (s Warmup) State() (string, error) {
	if then, ok := s.Then.(AdaptiveSchedule); ok {
		return then.State()
	}
	return "", nil
}

// Restore restores Then, if it is adaptive, and does nothing otherwise.
func (s Warmup) Restore(state string) error {
	if then, ok := s.Then.(AdaptiveSchedule); ok {
		return then.Restore(state)
	}
	return nil
}
