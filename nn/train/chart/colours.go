package chart

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Okabe and Ito's colours (Color Universal Design, 2008), the ones that stand out most first.
var (
	blue       = color.NRGBA{0x00, 0x72, 0xB2, 255}
	vermillion = color.NRGBA{0xD5, 0x5E, 0x00, 255}
	green      = color.NRGBA{0x00, 0x9E, 0x73, 255}
	orange     = color.NRGBA{0xE6, 0x9F, 0x00, 255}
	purple     = color.NRGBA{0xCC, 0x79, 0xA7, 255}
	sky        = color.NRGBA{0x56, 0xB4, 0xE9, 255}

	pale = color.NRGBA{0xE4, 0xE4, 0xE4, 255}
)

var (
	lineColours = []color.Color{blue, vermillion, green, orange, purple, sky, color.Black}
	lineDashes  = [][]vg.Length{nil, {7, 3}, {2, 2}, {8, 3, 2, 3}, {12, 3}}
)

// lineStyle is that of the line of a number. Seven colours and five dashes make 35 different ones.
func lineStyle(i int) draw.LineStyle {
	return draw.LineStyle{Color: lineColours[i%len(lineColours)], Width: vg.Points(1.6), Dashes: lineDashes[i%len(lineDashes)]}
}

// shade is the colour of a share between 0 (white) and 1 (dark blue). Its lightness falls evenly, so that it reads the
// same in grey.
func shade(v float64) color.NRGBA {
	return between([4][3]float64{{255, 255, 255}, {158, 202, 225}, {49, 130, 189}, {8, 48, 107}}, v)
}

// shadeBelow is the colour of a share on the other side of 0: from white to dark orange, as light as shade.
func shadeBelow(v float64) color.NRGBA {
	return between([4][3]float64{{255, 255, 255}, {253, 190, 133}, {217, 95, 13}, {110, 38, 3}}, v)
}

// between is a colour at a part, from 0 to 1, of the way along some.
func between(stops [4][3]float64, v float64) color.NRGBA {
	v = min(max(v, 0), 1) * float64(len(stops)-1)
	i := min(int(v), len(stops)-2)
	at := v - float64(i)
	mix := func(c int) uint8 { return uint8(stops[i][c]*(1-at) + stops[i+1][c]*at + 0.5) }
	return color.NRGBA{mix(0), mix(1), mix(2), 255}
}

// ink is the colour of letters that can be read on a shade.
func ink(v float64) color.Color {
	if v > 0.5 {
		return color.White
	}
	return color.Black
}
