package train_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
)

// A loss that no function of graph made has no weights to train or to restore.
func TestLossWithoutWeights(t *testing.T) {
	l := &train.Loop{Loss: &graph.Func{}, Data: train.FromWindows(nil), Optimizer: &optim.SGD{}, Schedule: optim.Constant(0.1)}
	for name, err := range map[string]error{"Resume": l.Resume(&train.Checkpoint{}), "Run": func() error { _, err := l.Run(t.Context()); return err }()} {
		if err == nil || !strings.Contains(err.Error(), "want") && !strings.Contains(err.Error(), "store of weights") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
