package train

import "time"

// Progress is what OnStep gets.
type Progress struct {
	Step, Steps     int // steps done, and to do in all
	Epoch, Epochs   int // current pass, from 1, and passes in all
	Loss            float64
	EpochLoss       float64 // mean over this pass so far
	GradientNorm    float64 // before clipping
	Rate            float64
	Tokens          int // predicted in this step
	TokensPerSecond float64
	Remaining       time.Duration
}

// Validation is what OnValidate gets: losses in nats a token, for a language model.
type Validation struct {
	Step, Epoch int
	TrainLoss   float64 // mean over the pass
	Loss        float64
	Best        float64
	Improved    bool
	Scores      []Score       // what Measure gave
	Elapsed     time.Duration // since Run began
}

// Score is a named measure of a model, beside its loss: an accuracy, say.
type Score struct {
	Name  string
	Value float64
}

// Result is what a run reached.
type Result struct {
	Step            int
	Epoch           int
	TrainLoss       float64 // mean over the last pass
	Validation      float64 // last validation loss; NaN without validation
	Best            float64
	Stopped         bool    // by Patience or a callback
	TokensPerSecond float64 // of training steps, without validation and saving
	History         []Pass  // every pass so far, of resumed runs too; Diagnose puts it into words
}

// speed measures training steps.
type speed struct {
	spent  time.Duration
	steps  int
	tokens int
	recent time.Duration // exponential mean of a step
}

func (s *speed) add(d time.Duration, tokens int) {
	s.steps++
	if s.steps == 1 {
		s.recent = d
		return // the first step compiles
	}
	s.spent += d
	s.tokens += tokens
	s.recent += (d - s.recent) / time.Duration(min(s.steps, 20))
}

// rate is tokens a second.
func (s *speed) rate() float64 {
	if s.spent <= 0 {
		return 0
	}
	return float64(s.tokens) / s.spent.Seconds()
}

func (s *speed) per(steps int) time.Duration { return s.recent * time.Duration(steps) }
