package train

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph/optim"
)

// RateTest is how FindRate looks for a learning rate.
type RateTest struct {
	From, To float64 // rates; 0 for 1e-6 and 1
	Steps    int     // 0 for 100
}

// RatePoint is a step of the test.
type RatePoint struct {
	Rate float64
	Loss float64 // of the step's batch, before the step
	Mean float64 // the losses so far, smoothed: what is judged by
}

// RateCurve is what a test found.
type RateCurve struct {
	Points    []RatePoint
	Steepest  float64 // the rate at which the smoothed loss falls fastest: one to train with
	Lowest    float64 // the rate with the lowest smoothed loss: already too large
	Diverging bool    // the test ended early, for the loss had grown out of bounds
}

const (
	smoothing = 0.95 // of the losses' exponential mean: about the last twenty
	outOf     = 4    // times the lowest loss is out of bounds
)

// FindRate trains for a few steps with a rate that grows by the same factor in each, and watches the loss: the range test
// of Smith (2017), section 3.3, with the exponential growth that Gugger and Howard use in fastai. It ends where the loss
// grows out of bounds. The weights, the optimiser and the data are put back as they were.
func (l *Loop) FindRate(ctx context.Context, t RateTest) (curve RateCurve, err error) {
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
		return curve, errors.Errorf("train: a test of rates from %g to %g in %d steps; want growing rates above 0 and 3 steps", t.From, t.To, t.Steps)
	}
	if l.Schedule == nil {
		l.Schedule = optim.Constant(t.From) // is what the test is for
		defer func() { l.Schedule = nil }()
	}
	if err := l.check(); err != nil {
		return curve, err
	}
	trial := *l
	trial.Schedule = growing(t)
	trial.Epochs, trial.Steps, trial.Average = 0, 0, 0
	trial.carried, trial.at = cloneAll(l.State), counters{Seed: l.Seed}
	if err := trial.begin(); err != nil {
		return curve, err
	}
	restore, err := trial.remember()
	if err != nil {
		return curve, err
	}
	defer func() { err = firstError(err, restore()) }()
	err = trial.rangeTest(ctx, t, &curve)
	return curve, err
}

// remember returns what puts weights, optimiser and data back.
func (l *Loop) remember() (func() error, error) {
	batch, ok := l.Data.Next()
	if !ok {
		return nil, errors.Wrap(firstError(errOf(l.Data), errors.New("no batch")), "train: test of rates")
	}
	// Compiling brings the parameters into being.
	if _, err := l.Loss.Program(true, append(batch[:len(batch):len(batch)], l.carried...)...); err != nil {
		return nil, errors.Wrap(err, "train: test of rates")
	}
	weights, state := cloneNamed(l.Params.Tensors("")), cloneNamed(l.Optimizer.State())
	return func() error {
		if err := l.Params.SetAll(weights); err != nil {
			return err
		}
		if err := l.Optimizer.Restore(l.Params, state); err != nil {
			return err
		}
		l.at = counters{}
		return l.begin()
	}, l.begin()
}

// rangeTest makes the steps, over as many passes as it takes.
func (l *Loop) rangeTest(ctx context.Context, t RateTest, curve *RateCurve) error {
	mean, lowest := 0.0, math.Inf(1)
	for i := 0; i < t.Steps; i++ {
		if err := ctx.Err(); err != nil {
			return errors.Wrap(err, "train: test of rates")
		}
		batch, ok := l.Data.Next()
		if !ok {
			if err := errOf(l.Data); err != nil {
				return errors.Wrap(err, "train: test of rates")
			}
			l.at.Epoch, l.at.Batch, l.at.LossSum = l.at.Epoch+1, 0, 0
			carry(l.carried, l.State)
			if err := l.begin(); err != nil {
				return err
			}
			i--
			continue
		}
		p, err := l.step(batch, &speed{})
		if err != nil && i > 0 { // gradients that are not finite, most likely: the rate was too large
			curve.Diverging = true
			break
		} else if err != nil {
			return errors.Wrap(err, "train: test of rates")
		}
		mean = smoothing*mean + (1-smoothing)*p.Loss
		point := RatePoint{Rate: p.Rate, Loss: p.Loss, Mean: mean / (1 - math.Pow(smoothing, float64(i+1)))}
		curve.Points = append(curve.Points, point)
		if math.IsNaN(point.Mean) || i > t.Steps/10 && point.Mean > lowest+(outOf-1)*math.Abs(lowest) {
			curve.Diverging = true
			break
		}
		lowest = min(lowest, point.Mean)
	}
	return curve.judge()
}

// judge finds the rates that stand out.
func (c *RateCurve) judge() error {
	if len(c.Points) == 0 {
		return errors.New("train: the test of rates made no step")
	}
	if len(c.Points) < 3 {
		return errors.Errorf("train: the test of rates came to an end after %d steps, at the rate %g; begin lower", len(c.Points), c.Points[len(c.Points)-1].Rate)
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
func (c RateCurve) String() string {
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
type growing RateTest

func (s growing) Rate(step int) float64 {
	return s.From * math.Pow(s.To/s.From, float64(step)/float64(s.Steps-1))
}
