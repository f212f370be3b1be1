package train

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Result is what a run reached.
type Result struct {
	Step            int
	Epoch           int
	TrainLoss       float64 // mean over the last pass
	Validation      float64 // last validation loss; NaN without validation
	Best            float64 // lowest validation loss; NaN without validation
	Stopped         bool    // by Patience or an observer
	TokensPerSecond float64 // of training steps and their batches, without validation and saving
	History         []Pass  // every pass so far, of resumed runs too; package diagnose puts it into words
}

// Pass is what one pass over the data came to.
type Pass struct {
	Epoch      int     `json:"epoch"` // from 1
	Step       int     `json:"step"`  // steps made by its end
	TrainLoss  float64 `json:"train_loss"`
	Validation float64 `json:"validation"` // loss; NaN without validation, 0 in a checkpoint's record then
	Rate       float64 `json:"rate"`
}

// StepError is the error of a run that ended in a step that could not be made: because gradients or weights would no longer
// be finite, or a batch does not fit the loss function.
type StepError struct {
	Step int // the number of the step, from 1
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("train: step %d: %v", e.Step, e.Err) }

// Unwrap is why the step could not be made.
func (e *StepError) Unwrap() error { return e.Err }

// passes is a copy of the record of a checkpoint, in which passes that nothing validated have the loss 0.
func passes(record []Pass, validated bool) []Pass {
	out := slices.Clone(record)
	for i := range out {
		if !validated {
			out[i].Validation = math.NaN()
		}
	}
	return out
}

// speed measures training steps, with the batches that they wait for.
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
