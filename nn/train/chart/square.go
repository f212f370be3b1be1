package chart

import (
	"fmt"
	"image/color"

	"github.com/unroll-go/unroll/nn/train/metric"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ROC draws curves of the receiver operating characteristic, metric.Curve's X and Y, with the line of a guess.
func ROC(title string, curves ...Series) *Picture {
	p, legend := newSquare("false positive rate", "true positive rate")
	p.Add(diagonal("a guess", legend))
	drawn := false
	for i, s := range curves {
		if len(s.X) != len(s.Y) {
			return failed("series %q has %d values at %d places", s.Name, len(s.Y), len(s.X))
		}
		for _, piece := range s.pieces(false) {
			for _, at := range piece {
				if !(at.X >= 0 && at.X <= 1 && at.Y >= 0 && at.Y <= 1) {
					return failed("series %q has %g at %g; want rates from 0 to 1", s.Name, at.Y, at.X)
				}
			}
			p.Add(lineOf(piece, lineStyle(i)))
			drawn = true
		}
		legend.add(s.Name, &plotter.Line{LineStyle: lineStyle(i)})
	}
	if !drawn {
		return failed("%s: no curve to draw; a ROC needs rows of the class and others", title)
	}
	return square(title, p, legend)
}

// Reliability draws how often predictions came true, by the probability that they had: bars as high as the share that came true, a
// dot at the mean probability of each, and the line on which all dots of a calibrated model are. Thin bars tell how many rows there
// are, those of the fullest bin a tenth high.
func Reliability(r metric.Reliability) *Picture {
	p, legend := newSquare("probability", "share that came true")
	most := 0
	for i, b := range r {
		for _, v := range []float64{b.Low, b.High, b.Accuracy, b.Confidence} {
			if b.Rows > 0 && !(v >= 0 && v <= 1) {
				return failed("reliability: bin %d has %g; want shares and probabilities from 0 to 1", i, v)
			}
		}
		most = max(most, b.Rows)
	}
	if most == 0 {
		return failed("reliability of no rows")
	}
	var dots plotter.XYs
	share := plotter.Polygon{Color: tint(0.35), LineStyle: draw.LineStyle{Color: color.White, Width: vg.Points(0.5)}}
	count := plotter.Polygon{Color: orange}
	for _, b := range r {
		if b.Rows == 0 {
			continue
		}
		middle, thin := (b.Low+b.High)/2, (b.High-b.Low)/8
		p.Add(bar(share, b.Low, b.High, b.Accuracy), bar(count, middle-thin, middle+thin, 0.1*float64(b.Rows)/float64(most)))
		dots = append(dots, plotter.XY{X: b.Confidence, Y: b.Accuracy})
	}
	scatter := &plotter.Scatter{XYs: dots, GlyphStyle: draw.GlyphStyle{Color: blue, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}}
	legend.add("share that came true", &share)
	legend.add(fmt.Sprintf("rows, at most %d", most), &count)
	legend.add("mean probability and share", scatter)
	p.Add(diagonal("calibrated", legend), scatter)
	return square(fmt.Sprintf("Reliability, calibration error %.3g", r.CalibrationError()), p, legend)
}

// bar is a rectangle on the axis, which looks like another.
func bar(like plotter.Polygon, left, right, height float64) plot.Plotter {
	like.XYs = []plotter.XYs{{{X: left}, {X: right}, {X: right, Y: height}, {X: left, Y: height}}}
	return &like
}

// newSquare is a plot of shares over shares.
func newSquare(x, y string) (*plot.Plot, *legend) {
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Add(&plotter.Grid{Vertical: gridStyle, Horizontal: gridStyle})
	p.X.Tick.Marker, p.Y.Tick.Marker = rounds{}, rounds{}
	return p, newLegend()
}

// diagonal is the line from (0, 0) to (1, 1).
func diagonal(name string, l *legend) plot.Plotter {
	style := draw.LineStyle{Color: color.Gray{0x80}, Width: vg.Points(1), Dashes: []vg.Length{3, 3}}
	line := &plotter.Line{XYs: plotter.XYs{{}, {X: 1, Y: 1}}, LineStyle: style}
	l.add(name, line)
	return line
}

// square is the picture of a square plot.
func square(title string, p *plot.Plot, l *legend) *Picture {
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	return &Picture{Title: title, Width: 12, Height: 12 + centimetres(l.height()),
		draw: func(title string, c draw.Canvas) {
			p.Title.Text = title
			l.below(p, c)
		}}
}
