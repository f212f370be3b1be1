package train

import (
	"time"

	"github.com/pkg/errors"
)

// Observer is told how a run goes: a progress bar, a log, a reason of your own to stop. Either function may be nil. An
// error ends the run, after a checkpoint has been saved, and Run returns it; ErrStop ends it as if it had come to its end.
type Observer struct {
	OnStep       func(Progress) error   // after every step
	OnValidation func(Evaluation) error // after every validation
}

// ErrStop is what an observer returns to end the run as if it had come to its end.
var ErrStop = errors.New("train: stopped by an observer")

// Progress is what a step came to.
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

// Evaluation is what a validation came to: losses in nats a token, for a language model.
type Evaluation struct {
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
