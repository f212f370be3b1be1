package decode

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Language is a language model that a CTC search asks. It is asked once about each sequence of labels that the beam follows, about
// several of them together. models.LanguageModel.Language makes one of a trained network, LanguageFunc of a function.
type Language interface {
	// Begin is what the model says before the first of so many kinds of labels.
	Begin(classes int) (Following, error)
	// Next is what it says when labels[i] has come after what before[i] was said of.
	Next(before []Following, labels []int) ([]Following, error)
}

// Following is what a language model says at the end of some labels.
type Following struct {
	// LogProbs of the labels, to come next; -Inf forbids one. That of the blank is not read.
	LogProbs []float64
	// End is the log-probability that nothing follows. It counts where the frames end, and 0 says nothing.
	End   float64
	State any // what the model wants to remember
}

// LanguageFunc is a Language of one function: it returns the log-probability of a label after others, in a slice that it must not
// change or keep.
type LanguageFunc func(before []int, label int) float64

// mostLabels is more than any vocabulary has: a function is asked about each of them.
const mostLabels = 1 << 24

// Begin asks the function about all labels.
func (f LanguageFunc) Begin(classes int) (Following, error) { return f.after(nil, classes) }

// Next asks the function about all labels, see Language.
func (f LanguageFunc) Next(before []Following, labels []int) ([]Following, error) {
	if len(before) != len(labels) {
		return nil, errors.Errorf("decode: LanguageFunc: %d labels after %d sequences", len(labels), len(before))
	}
	out := make([]Following, len(before))
	for i, b := range before {
		known, ok := b.State.([]int)
		if !ok {
			return nil, errors.New("decode: LanguageFunc: want a Following of this function")
		}
		var err error
		if out[i], err = f.after(append(slices.Clip(known), labels[i]), len(b.LogProbs)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (f LanguageFunc) after(labels []int, classes int) (Following, error) {
	if f == nil {
		return Following{}, errors.New("decode: LanguageFunc: there is no function")
	}
	if classes < 0 || classes > mostLabels {
		return Following{}, errors.Errorf("decode: LanguageFunc: %d labels; want 0 to %d", classes, mostLabels)
	}
	out := Following{LogProbs: make([]float64, classes), State: labels}
	for label := range out.LogProbs {
		out.LogProbs[label] = f(labels, label)
	}
	return out, nil
}

// check reports what no search can work with, for so many labels, but for the blank.
func (f Following) check(classes, blank int) error {
	if len(f.LogProbs) != classes {
		return errors.Errorf("the language model speaks of %d labels; want %d", len(f.LogProbs), classes)
	}
	for label, v := range f.LogProbs {
		if label != blank && (math.IsNaN(v) || math.IsInf(v, 1)) {
			return errors.Errorf("the language model gives label %d the log-probability %v", label, v)
		}
	}
	if math.IsNaN(f.End) || math.IsInf(f.End, 1) {
		return errors.Errorf("the language model gives the end the log-probability %v", f.End)
	}
	return nil
}
