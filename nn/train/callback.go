package train

import "github.com/pkg/errors"

// Callback is told how a run goes; a Loop may have several, which are called in their order. An error ends the run, after
// a checkpoint has been saved, and Run returns it; Stop ends the run in peace.
type Callback interface {
	Stepped(Progress) error
	Validated(Validation) error
}

// Stop is what a callback returns to end the run as if it had come to its end.
var Stop = errors.New("train: stopped by a callback")

// tellStep calls all callbacks, even after one of them wants the run to end, and returns the first error.
func (l *Loop) tellStep(p Progress) (err error) {
	if l.OnStep != nil {
		l.OnStep(p)
	}
	for _, c := range l.Callbacks {
		err = firstError(err, c.Stepped(p))
	}
	return err
}

func (l *Loop) tellValidation(v Validation) (err error) {
	if l.OnValidate != nil {
		l.OnValidate(v)
	}
	for _, c := range l.Callbacks {
		err = firstError(err, c.Validated(v))
	}
	return err
}

// heed saves, and ends the run if a callback wants it to.
func (l *Loop) heed(told error, result *Result) error {
	if errors.Is(told, Stop) {
		l.at.Done, result.Stopped, told = true, true, nil
	}
	return firstError(l.save(), errors.Wrap(told, "train: callback"))
}
