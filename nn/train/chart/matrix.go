package chart

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/nn/train/metric"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
)

// Confusion draws a confusion matrix: truths down, predictions across, with the counts. A cell is the darker the larger
// its share of its truth is, so that a good model has a dark diagonal however rare a class is.
func Confusion(c *metric.Confusion) *Picture {
	if c == nil || len(c.Labels) == 0 {
		return failed("confusion matrix without classes")
	}
	m := matrix{rows: c.Labels, columns: c.Labels}
	for i := range c.Labels {
		shares, texts := make([]float64, len(c.Labels)), make([]string, len(c.Labels))
		for j := range c.Labels {
			n := c.Count(i, j)
			texts[j] = strconv.Itoa(n)
			if s := c.Support(i); s > 0 {
				shares[j] = float64(n) / float64(s)
			}
		}
		m.shares, m.texts = append(m.shares, shares), append(m.texts, texts)
	}
	return m.picture(fmt.Sprintf("Confusion matrix, accuracy %.1f %%", 100*c.Accuracy()), "predicted", "truth")
}

// Attention draws which source tokens each target token looks at. The weights are [U, T], a row for each of U target
// tokens, and may be the Attention of a decoder's hypothesis as it is: weights[i][j], between 0 and 1, is how much target i
// looks at source j. Source has the T tokens and target the U. Long sentences have no numbers in their cells, and shades
// up to the largest weight.
func Attention(weights [][]float64, source, target []string) *Picture {
	if len(weights) != len(target) || len(target) == 0 || len(source) == 0 {
		return failed("attention: %d rows of weights for %d target and %d source tokens", len(weights), len(target), len(source))
	}
	m := matrix{rows: target, columns: source, shares: weights}
	for i, row := range weights {
		if len(row) != len(source) {
			return failed("attention: row %d has %d weights for %d source tokens", i, len(row), len(source))
		}
		texts := make([]string, len(row))
		for j, w := range row {
			if !(w >= 0 && w <= 1+1e-6) {
				return failed("attention: weight %d of row %d is %g; want 0 to 1", j, i, w)
			}
			if w >= 0.005 {
				texts[j] = fmt.Sprintf("%.2f", w)
			}
		}
		m.texts = append(m.texts, texts)
	}
	return m.picture("Attention", "source", "target")
}

// matrix is a table of shades with texts in it.
type matrix struct {
	rows, columns []string
	shares        [][]float64
	texts         [][]string
	top           float64 // the share with the darkest shade
	signed        bool    // shares are from -1 to 1, and 0 is white
}

// Cells have room for their texts, in points, while there are not too many of them.
const (
	roomyCell, tightCell = 34, 12
	roomyCells           = 16
)

func (m matrix) picture(title, columns, rows string) *Picture {
	cell := roomyCell
	m.top = 1
	if max(len(m.rows), len(m.columns)) > roomyCells {
		cell = tightCell
		m.texts = nil
		if !m.signed {
			m.top = 0
			for _, row := range m.shares {
				m.top = max(m.top, slices.Max(row))
			}
			title += fmt.Sprintf(" (white 0, darkest %.2g)", m.top)
		}
	}
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = columns, rows
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.LineStyle.Width, a.Tick.LineStyle.Width, a.Tick.Length, a.Padding = 0, 0, 0, vg.Points(4)
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticksAt(m.columns, false), ticksAt(m.rows, true)
	for _, l := range m.columns {
		if p.X.Tick.Label.Width(l) > vg.Length(cell)-4 && len([]rune(l)) > 1 { // too wide to stand side by side
			p.X.Tick.Label.Rotation = math.Pi / 4
			p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YCenter
		}
	}
	p.Add(m)
	// The labels take what they need: drawing on nothing tells how much, and the cells get squares.
	p.Title.Text = title
	across, down := vg.Length(len(m.columns)*cell), vg.Length(len(m.rows)*cell)
	w, h := across, down
	for range 3 { // since what labels need depends a little on the room there is
		data := p.DataCanvas(draw.NewCanvas(&recorder.Canvas{}, w, h))
		w, h = w+across-data.Size().X, h+down-data.Size().Y
	}
	w = max(w, p.Title.TextStyle.Width(title))
	return &Picture{Title: title, Width: centimetres(w + 3*margin), Height: centimetres(h + 2*margin),
		draw: func(title string, c draw.Canvas) {
			p.Title.Text = title
			p.Draw(c)
		}}
}

func ticksAt(labels []string, fromTop bool) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(labels))
	for i, l := range labels {
		at := i
		if fromTop {
			at = len(labels) - 1 - i
		}
		ticks[i] = plot.Tick{Value: float64(at), Label: l}
	}
	return ticks
}

// shade is the colour of a share.
func (m matrix) shade(v float64) color.NRGBA {
	if m.signed && v < 0 {
		return shadeBelow(-v)
	}
	return shade(v)
}

// DataRange is half a cell around the centres.
func (m matrix) DataRange() (xmin, xmax, ymin, ymax float64) {
	return -0.5, float64(len(m.columns)) - 0.5, -0.5, float64(len(m.rows)) - 0.5
}

// Plot draws the cells.
func (m matrix) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := p.X.Tick.Label
	style.Rotation, style.XAlign, style.YAlign = 0, text.XCenter, text.YCenter
	for i, row := range m.shares {
		at := float64(len(m.rows) - 1 - i)
		for j, v := range row {
			v /= max(m.top, 1e-300)
			left, right, low, high := x(float64(j)-0.5), x(float64(j)+0.5), y(at-0.5), y(at+0.5)
			if fill := m.shade(v); fill != shade(0) {
				c.FillPolygon(fill, []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}})
			}
			if m.texts != nil {
				style.Color = ink(v)
				c.FillText(style, vg.Point{X: (left + right) / 2, Y: (low + high) / 2}, m.texts[i][j])
			}
		}
	}
	for i := range len(m.rows) + 1 {
		c.StrokeLine2(gridStyle, c.Min.X, y(float64(i)-0.5), c.Max.X, y(float64(i)-0.5))
	}
	for j := range len(m.columns) + 1 {
		c.StrokeLine2(gridStyle, x(float64(j)-0.5), c.Min.Y, x(float64(j)-0.5), c.Max.Y)
	}
}
