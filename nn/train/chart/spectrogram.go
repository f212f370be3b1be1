package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sound is a recording as features in time, and what is said in it.
type Sound struct {
	Values  [][]float64 // [T][F]: energies of bands, from the lowest up, such as audio.LogMel's
	Seconds float64     // from one row of Values to the next
	Words   []Spoken
}

// Spoken is a word, or another piece of a text, and when it is said: in seconds from the beginning.
type Spoken struct {
	Text       string
	Start, End float64
}

// mostColumns is how many columns of a spectrogram are drawn side by side; of more rows, some are drawn as one, by their mean.
const mostColumns = 800

// Spectrogram draws a recording: time goes to the right, frequency up, and the louder the darker, from its quietest value to its
// loudest. Below each word stands where it is said.
func Spectrogram(title string, s Sound) *Picture {
	if len(s.Values) == 0 || len(s.Values[0]) == 0 || !(s.Seconds > 0) || math.IsInf(s.Seconds, 0) {
		return failed("spectrogram of %d rows, %g seconds each; want 1 at least, of more than 0", len(s.Values), s.Seconds)
	}
	low, high := math.Inf(1), math.Inf(-1)
	for t, row := range s.Values {
		if len(row) != len(s.Values[0]) {
			return failed("spectrogram: row %d has %d values, the first %d", t, len(row), len(s.Values[0]))
		}
		for _, v := range row {
			if v-v != 0 {
				return failed("spectrogram: row %d has a value of %g", t, v)
			}
			low, high = min(low, v), max(high, v)
		}
	}
	for _, w := range s.Words {
		if !(w.Start >= 0 && w.End >= w.Start) || math.IsInf(w.End, 0) {
			return failed("spectrogram: %q is said from %g to %g s", w.Text, w.Start, w.End)
		}
	}
	p := newPlot()
	p.Title.Text = title
	p.X.Label.Text, p.Y.Label.Text = "seconds", "band"
	p.X.Min, p.X.Max = 0, float64(len(s.Values))*s.Seconds
	p.Add(shades{s, low, max(high-low, 1e-300)})
	// Words stand below the bands, so that the axis of the bands begins above them.
	p.Y.Min, p.Y.Max = -wordRoom*float64(len(s.Values[0])), float64(len(s.Values[0]))
	p.Y.Tick.Marker = bandTicks{}
	return &Picture{Title: title, Width: 20, Height: 9, draw: func(title string, c draw.Canvas) {
		p.Title.Text = title
		p.Draw(c)
	}}
}

// wordRoom is the room of the words, as a share of that of the bands.
const wordRoom = 0.22

// bandTicks are those of the bands, of which none is below 0.
type bandTicks struct{}

// Ticks are those of numbers, without the negative ones.
func (bandTicks) Ticks(_, most float64) []plot.Tick {
	return plot.DefaultTicks{}.Ticks(0, most)
}

// shades are the cells of a spectrogram.
type shades struct {
	Sound
	low, span float64
}

// Plot draws the cells, and the words with lines where they begin and end.
func (s shades) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	together := (len(s.Values) + mostColumns - 1) / mostColumns
	for t := 0; t < len(s.Values); t += together {
		rows := s.Values[t:min(t+together, len(s.Values))]
		left, right := x(float64(t)*s.Seconds), x(float64(t+len(rows))*s.Seconds)
		for band := range s.Values[0] {
			mean := 0.0
			for _, row := range rows {
				mean += row[band] / float64(len(rows))
			}
			if fill := shade((mean - s.low) / s.span); fill != shade(0) {
				low, high := y(float64(band)), y(float64(band+1))
				c.FillPolygon(fill, []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}})
			}
		}
	}
	bottom := -wordRoom * float64(len(s.Values[0]))
	style := p.X.Tick.Label
	style.Rotation, style.XAlign, style.YAlign = 0, text.XCenter, text.YCenter
	line := draw.LineStyle{Color: p.X.LineStyle.Color, Width: vg.Points(0.8)}
	c.StrokeLine2(line, c.Min.X, y(0), c.Max.X, y(0))
	for i, w := range s.Words {
		for _, at := range []float64{w.Start, w.End} {
			c.StrokeLine2(line, x(at), y(bottom*0.25), x(at), y(0))
		}
		c.StrokeLine2(line, x(w.Start), y(bottom*0.25), x(w.End), y(bottom*0.25))
		// Neighbours stand in two rows, so that short words do not touch.
		c.FillText(style, vg.Point{X: x((w.Start + w.End) / 2), Y: y(bottom * (0.48 + 0.32*float64(i%2)))}, w.Text)
	}
}
