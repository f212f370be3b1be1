package train

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/weights"
)

// Summary is what a checkpoint's metadata tell of its run.
type Summary struct {
	Step, Epoch int
	Best        float64 // lowest validation loss, if Tested
	Tested      bool
}

// SummaryKey is the entry of a checkpoint's metadata that SummaryOf reads.
const SummaryKey = loopKey

// SummaryOf reads the metadata of a safetensors file. Nil is that of a file without the state of a run: weights that are
// not from a Loop.
func SummaryOf(metadata map[string]string) (*Summary, error) {
	text, ok := metadata[loopKey]
	if !ok {
		return nil, nil
	}
	at, err := parseCounters(text)
	if err != nil {
		return nil, errors.Wrapf(err, "train: checkpoint: %s", loopKey)
	}
	return &Summary{Step: at.Step, Epoch: at.Epoch, Best: at.Best, Tested: at.Tested}, nil
}

// IsState tells whether a tensor of a checkpoint is state of the run, such as the optimiser's, and no weight of the model.
func IsState(name string) bool { return strings.HasPrefix(name, weights.TrainingPrefix) }
