package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Series is a line: values of anything over time.
type Series struct {
	Name string
	X    []float64 // of every value of Y; nil for 1, 2, 3 ...
	Y    []float64 // what is no finite number, or not above 0 on a logarithmic axis, leaves a gap
}

// Axes say what a picture of lines shows, with units. The lines keep a distance from the frame, and an axis that nearly
// reaches 0 does so.
type Axes struct {
	Title, X, Y string
	Log         bool // Y is logarithmic
}

// Lines draws series into one picture, with a legend below it if any of them has a name.
func Lines(a Axes, series ...Series) *Picture { return lines(a, nil, series...) }

// mark is a point to look at, with a text above it, in the colour of a series.
type mark struct {
	x, y   float64
	text   string
	series int
}

func lines(a Axes, marks []mark, series ...Series) *Picture {
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = a.X, a.Y
	p.Add(&plotter.Grid{Vertical: gridStyle, Horizontal: gridStyle})
	legend := newLegend()
	whole := true
	low, high := math.Inf(1), math.Inf(-1)
	for i, s := range series {
		if s.X != nil && len(s.X) != len(s.Y) {
			return failed("series %q has %d values at %d places", s.Name, len(s.Y), len(s.X))
		}
		style := lineStyle(i)
		for _, piece := range s.pieces(a.Log) {
			for _, at := range piece {
				low, high = min(low, at.Y), max(high, at.Y)
				whole = whole && at.X == math.Trunc(at.X)
			}
			p.Add(lineOf(piece, style))
		}
		if s.Name != "" {
			legend.add(s.Name, &plotter.Line{LineStyle: style})
		}
	}
	if low > high {
		return failed("%s: no values to draw", a.Title)
	}
	for _, m := range marks {
		p.Add(m.plotters()...)
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = rounds{whole: whole, first: whole}, rounds{}
	if a.Log {
		p.Y.Tick.Marker = decades{}
	}
	p.Y.Min, p.Y.Max = limits(low, high, a.Log)
	return &Picture{Title: a.Title, Width: 16, Height: 8.5 + centimetres(legend.height()),
		draw: func(title string, c draw.Canvas) {
			p.Title.Text = title
			legend.below(p, c)
		}}
}

// limits are the ends of an axis for values, or logarithms of values, from low to high.
func limits(low, high float64, log bool) (bottom, top float64) {
	room := (high - low) / 20
	switch {
	case low == high: // a flat line in the middle
		room = 0.5
		if !log && low != 0 {
			room = math.Abs(low) / 10
		}
	case log && high-low > 2: // whole decades
		return math.Floor(low - room/2), math.Ceil(high + room/2)
	case log:
	case low >= 0 && low <= (high-low)/3:
		return 0, high + room
	case high <= 0 && -high <= (high-low)/3:
		return low - room, 0
	}
	return low - room, high + room
}

// plotters draw a mark: a dot, and the text above it.
func (m mark) plotters() []plot.Plotter {
	colour := lineStyle(m.series).Color
	at := plotter.XYs{{X: m.x, Y: m.y}}
	style := draw.TextStyle{
		Color: colour, Font: plot.DefaultFont, Handler: plot.DefaultTextHandler,
		XAlign: text.XCenter, YAlign: text.YBottom,
	}
	style.Font.Size, style.Font.Variant = vg.Points(9), "Sans"
	return []plot.Plotter{
		&plotter.Scatter{XYs: at, GlyphStyle: draw.GlyphStyle{Color: colour, Radius: vg.Points(3.5), Shape: draw.CircleGlyph{}}},
		&plotter.Labels{XYs: at, Labels: []string{m.text}, TextStyle: []draw.TextStyle{style}, Offset: vg.Point{Y: vg.Points(6)}},
	}
}

var gridStyle = draw.LineStyle{Color: pale, Width: vg.Points(0.5)}

// pieces cuts a series at its gaps.
func (s Series) pieces(log bool) []plotter.XYs {
	var out []plotter.XYs
	open := false
	for i, y := range s.Y {
		at := plotter.XY{X: float64(i + 1), Y: y}
		if s.X != nil {
			at.X = s.X[i]
		}
		if log {
			at.Y = math.Log10(y)
		}
		if !finite(at.X) || !finite(at.Y) {
			open = false
			continue
		}
		if !open {
			out = append(out, nil)
			open = true
		}
		out[len(out)-1] = append(out[len(out)-1], at)
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// lineOf draws a piece: a value on its own is a dot.
func lineOf(piece plotter.XYs, style draw.LineStyle) plot.Plotter {
	if len(piece) == 1 {
		return &plotter.Scatter{XYs: piece, GlyphStyle: draw.GlyphStyle{Color: style.Color, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}}
	}
	return &plotter.Line{XYs: piece, LineStyle: style}
}
