package train_test

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn/train"
)

// The run ends with the average that its recurrence gives from the weights of each step.
func TestAverage(t *testing.T) {
	l := regression([]int{12, 12}, 0)
	l.Average, l.Saving.Path = 0.7, filepath.Join(t.TempDir(), "c")
	var mean, last []float64
	onStep(l, func(p train.Progress) {
		last = slices.Clone(l.Loss.Params().Get("w").Value().Float64s())
		if mean == nil {
			mean = slices.Clone(last)
		}
		d := math.Min(0.7, float64(1+p.Step)/float64(10+p.Step))
		for i, w := range last {
			mean[i] = d*mean[i] + (1-d)*w
		}
	})
	l.Validation.Data = l.Data
	var judged float64
	onValidation(l, func(v train.Evaluation) { judged = v.Loss })
	run(t, l)
	saved, err := train.ReadCheckpoint(l.Saving.Path)
	if err != nil {
		t.Fatal(err)
	}
	other := graph.NewParams64(2)
	if err := saved.Weights(other); err != nil {
		t.Fatal(err)
	}
	w, loaded := l.Loss.Params().Get("w").Value().Float64s(), other.Get("w").Value().Float64s()
	for i := range mean {
		if math.Abs(w[i]-mean[i]) > 1e-14 || loaded[i] != w[i] || math.Abs(w[i]-last[i]) < 1e-6 {
			t.Errorf("weight %d: the average is %v, want %v; %v was saved; the last weight was %v", i, w[i], mean[i], loaded[i], last[i])
		}
	}
	if v, err := train.Validate(l.Loss, l.Validation.Data, l.State); err != nil || v != judged {
		t.Errorf("the average gives %v, error %v; the last validation gave %v", v, err, judged)
	}
}

// Averages, the best weights and the weights that are trained all go on where they were: between the steps of a pass, and
// past the end of a run.
func TestAverageResumes(t *testing.T) {
	dir := t.TempDir()
	alone, path := filepath.Join(dir, "alone"), filepath.Join(dir, "stopped")
	build := func(path string, epochs int) *train.Loop {
		l := newLoop(t, path)
		l.Average, l.Validation.KeepBest, l.Epochs = 0.9, true, epochs
		return l
	}
	run(t, build(alone, 4))
	resumed := func() {
		t.Helper()
		resume(t, build(path, 4))
		if !bytes.Equal(testutil.Read(t, alone), testutil.Read(t, path)) {
			t.Error("the resumed run ends elsewhere")
		}
	}
	cancelAt(t, build(path, 4), 40)
	resumed()
	run(t, build(path, 2))
	resumed()
}

func TestAverageBadUse(t *testing.T) {
	l := regression([]int{24}, 0)
	l.Average = 1
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "decay is 1") {
		t.Error(err)
	}
}
