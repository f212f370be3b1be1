package command

import (
	"fmt"
	"io"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

// calibrate finds the temperature of a classifier by the rows of its own table that it was stopped by, keeps it in the model's
// file, and says what it changed.
func calibrate(w io.Writer, m *models.Classifier) error {
	p, err := ownParts(m.Config().Origin)
	if err != nil {
		return errors.Wrap(err, "--calibrate")
	}
	before, err := m.Evaluate(p.check)
	if err != nil {
		return errors.Wrap(err, "--calibrate")
	}
	old := m.Temperature()
	if err := m.Calibrate(p.check); err != nil {
		return err
	}
	after, err := m.Evaluate(p.check)
	if err != nil {
		return err
	}
	if err := m.SaveTemperature(); err != nil {
		return err
	}
	fmt.Fprintf(w, "Temperature  %.4g, was %.4g; loss of the %d rows to stop by %.4f, was %.4f\n"+
		"             It is in the model's file now; predict and eval use it.\n", m.Temperature(), old, before.Rows, after.Loss, before.Loss)
	if p.untested {
		fmt.Fprintln(w, "Note         these rows test the model, too: what follows flatters it")
	}
	return nil
}
