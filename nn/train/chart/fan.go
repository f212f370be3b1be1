package chart

import (
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// Forecast is a forecast to draw: what was known, and what is expected after that. Values that are no finite number leave gaps.
type Forecast struct {
	History   []float64
	Median    []float64   // of the steps after the history, or the mean: the line in the middle
	Intervals []Interval  // around it, in any order
	Truth     []float64   // of the steps of the forecast; nil if it is not known
	Times     []time.Time // of all steps, those of the history first; nil for numbers from 1 on
}

// Interval is a part of a fan: where each step of a forecast is expected to be with some probability.
type Interval struct {
	Name      string // "80 %"
	Low, High []float64
}

// Fan draws a forecast: the history, the median and the intervals around it, the wider the paler, and the truth if it is known.
func Fan(a Axes, f Forecast) *Picture {
	if refused := f.refused(a); refused != nil {
		return refused
	}
	n := len(f.History) + len(f.Median)
	x := f.places()
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = a.X, a.Y
	p.Add(&plotter.Grid{Vertical: gridStyle, Horizontal: gridStyle})
	legend := newLegend()
	future := x[len(f.History):]
	low, high := math.Inf(1), math.Inf(-1)
	see := func(values []float64) {
		for _, v := range values {
			if finite(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	intervals := slices.Clone(f.Intervals)
	slices.SortStableFunc(intervals, func(a, b Interval) int { return -compareWidths(a, b) })
	for i, band := range intervals {
		colour := tint(float64(i+1) / float64(len(intervals)+1))
		for _, piece := range band.pieces(future) {
			p.Add(&plotter.Polygon{XYs: []plotter.XYs{piece}, Color: colour})
		}
		see(band.Low)
		see(band.High)
		legend.add(band.Name, &plotter.Polygon{Color: colour})
	}
	for _, line := range []struct {
		name  string
		x, y  []float64
		style draw.LineStyle
	}{
		{"history", x[:len(f.History)], f.History, draw.LineStyle{Color: color.Black, Width: lineStyle(0).Width}},
		{"forecast", future, f.Median, lineStyle(0)},
		{"truth", future, f.Truth, lineStyle(1)},
	} {
		if len(line.y) == 0 {
			continue
		}
		for _, piece := range (Series{X: line.x, Y: line.y}).pieces(false) {
			p.Add(lineOf(piece, line.style))
		}
		see(line.y)
		legend.add(line.name, &plotter.Line{LineStyle: line.style})
	}
	if low > high {
		return failed("%s: no values to draw", a.Title)
	}
	p.X.Min, p.X.Max = x[0], x[n-1]
	p.X.Tick.Marker, p.Y.Tick.Marker = rounds{whole: true, first: true}, rounds{}
	if f.Times != nil {
		p.X.Tick.Marker = calendar{f.Times[0].Location()}
	}
	p.Y.Min, p.Y.Max = limits(low, high, false)
	return &Picture{Title: a.Title, Width: 16, Height: 8.5 + centimetres(legend.height()),
		draw: func(title string, c draw.Canvas) {
			p.Title.Text = title
			legend.below(p, c)
		}}
}

// refused is the picture that says why a forecast cannot be drawn; nil, if it can.
func (f Forecast) refused(a Axes) *Picture {
	n := len(f.History) + len(f.Median)
	switch {
	case a.Log:
		return failed("%s: a fan on a logarithmic axis; draw the forecast of the logarithms", a.Title)
	case len(f.Median) == 0:
		return failed("%s: a forecast of no steps", a.Title)
	case f.Truth != nil && len(f.Truth) != len(f.Median):
		return failed("%s: the truth of %d steps and a forecast of %d", a.Title, len(f.Truth), len(f.Median))
	case f.Times != nil && len(f.Times) != n:
		return failed("%s: %d times of %d steps", a.Title, len(f.Times), n)
	}
	for _, i := range f.Intervals {
		if len(i.Low) != len(f.Median) || len(i.High) != len(f.Median) {
			return failed("%s: the interval %q has %d and %d ends for %d steps", a.Title, i.Name, len(i.Low), len(i.High), len(f.Median))
		}
	}
	return nil
}

// places are where the steps are on the axis: their numbers, or seconds since 1970.
func (f Forecast) places() []float64 {
	x := make([]float64, len(f.History)+len(f.Median))
	for i := range x {
		x[i] = float64(i + 1)
		if f.Times != nil {
			x[i] = float64(f.Times[i].UnixNano()) / 1e9
		}
	}
	return x
}

// compareWidths says which interval is wider on the whole.
func compareWidths(a, b Interval) int {
	sum := 0.0
	for i := range a.Low {
		if d := (a.High[i] - a.Low[i]) - (b.High[i] - b.Low[i]); finite(d) {
			sum += d
		}
	}
	switch {
	case sum > 0:
		return 1
	case sum < 0:
		return -1
	}
	return 0
}

// pieces are the outlines of an interval between its gaps: along the low ends, and back along the high ones. A step on its own
// becomes as wide as a hair.
func (i Interval) pieces(x []float64) []plotter.XYs {
	var out []plotter.XYs
	var low, high plotter.XYs
	end := func() {
		if len(low) > 0 {
			slices.Reverse(high)
			out = append(out, append(low, high...))
		}
		low, high = nil, nil
	}
	for j := range x {
		if !finite(i.Low[j]) || !finite(i.High[j]) {
			end()
			continue
		}
		low, high = append(low, plotter.XY{X: x[j], Y: i.Low[j]}), append(high, plotter.XY{X: x[j], Y: i.High[j]})
	}
	end()
	return out
}

// tint is a blue between white, 0, and that of the first line, 1.
func tint(v float64) color.NRGBA {
	mix := func(c uint8) uint8 { return uint8(255 - v*float64(255-c) + 0.5) }
	return color.NRGBA{mix(blue.R), mix(blue.G), mix(blue.B), 255}
}
