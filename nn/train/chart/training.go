package chart

import (
	"fmt"
	"image/color"
	"math"

	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/flow"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// GradientNorms draws how the norm of every state's gradient changes from step to step, on a logarithmic axis: a
// straight line is growth or decay by the same factor in every step. The legend has the verdicts.
func GradientNorms(f *flow.Report) *Picture {
	if f == nil {
		return failed("gradient norms of no flow")
	}
	var series []Series
	for _, s := range f.States {
		series = append(series, Series{Name: fmt.Sprintf("%s: %v, times %.3g a step back", s.Name, s.Verdict(), s.Factor), Y: s.Norms})
	}
	axes := Axes{Title: "Gradient of the loss with respect to the states", X: "time step t", Y: "norm of dL / d state(t)", Log: true}
	return Lines(axes, series...)
}

// Losses draws the losses of a run over its epochs, and marks where the validation loss was lowest.
func Losses(history []train.Pass) *Picture {
	training, validation := Series{Name: "training"}, Series{Name: "validation"}
	best := math.Inf(1)
	bestEpoch := 0
	for _, p := range history {
		training.X, training.Y = append(training.X, float64(p.Epoch)), append(training.Y, p.TrainLoss)
		validation.X, validation.Y = append(validation.X, float64(p.Epoch)), append(validation.Y, p.Validation)
		if p.Validation < best {
			best, bestEpoch = p.Validation, p.Epoch
		}
	}
	axes := Axes{Title: "Losses of training", X: "epoch", Y: "loss"}
	if bestEpoch == 0 {
		return Lines(axes, training)
	}
	validation.Name = fmt.Sprintf("validation, lowest %.4g after epoch %d", best, bestEpoch)
	return lines(axes, []mark{{x: float64(bestEpoch), y: best, text: fmt.Sprintf("epoch %d", bestEpoch), series: 1}}, training, validation)
}

// GateUse draws for every gate which share of its activations is closed, open, or in between, where a gate decides
// and learns.
func GateUse(f *flow.Report) *Picture {
	if f == nil || len(f.Gates) == 0 {
		return failed("gate use of a flow without gates")
	}
	p := newPlot()
	n := len(f.Gates)
	names := make([]string, n)
	shares := [3]plotter.Values{make(plotter.Values, n), make(plotter.Values, n), make(plotter.Values, n)}
	for i, g := range f.Gates {
		at := n - 1 - i // the first one on top
		names[at] = g.Name
		shares[0][at], shares[1][at], shares[2][at] = 100*g.Closed, 100*max(0, 1-g.Closed-g.Open), 100*g.Open
	}
	key := newLegend()
	var below *plotter.BarChart
	for i, part := range []struct {
		name   string
		colour color.Color
	}{{"closed (below 0.05)", blue}, {"between", pale}, {"open (above 0.95)", orange}} {
		bars, err := plotter.NewBarChart(shares[i], vg.Points(15))
		if err != nil {
			return failed("gate use: %v", err)
		}
		bars.Horizontal, bars.LineStyle.Width, bars.Color = true, 0, part.colour
		if below != nil {
			bars.StackOn(below)
		}
		below = bars
		p.Add(bars)
		key.add(part.name, bars)
	}
	p.NominalY(names...)
	p.X.Label.Text, p.X.Min, p.X.Max, p.X.Tick.Marker = "share of activations in %", 0, 100, rounds{}
	p.Y.Min, p.Y.Max, p.Y.LineStyle.Width = -0.6, float64(n)-0.4, 0
	return &Picture{Title: "What the gates do", Width: 16, Height: 2.9 + 0.8*float64(n) + centimetres(key.height()),
		draw: func(title string, c draw.Canvas) {
			p.Title.Text = title
			key.below(p, c)
		}}
}
