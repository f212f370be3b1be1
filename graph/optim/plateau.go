package optim

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/pkg/errors"
)

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

// State is the fields in JSON, which has no words for numbers that are not finite: they are an error.
func (s *Plateau) State() (string, error) {
	text, err := json.Marshal(s)
	return string(text), errors.Wrap(err, "optim: Plateau")
}

// Restore takes the fields from what State gave. An error changes nothing.
func (s *Plateau) Restore(state string) error {
	next := *s
	d := json.NewDecoder(strings.NewReader(state))
	d.DisallowUnknownFields() // the state of another schedule
	if err := d.Decode(&next); err != nil {
		return errors.Wrap(err, "optim: Plateau")
	}
	if d.More() {
		return errors.Errorf("optim: Plateau: more than one state in %.60q", state)
	}
	if err := next.Check(); err != nil {
		return err
	}
	*s = next
	return nil
}
