// Package diagnose judges a training run by the losses of its passes: whether it still improves, has converged, overfits,
// underfits or has diverged. Losses gives a Report, whose String says so in words, with the numbers and with what to try.
package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/unroll-go/unroll/nn/train"
)

// Report tells how training goes.
type Report struct {
	State State
	Best  int // the pass with the lowest validation loss, from 1; 0 without validation
	text  string
}

// State is how training goes.
type State int

// How training goes.
const (
	TooShort     State = iota // fewer than two passes: nothing can be said
	Improving                 // the training loss falls, and the validation loss, if there is one: train on
	Converged                 // one of them has stopped falling
	Overfitting               // the training loss falls on, the validation loss rises
	Underfitting              // the training loss itself hardly falls
	Diverged                  // the training loss rises, or is no number
)

func (s State) String() string {
	names := [...]string{"too short to tell", "still improving", "converged", "overfitting", "underfitting", "diverged"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return names[s]
}

// String is the report in words, with the numbers it comes from and what to try.
func (r Report) String() string { return r.text }

// Thresholds of a diagnosis, relative to a loss.
const (
	worse    = 0.01 // the validation loss has risen by so much since its best
	little   = 0.02 // a training loss that has fallen less than this since the first pass has hardly fallen
	flat     = 0.005
	nothing  = 1e-4 // a loss below this part of the first pass's training loss has nothing left to fall
	recently = 2    // passes in which the validation loss must have fallen by more than flat to count as falling
)

// Losses judges a run by its history: it compares the losses on the data that are trained on with those that validate.
func Losses(history []train.Pass) Report {
	n := len(history)
	if n < 2 {
		return Report{State: TooShort, text: "Too short to tell: it takes two passes over the data to see a course."}
	}
	first, last := history[0], history[n-1]
	best := train.Pass{Validation: math.Inf(1)}
	for _, p := range history {
		if p.Validation < best.Validation {
			best = p
		}
	}
	d := Report{Best: best.Epoch}
	say := func(s State, format string, args ...any) Report {
		d.State, d.text = s, fmt.Sprintf(format, args...)
		return d
	}
	falls := first.TrainLoss - last.TrainLoss
	recent := history[n-2].TrainLoss - last.TrainLoss
	switch {
	case math.IsNaN(last.TrainLoss) || math.IsInf(last.TrainLoss, 0) || last.TrainLoss > first.TrainLoss*(1+worse):
		return say(Diverged, "Diverged: the training loss went from %.4g to %.4g. Lower the learning rate, or clip gradients.",
			first.TrainLoss, last.TrainLoss)
	case best.Epoch > 0 && best.Epoch < last.Epoch && last.Validation > best.Validation*(1+worse) && last.TrainLoss < best.TrainLoss:
		return say(Overfitting, "Overfitting since epoch %d: there the validation loss was %.4g, now it is %.4g, while the training loss fell "+
			"from %.4g to %.4g. Keep the weights of that epoch, or use dropout, weight decay, a smaller network or more data.",
			best.Epoch, best.Validation, last.Validation, best.TrainLoss, last.TrainLoss)
	case falls < little*math.Abs(first.TrainLoss):
		return say(Underfitting, "Underfitting: in %d passes the training loss fell from %.4g to %.4g only. "+
			"Try a larger learning rate, a larger network, or less dropout.", n, first.TrainLoss, last.TrainLoss)
	case recent < flat*math.Abs(last.TrainLoss):
		return say(Converged, "Converged: the training loss (%.4g) hardly falls any more%s.", last.TrainLoss, d.beside(last))
	}
	if since, stuck := validationStuck(history); stuck {
		return say(Converged, "Converged: the validation loss (%.4g) has hardly fallen since epoch %d, where it was %.4g, "+
			"while the training loss fell on to %.4g. More epochs will hardly help; more data, dropout or weight decay may.",
			last.Validation, since.Epoch, since.Validation, last.TrainLoss)
	}
	if left, what := d.remaining(last); left >= 0 && left < nothing*first.TrainLoss {
		return say(Converged, "Converged: the %s loss (%.4g) is less than a %.0fth of the training loss of the first pass (%.4g): "+
			"hardly anything is left to learn from these data.", what, left, 1/nothing, first.TrainLoss)
	}
	return say(Improving, "Still improving: the training loss fell from %.4g to %.4g%s. More epochs will help.",
		first.TrainLoss, last.TrainLoss, d.beside(last))
}

// remaining is the loss that more passes would lower: that on the other data, if there is one.
func (r Report) remaining(p train.Pass) (loss float64, what string) {
	if r.Best == 0 {
		return p.TrainLoss, "training"
	}
	return p.Validation, "validation"
}

// validationStuck tells whether the validation loss has not fallen in the latest passes, and since which one.
func validationStuck(history []train.Pass) (since train.Pass, stuck bool) {
	if len(history) <= recently {
		return train.Pass{}, false
	}
	before, latest := history[:len(history)-recently], history[len(history)-recently:]
	byLoss := func(a, b train.Pass) int { return cmp.Compare(a.Validation, b.Validation) }
	since = slices.MinFunc(before, byLoss)
	best := slices.MinFunc(latest, byLoss)
	if math.IsNaN(since.Validation) || math.IsNaN(best.Validation) { // NaN is the least: there was no validation
		return train.Pass{}, false
	}
	return since, best.Validation >= since.Validation-flat*math.Abs(since.Validation) // equal if both are 0
}

// beside names the validation loss, if there is one.
func (r Report) beside(p train.Pass) string {
	if r.Best == 0 {
		return ""
	}
	return fmt.Sprintf(", the validation loss is %.4g", p.Validation)
}
