// Package chart draws what training tells: gradients through time, gates, courses of losses and metrics, confusion
// matrices and attention, as PNG or SVG files or as HTML for notebooks.
//
// Colours are those of Okabe and Ito (2008), which readers with any colour vision can tell apart; lines differ in their
// dashes, too.
package chart

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image/color"
	"io"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// resolution of PNGs in dots an inch: twice that of a plain screen.
const resolution = 192

// Picture is a drawing that can be saved or shown. What was wrong with the data comes out then, as an error.
type Picture struct {
	Title         string
	Width, Height float64 // in centimetres; what is drawn chooses them

	err  error
	draw func(title string, c draw.Canvas)
}

func failed(format string, args ...any) *Picture {
	return &Picture{err: errors.Errorf("chart: "+format, args...)}
}

func newPlot() *plot.Plot {
	p := plot.New()
	p.Title.TextStyle.Font.Size = vg.Points(12)
	p.Title.Padding = vg.Points(7)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font.Size = vg.Points(10)
		a.Label.Padding = vg.Points(4)
		a.Tick.Label.Font.Size = vg.Points(9)
		for _, s := range []*draw.TextStyle{&a.Label.TextStyle, &a.Tick.Label} {
			s.Font.Variant = "Sans"
		}
	}
	p.Title.TextStyle.Font.Variant = "Sans"
	return p
}

// PNG is the picture as a PNG file.
func (p *Picture) PNG() ([]byte, error) {
	return p.render(func(w, h vg.Length) canvas {
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(resolution))}
	})
}

// SVG is the picture as an SVG file. Its letters are text, which the viewer's fonts show, in any script.
func (p *Picture) SVG() ([]byte, error) {
	out, err := p.render(func(w, h vg.Length) canvas { return vgsvg.New(w, h) })
	drawn, anywhere := "font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;"
	return bytes.ReplaceAll(out, []byte(drawn), []byte(anywhere)), err
}

// HTML is the picture as an element of a page, complete in itself: an <img> with the PNG in it.
func (p *Picture) HTML() (string, error) {
	data, err := p.PNG()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`<img alt="%s" width="%.0f" src="data:image/png;base64,%s">`,
		html.EscapeString(p.Title), p.Width/2.54*96, base64.StdEncoding.EncodeToString(data)), nil
}

// SimpleRender shows the picture in a cell of a notebook: gophernotes looks for this method. The SVG, which has the picture's size and
// is sharp at any, is what Jupyter takes; the PNG is for what cannot show it.
func (p *Picture) SimpleRender() map[string]any {
	svg, err := p.SVG()
	if err != nil {
		return map[string]any{"text/plain": err.Error()}
	}
	data, err := p.PNG()
	if err != nil {
		return map[string]any{"text/plain": err.Error()}
	}
	return map[string]any{"text/plain": p.Title, "image/svg+xml": string(svg), "image/png": data}
}

// Save writes a file, a PNG or SVG by its name. The file appears whole or not at all.
func (p *Picture) Save(path string) error {
	var data []byte
	var err error
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		data, err = p.PNG()
	case ".svg":
		data, err = p.SVG()
	default:
		return errors.Errorf("chart: %s: want a name that ends in .png or .svg, found %q", path, ext)
	}
	if err != nil {
		return err
	}
	return errors.Wrap(atomicfile.WriteBytes(path, data), "chart")
}

func centimetres(l vg.Length) float64 { return float64(l / vg.Centimeter) }

type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

// margin is around everything.
const margin = vg.Length(6)

// largest is the side of a picture in centimetres beyond which nobody could look at it.
const largest = 200

func (p *Picture) render(newCanvas func(w, h vg.Length) canvas) (data []byte, err error) {
	switch {
	case p.err != nil:
		return nil, p.err
	case p.draw == nil:
		return nil, errors.New("chart: an empty Picture; the functions of this package make them")
	case !(p.Width > 0 && p.Width <= largest && p.Height > 0 && p.Height <= largest):
		return nil, errors.Errorf("chart: a picture of %g x %g cm; want sides above 0 and up to %d", p.Width, p.Height, largest)
	}
	defer func() { // how the plotting library tells of room that does not suffice
		if r := recover(); r != nil {
			data, err = nil, errors.Errorf("chart: %v", r)
		}
	}()
	c := newCanvas(vg.Length(p.Width)*vg.Centimeter, vg.Length(p.Height)*vg.Centimeter)
	d := draw.New(c)
	d.SetColor(color.White)
	d.Fill(d.Rectangle.Path())
	p.draw(p.Title, draw.Crop(d, margin, -2*margin, margin, -margin)) // the last label of an axis needs room at the right
	var b bytes.Buffer
	_, err = c.WriteTo(&b)
	return b.Bytes(), errors.Wrap(err, "chart")
}
