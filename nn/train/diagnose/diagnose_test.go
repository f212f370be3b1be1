package diagnose_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/diagnose"
)

func TestDiagnose(t *testing.T) {
	nan := math.NaN()
	run := func(losses ...float64) []train.Pass { // training, validation, training, validation ...
		var out []train.Pass
		for i := 0; i < len(losses); i += 2 {
			out = append(out, train.Pass{Epoch: 1 + i/2, TrainLoss: losses[i], Validation: losses[i+1]})
		}
		return out
	}
	for want, history := range map[string][]train.Pass{
		"Too short": run(1, 1),
		"Improving": run(2, 2, 1, 1.1, 0.8, 0.9),
		"Overfitting since epoch 2: there the validation loss was 1.1, now it is 1.4, while the training loss fell from 1 to 0.3": run(2, 2, 1, 1.1, 0.6, 1.2, 0.3, 1.4),
		"Underfitting: in 3 passes the training loss fell from 2 to 1.99 only":                                                    run(2, 2, 2, 2, 1.99, 2),
		"Diverged: the training loss went from 2 to 7":                                                                            run(2, 2, 7, 7),
		"Diverged: the training loss went from 2 to NaN":                                                                          run(2, nan, nan, nan),
		"Converged: the validation loss (0) has hardly fallen since epoch 2, where it was 0,":                                     run(1, 0.5, 0.1, 0, 0.01, 0, 0.001, 0),
		"Converged: the training loss (0.5) hardly falls any more.":                                                               run(2, nan, 0.501, nan, 0.5, nan),
		"Converged: the validation loss (0.331) has hardly fallen since epoch 3, where it was 0.3307, while the training loss fell on to 0.1.": run(
			1, 0.5, 0.5, 0.4, 0.3, 0.3307, 0.2, 0.3329, 0.1, 0.331),
		"Converged: the validation loss (2e-05) is less than a 10000th of the training loss of the first pass (2): hardly": run(2, 1, 0.01, 0.004, 0.001, 2e-5),
		"Converged: the training loss (1e-05) is less than a 10000th":                                                      run(2, nan, 0.01, nan, 1e-5, nan),
		"Still improving: the training loss fell from 2 to 0.001, the validation loss is 0.0004":                           run(2, 1, 0.01, 0.004, 0.001, 0.0004),
		"Still improving: the training loss fell from 0.5 to -3, the validation loss is -2":                                run(0.5, 0.4, -1, -1, -3, -2), // of densities
		"Still improving: the training loss fell from 1 to 0.1, the validation loss is 0.3":                                run(1, 0.5, 0.3, 0.33, 0.2, 0.335, 0.1, 0.3),
		"Still improving: the training loss fell from 1 to 0.5, the validation loss is 0.505":                              run(1, 0.5, 0.5, 0.505),
		"Still improving: the training loss fell from 2 to 0.9. More":                                                      run(2, nan, 0.9, nan),
	} {
		d := diagnose.Losses(history)
		for _, name := range []string{"Patience", "KeepBest", "Clip", "Loop"} { // who reads it may know nothing of the library
			if strings.Contains(d.String(), name) {
				t.Errorf("%q speaks of %s", d, name)
			}
		}
		if !strings.Contains(d.String(), want) && !strings.EqualFold(d.State.String(), "still "+want) && !strings.HasPrefix(d.String(), want) {
			t.Errorf("%v: %v (%s), want %q", history, d.State, d, want)
		}
	}
}

// What nobody made has a text, too.
func TestReportOfNothing(t *testing.T) {
	if got := diagnose.State(-1).String() + diagnose.State(100).String() + (diagnose.Report{}).String(); got != "State(-1)State(100)" {
		t.Error(got)
	}
}

// A run whose validation loss rises while its training loss falls.
func ExampleLosses() {
	r := diagnose.Losses([]train.Pass{{Epoch: 1, TrainLoss: 2, Validation: 2.1}, {Epoch: 2, TrainLoss: 1, Validation: 1.8}, {Epoch: 3, TrainLoss: 0.5, Validation: 2.2}})
	fmt.Println(r.State, "since epoch", r.Best)
	fmt.Println(r)
	// Output:
	// overfitting since epoch 2
	// Overfitting since epoch 2: there the validation loss was 1.8, now it is 2.2, while the training loss fell from 1 to 0.5. Keep the weights of that epoch, or use dropout, weight decay, a smaller network or more data.
}
