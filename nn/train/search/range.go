package search

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// RangeTest looks for a learning rate: it trains for a few steps with a rate that grows by the same factor in each, and
// watches the loss. This is the range test of Smith (2017), section 3.3, with the exponential growth that Gugger and Howard
// use in fastai.
type RangeTest struct {
	From, To float64 // rates; 0 for 1e-6 and 1
	Steps    int     // 0 for 100
}

// Point is a step of the test.
type Point struct {
	Rate float64
	Loss float64 // of the step's batch, before the step
	Mean float64 // the losses so far, smoothed: what is judged by
}

// Curve is what a test found.
type Curve struct {
	Points    []Point
	Steepest  float64 // the rate at which the smoothed loss falls fastest: one to train with
	Lowest    float64 // the rate with the lowest smoothed loss: already too large
	Diverging bool    // the test ended early, for the loss had grown out of bounds
}

const (
	smoothing = 0.95 // of the losses' exponential mean: about the last twenty
	outOf     = 4    // times the lowest loss is out of bounds
)

// Do tests the rates on a loop's data, with everything of the loop that makes a step; the loop needs no Schedule. The test
// ends where the loss grows out of bounds. The weights, the optimiser and the data are put back as they were.
func (t RangeTest) Do(ctx context.Context, l *train.Loop) (curve Curve, err error) {
	if t, err = t.filled(); err != nil {
		return curve, err
	}
	if ctx == nil {
		return curve, errors.New("search: RangeTest: the context is nil")
	}
	if l == nil || l.Loss == nil || l.Data == nil || l.Optimizer == nil {
		return curve, errors.New("search: RangeTest: the loop's Loss, Data and Optimizer must be set")
	}
	restore, err := remember(l)
	if err != nil {
		return curve, errors.Wrap(err, "search: RangeTest")
	}
	defer func() {
		if restored := restore(); err == nil {
			err = errors.Wrap(restored, "search: RangeTest")
		}
	}()
	watch := &watch{early: t.Steps / 10, lowest: math.Inf(1), curve: &curve}
	trial := &train.Loop{Loss: l.Loss, State: l.State, Data: l.Data, Seed: l.Seed, Optimizer: l.Optimizer, Schedule: growing(t), Clip: l.Clip,
		Accumulate: l.Accumulate, Parallel: l.Parallel, Steps: t.Steps, Observers: []train.Observer{{OnStep: watch.step}}}
	_, err = trial.Run(ctx)
	var failed *train.StepError
	switch {
	case errors.As(err, &failed) && len(curve.Points) > 0: // gradients that are not finite, most likely: the rate was too large
		curve.Diverging = true
	case err != nil:
		return curve, errors.Wrap(err, "search: RangeTest")
	}
	return curve, curve.judge()
}

// filled sets what is not set, and checks what is.
func (t RangeTest) filled() (RangeTest, error) {
	if t.From == 0 {
		t.From = 1e-6
	}
	if t.To == 0 {
		t.To = 1
	}
	if t.Steps == 0 {
		t.Steps = 100
	}
	if !(t.From > 0 && t.To > t.From) || math.IsInf(t.To, 1) || t.Steps < 3 {
		return t, errors.Errorf("search: RangeTest from %g to %g in %d steps; want growing rates above 0 and 3 steps", t.From, t.To, t.Steps)
	}
	return t, nil
}

// remember returns what puts a loop's weights, optimiser and data back.
func remember(l *train.Loop) (restore func() error, err error) {
	start := func() error {
		if s, ok := l.Data.(train.EpochSource); ok {
			s.SetEpoch(0)
		}
		return l.Data.Seek(0)
	}
	if err := start(); err != nil {
		return nil, err
	}
	batch, ok := l.Data.Next()
	if s, fallible := l.Data.(train.FallibleSource); !ok && fallible && s.Err() != nil {
		return nil, s.Err()
	}
	if !ok {
		return nil, errors.New("the data have no batches")
	}
	// Compiling brings the parameters into being.
	if _, err := l.Loss.GradProgram(append(slices.Clip(batch), l.State...)...); err != nil {
		return nil, err
	}
	params := l.Loss.Params()
	weights, state := copies(params.Tensors("")), copies(l.Optimizer.State())
	return func() error {
		if err := params.SetAll(weights); err != nil {
			return err
		}
		if err := l.Optimizer.Restore(params, state); err != nil {
			return err
		}
		return start()
	}, nil
}

func copies(in []graph.Named) []graph.Named {
	out := make([]graph.Named, len(in))
	for i, t := range in {
		out[i] = graph.Named{Name: t.Name, Value: t.Value.Clone().(*tensor.Dense)}
	}
	return out
}

// watch draws the curve from the steps, and ends the run where the loss is out of bounds.
type watch struct {
	early  int // steps that are too early to judge
	mean   float64
	lowest float64
	curve  *Curve
}

func (w *watch) step(p train.Progress) error {
	i := len(w.curve.Points)
	w.mean = smoothing*w.mean + (1-smoothing)*p.Loss
	point := Point{Rate: p.Rate, Loss: p.Loss, Mean: w.mean / (1 - math.Pow(smoothing, float64(i+1)))}
	w.curve.Points = append(w.curve.Points, point)
	if math.IsNaN(point.Mean) || i > w.early && point.Mean > w.lowest+(outOf-1)*math.Abs(w.lowest) {
		w.curve.Diverging = true
		return train.ErrStop
	}
	w.lowest = min(w.lowest, point.Mean)
	return nil
}

// judge finds the rates that stand out.
func (c *Curve) judge() error {
	if len(c.Points) == 0 {
		return errors.New("search: RangeTest made no step")
	}
	if len(c.Points) < 3 {
		return errors.Errorf("search: RangeTest came to an end after %d steps, at the rate %g; begin lower",
			len(c.Points), c.Points[len(c.Points)-1].Rate)
	}
	slope, low := math.Inf(1), math.Inf(1)
	for i, p := range c.Points {
		if p.Mean < low {
			low, c.Lowest = p.Mean, p.Rate
		}
		if i == 0 || i+1 == len(c.Points) {
			continue
		}
		// Rates grow by the same factor: this is the derivative by the logarithm of the rate, but for a constant.
		if d := c.Points[i+1].Mean - c.Points[i-1].Mean; d < slope {
			slope, c.Steepest = d, p.Rate
		}
	}
	return nil
}

// String is the curve in a few rows, and what to make of it.
func (c Curve) String() string {
	var b strings.Builder
	for i, p := range c.Points {
		if i%max(len(c.Points)/12, 1) == 0 {
			fmt.Fprintf(&b, "%10.2e  %8.4f\n", p.Rate, p.Mean)
		}
	}
	fmt.Fprintf(&b, "The loss falls fastest at a rate of %.2g and is lowest at %.2g.\n", c.Steepest, c.Lowest)
	return b.String()
}

// growing is the schedule from From to To.
type growing RangeTest

func (s growing) Rate(step int) float64 {
	return s.From * math.Pow(s.To/s.From, float64(step)/float64(s.Steps-1))
}
