package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// mark is a library's.
type mark struct {
	library string
	colour  color.NRGBA
	shape   draw.GlyphDrawer
}

// marks of libraries, by their names' beginnings: Okabe and Ito's colours (Color Universal Design, 2008), each with a shape.
var marks = []mark{
	{"torch", color.NRGBA{0xD5, 0x5E, 0x00, 255}, draw.CircleGlyph{}},
	{"onnxruntime", color.NRGBA{0x00, 0x9E, 0x73, 255}, draw.BoxGlyph{}},
	{"jax", color.NRGBA{0x00, 0x72, 0xB2, 255}, draw.TriangleGlyph{}},
	{"gomlx", color.NRGBA{0xCC, 0x79, 0xA7, 255}, draw.PyramidGlyph{}},
	{"gorgonia", color.NRGBA{0xE6, 0x9F, 0x00, 255}, draw.SquareGlyph{}},
	{"spago", color.NRGBA{0x56, 0xB4, 0xE9, 255}, draw.RingGlyph{}},
	{"", color.NRGBA{0, 0, 0, 255}, draw.CrossGlyph{}},
}

// picture has a row for every work, and on it a mark for every library: how fast it is, on a logarithmic axis.
func picture(points []point) ([]byte, error) {
	var works, libraries []string // from top to bottom, and in order of appearance
	for _, p := range points {
		if !slices.Contains(works, p.work) {
			works = append(works, p.work)
		}
		if !slices.Contains(libraries, p.library) {
			libraries = append(libraries, p.library)
		}
	}
	slices.Sort(libraries)
	p := plot.New()
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = vg.Points(10), vg.Points(9)
		a.Label.TextStyle.Font.Variant, a.Tick.Label.Font.Variant = "Sans", "Sans"
	}
	p.X.Label.Text = "tokens a second, Unroll's being 1"
	p.X.Tick.Marker, p.Y.Tick.Marker = shares{}, rows(works)
	p.Y.Min, p.Y.Max = 0.4, float64(len(works))+0.6
	p.Y.Tick.Length = 0
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.TextStyle.Font.Size, p.Legend.TextStyle.Font.Variant = vg.Points(9), "Sans"
	p.Legend.Padding = vg.Points(3)
	p.Add(grid(len(works)))
	for _, library := range libraries {
		var at plotter.XYs
		for _, point := range points {
			if point.library == library {
				row := len(works) - slices.Index(works, point.work)
				at = append(at, plotter.XY{X: math.Log10(point.speed), Y: float64(row)})
			}
		}
		s, err := plotter.NewScatter(at)
		if err != nil {
			return nil, err
		}
		m := marks[slices.IndexFunc(marks, func(m mark) bool { return strings.HasPrefix(library, m.library) })]
		s.GlyphStyle = draw.GlyphStyle{Color: m.colour, Shape: m.shape, Radius: vg.Points(4)}
		p.Add(s)
		p.Legend.Add(library, s)
	}
	p.X.Min, p.X.Max = math.Floor(p.X.Min*2)/2, max(0.3, p.X.Max+0.1)
	top := vg.Length(len(libraries)) * 0.5 * vg.Centimeter // of the legend, above the rows, where it hides no mark
	width, height := 18*vg.Centimeter, top+vg.Length(len(works))*0.8*vg.Centimeter+2*vg.Centimeter
	canvas := vgsvg.New(width, height)
	c := draw.New(canvas)
	c.FillPolygon(color.White, []vg.Point{{X: 0, Y: 0}, {X: width, Y: 0}, {X: width, Y: height}, {X: 0, Y: height}})
	legend := p.Legend
	p.Legend = plot.NewLegend()
	legend.Draw(draw.Crop(c, 0.3*vg.Centimeter, 0, 0, -0.2*vg.Centimeter))
	p.Draw(draw.Crop(c, 0.2*vg.Centimeter, -0.4*vg.Centimeter, 0, -top-0.3*vg.Centimeter))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	drawn, anywhere := "font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;"
	return bytes.ReplaceAll(out.Bytes(), []byte(drawn), []byte(anywhere)), nil
}

// grid has a pale line for each row, and one where speeds are equal.
type grid int

func (g grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	pale := draw.LineStyle{Color: color.NRGBA{0xE4, 0xE4, 0xE4, 255}, Width: vg.Points(0.7)}
	for row := 1; row <= int(g); row++ {
		c.StrokeLine2(pale, c.Min.X, y(float64(row)), c.Max.X, y(float64(row)))
	}
	c.StrokeLine2(draw.LineStyle{Color: color.Black, Width: vg.Points(1)}, x(0), c.Min.Y, x(0), c.Max.Y)
}

// rows names the works on the axis, from top to bottom.
type rows []string

func (r rows) Ticks(float64, float64) (ticks []plot.Tick) {
	for i, name := range r {
		ticks = append(ticks, plot.Tick{Value: float64(len(r) - i), Label: name})
	}
	return ticks
}

// shares marks an axis of logarithms: 1/100, 1/10, 1, 10, and 1/5, 1/2, 2, 5 where there is room.
type shares struct{}

func (shares) Ticks(low, high float64) (ticks []plot.Tick) {
	for e := math.Floor(low); e <= high; e++ {
		for _, m := range []float64{1, 2, 5} {
			at := e + math.Log10(m)
			if at < low || at > high || (m > 1 && high-low > 2) {
				continue
			}
			label := fmt.Sprintf("%.0f", m*math.Pow10(int(e)))
			if at < 0 {
				label = fmt.Sprintf("1/%.0f", math.Pow10(int(-e))/m)
			}
			ticks = append(ticks, plot.Tick{Value: at, Label: label})
		}
	}
	return ticks
}
