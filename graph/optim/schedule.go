package optim

import "math"

// Schedule gives the learning rate of each step, counted from 0.
type Schedule interface {
	Rate(step int) float64
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

// Plateau lowers the rate when a measure, told by Observe, stops falling: torch.optim.lr_scheduler.ReduceLROnPlateau
// in its mode "min" with a relative threshold. Its exported fields are all it knows, so that it can be saved.
type Plateau struct {
	Current   float64 // the rate in force; set it to the first one
	Factor    float64 // what the rate is multiplied by; 0 for 0.1
	Patience  int     // observations without progress that are let pass
	Threshold float64 // progress is a fall below best·(1-Threshold); 0 for 1e-4
	Cooldown  int     // observations after a fall of the rate that do not count
	Least     float64 // the rate never falls below it
	Best      float64 // the lowest measure so far
	Bad       int     // observations since
	Cooling   int     // observations of the cool-down left
	Started   bool
}

// Rate is the current rate, whatever the step.
func (s *Plateau) Rate(int) float64 { return s.Current }

// Observe takes the next measure, such as a validation loss. A NaN tells nothing and is passed over, where
// PyTorch counts it as no progress.
func (s *Plateau) Observe(measure float64) {
	if math.IsNaN(measure) {
		return
	}
	if !s.Started || math.IsNaN(s.Best) || measure < s.Best*(1-orDefault(s.Threshold, 1e-4)) {
		s.Best, s.Bad, s.Started = measure, 0, true
	} else {
		s.Bad++
	}
	if s.Cooling > 0 {
		s.Cooling--
		s.Bad = 0
	}
	if s.Bad > s.Patience {
		s.Current = max(s.Current*orDefault(s.Factor, 0.1), s.Least)
		s.Bad, s.Cooling = 0, s.Cooldown
	}
}
