// Package train runs the training of a loss function: a Loop takes batches from a Source, makes steps of an optimiser,
// validates after each pass, and saves checkpoints from which a run continues bit for bit.
//
//	Source, FromBatches, FromWindows   what is trained on; BatchOf names the inputs of the loss function
//	Loop, Clip, Parallel               how steps are made
//	Validation, Validate               how the model is judged
//	Saving, Checkpoint, ReadCheckpoint files, and Loop.Resume
//	Observer, Progress, Evaluation     who is told
//
// The packages beside it measure predictions (metric), say how a run went (diagnose), write logs (events), look for settings
// (search), follow gradients through time (flow), and draw all that (chart).
package train

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// Loop trains a function. Loss, Data, Optimizer and Schedule are needed; the rest has useful zero values. The weights are
// those of Loss's store.
type Loop struct {
	// What is trained, and on what.

	// Loss maps a batch, followed by the carried state, to the loss, followed by the next state and by nothing else. A model
	// that carries nothing may return more after the loss, its predictions, say, for calls of one's own: a run passes it over.
	Loss *graph.Func
	// State is the state before the first batch of a pass, carried from batch to batch after that, without a gradient:
	// truncated backpropagation through time. Nil for a model that carries nothing.
	State []*tensor.Dense
	Data  Source
	Seed  uint64 // of dropout masks

	// How a step is made.

	Optimizer optim.Optimizer
	// Schedule gives the rate of each step. One with a memory (optim.AdaptiveSchedule) is told each validation loss, and its
	// memory is part of checkpoints.
	Schedule optim.Schedule
	Clip     Clip // limits of the gradients
	// Accumulate is the number of batches whose gradients make one step, 0 for 1: a large batch in the memory of a small
	// one. The last step of a pass takes what is left.
	Accumulate int
	Parallel   Parallel // gradients of a batch by several workers
	Engine     Engine   // makes the steps elsewhere: on an accelerator; nil for here
	// Average is the decay of an exponential moving average of the weights, 0.999 say, or 0 for none. The average
	// validates, is what checkpoints hold under the weights' names, and is what the run ends with.
	Average float64

	// How long, and what is done beside the steps.

	Epochs     int // passes over Data; 0 for 1, unless Steps is set
	Steps      int // stop after this many steps in all; 0 for no limit
	Validation Validation
	Saving     Saving
	Observers  []Observer // told how the run goes, in their order

	run       memory // where the run is
	forms     *forms // of Loss
	gradients gradients
	prepared  bool // the engine has the run
}

// Clip limits gradients before they are used. 0 is no limit.
type Clip struct {
	Norm  float64 // of the norm of all gradients together: larger ones are scaled down
	Value float64 // of each element, which is cut off
}

// Validation says how a Loop judges what it has learned after each pass, and what follows from that. Without Data nothing
// is judged, and the other fields must not be set.
type Validation struct {
	Data  Source
	State []*tensor.Dense // before the first batch; nil for the Loop's State. Set it for batches of another size.

	Patience int  // stop after this many validations without progress; 0 for never
	KeepBest bool // end with the weights of the lowest validation loss, not with the last

	// Measure gives further measures of the model, with the weights as they are when it is called: after each validation.
	Measure func() ([]Score, error)
}

// Saving says where and how often a Loop saves checkpoints: at the end, when it is cancelled, after each pass, and every so
// many steps.
type Saving struct {
	Path     string            // file to save to; none if empty
	Every    int               // also save after every so many steps; 0 for not
	BestPath string            // another file, saved to after each validation with the lowest loss so far; none if empty
	Metadata map[string]string // goes into the checkpoints: the model's configuration, say
	// Trained saves the weights alone that training changes, of an adapter, say: whoever reads the file has the others from
	// elsewhere. It goes with no Average.
	Trained bool
}

// memory is what a run knows beside the weights and the optimiser's state. All of it goes into checkpoints, but for ended.
type memory struct {
	counters
	carried []*tensor.Dense
	best    []graph.Named // the weights with the lowest validation loss, for KeepBest
	average *average
	ended   bool // the store holds the weights that the run ended with
}

// counters, together with the weights, the optimiser's state and the carried state, decide everything that follows.
type counters struct {
	Step    int     `json:"step"`
	Epoch   int     `json:"epoch"`
	Batch   int     `json:"batch"`    // batches done in this epoch
	LossSum float64 `json:"loss_sum"` // over this epoch
	Best    float64 `json:"best"`     // lowest validation loss
	Stale   int     `json:"stale"`    // validations since
	Seed    uint64  `json:"seed"`
	Done    bool    `json:"done"`
	Tested  bool    `json:"tested"` // whether Best holds a value
	History []Pass  `json:"history,omitempty"`
}

// params is the store of the weights.
func (l *Loop) params() *graph.Params { return l.Loss.Params() }

// lossForms are the forms of Loss, derived once.
func (l *Loop) lossForms() *forms {
	if l.forms == nil || l.forms.loss != l.Loss {
		l.forms = formsOf(l.Loss)
	}
	return l.forms
}

// batchesPerStep is the number of batches that make a step.
func (l *Loop) batchesPerStep() int { return max(l.Accumulate, 1) }

// stepsPerPass counts the last step of a pass, which may have fewer batches, too.
func (l *Loop) stepsPerPass() int {
	if l.Data == nil {
		return 0
	}
	return (l.Data.Len() + l.batchesPerStep() - 1) / l.batchesPerStep()
}

// epochs is the number of passes to make; without a limit, Steps decides.
func (l *Loop) epochs() int {
	switch {
	case l.Epochs > 0:
		return l.Epochs
	case l.Steps > 0:
		return (l.Steps-1)/max(l.stepsPerPass(), 1) + 1
	}
	return 1
}

// Total is the number of steps that a run makes, unless it stops early.
func (l *Loop) Total() int {
	n := l.epochs() * l.stepsPerPass() // 0 without Data
	if l.Steps > 0 {
		n = min(n, l.Steps)
	}
	return n
}

// Finished tells whether all steps have been made, so that Run has nothing to do: after Resume of a run that had come
// to its end, unless the loop now has more Epochs or Steps.
func (l *Loop) Finished() bool {
	return l.run.Epoch >= l.epochs() || l.Steps > 0 && l.run.Step >= l.Steps && !l.toValidate()
}

// toValidate tells whether Steps ended the last pass early, and the run was cancelled in the validation that follows.
func (l *Loop) toValidate() bool { return l.Steps > 0 && l.run.Step == l.Steps && l.run.Batch > 0 }
