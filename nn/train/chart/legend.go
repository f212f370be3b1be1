package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legend stands below the axes, where it hides no line.
type legend struct {
	plot.Legend
	entries int
}

// legendGap is between the axis and the first entry, in points.
const legendGap = vg.Length(6)

func newLegend() *legend {
	l := &legend{Legend: plot.NewLegend()}
	l.Left, l.Top = true, true
	l.ThumbnailWidth = vg.Points(30)
	l.Padding = vg.Points(3)
	l.TextStyle.Font.Size = vg.Points(9)
	l.TextStyle.Font.Variant = "Sans"
	return l
}

func (l *legend) add(name string, thumbs ...plot.Thumbnailer) {
	l.Add(name, thumbs...)
	l.entries++
}

// height is what the entries and the gap above them need, and no more.
func (l *legend) height() vg.Length {
	if l.entries == 0 {
		return 0
	}
	return l.Rectangle(draw.Canvas{}).Size().Y + l.TextStyle.FontExtents().Descent + legendGap
}

// below draws a plot and the legend under it.
func (l *legend) below(p *plot.Plot, c draw.Canvas) {
	h := l.height()
	p.Draw(draw.Crop(c, 0, 0, h, 0))
	if l.entries > 0 {
		l.Draw(draw.Crop(c, vg.Points(30), 0, 0, c.Min.Y+h-legendGap-c.Max.Y))
	}
}
