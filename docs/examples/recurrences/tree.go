package main

import (
	"fmt"
	"html"
	"os"
	"strings"
)

// kin is a kind of recurrence in the family tree: when it came, in which line of the family, and what it took up.
type kin struct {
	name  string
	year  int
	line  int // of lines
	row   float64
	after []string // what it goes on from
}

var lines = []struct{ title, colour string }{
	{"gates on a state that is not linear", "#2a6f97"},
	{"a vector that decays, all steps at once", "#468c5b"},
	{"state spaces", "#8a6d1d"},
	{"a matrix of values under keys", "#9a4c95"},
	{"a matrix that is corrected: the delta rule", "#b4472f"},
}

var family = []kin{
	{"RNN", 1990, 0, 0, nil},
	{"LSTM", 1997, 0, 0, []string{"RNN"}},
	{"GRU", 2014, 0, 0, []string{"LSTM"}},
	{"sLSTM", 2024, 0, 0, []string{"LSTM"}},
	{"QRNN", 2016, 1, 1, []string{"LSTM"}},
	{"SRU", 2017, 1, 1, []string{"QRNN"}},
	{"IndRNN", 2018, 1, 1, []string{"SRU"}},
	{"CoRNN", 2021, 0, 1, []string{"RNN"}},
	{"minGRU", 2024, 1, 1, []string{"GRU", "SRU"}},
	{"S4D, S5", 2022, 2, 2, nil},
	{"LRU", 2023, 2, 2, []string{"S4D, S5"}},
	{"RG-LRU, Griffin", 2024, 2, 2, []string{"LRU"}},
	{"Mamba", 2023, 2, 3, []string{"S4D, S5"}},
	{"Mamba-2", 2024, 2, 3, []string{"Mamba", "RetNet"}},
	{"linear attention", 2020, 3, 4, nil},
	{"RetNet, GLA", 2023, 3, 4, []string{"linear attention"}},
	{"mLSTM, HGRN2", 2024, 3, 4, []string{"RetNet, GLA"}},
	{"fast weights", 1992, 4, 5, nil},
	{"DeltaNet", 2021, 4, 5, []string{"fast weights", "linear attention"}},
	{"RWKV-4", 2023, 3, 6, []string{"linear attention"}},
	{"Gated DeltaNet", 2024, 4, 5, []string{"DeltaNet", "Mamba-2"}},
	{"KDA", 2025, 4, 5, []string{"Gated DeltaNet"}},
	{"RWKV-7", 2025, 4, 6, []string{"RWKV-4", "DeltaNet"}},
}

// columns are the years that stand side by side; before 2014 little happened.
var columns = []int{1990, 1992, 1997, 2014, 2016, 2017, 2018, 2020, 2021, 2022, 2023, 2024, 2025}

const (
	columnWidth, rowHeight    = 126, 74
	boxWidth, boxHeight       = 112, 34
	treeLeft, treeTop, legend = 20, 46, 26
)

// place is the left upper corner of a box.
func (k kin) place() (x, y float64) {
	for i, year := range columns {
		if year == k.year {
			return treeLeft + float64(i*columnWidth), treeTop + k.row*rowHeight
		}
	}
	return 0, 0
}

// drawTree writes the family tree as SVG.
func drawTree(path string) error {
	width, height := treeLeft*2+len(columns)*columnWidth, treeTop+7*rowHeight+legend*len(lines)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i, year := range columns {
		fmt.Fprintf(&b, `<text x="%d" y="24" text-anchor="middle" fill="#555">%d</text>`+"\n", treeLeft+i*columnWidth+boxWidth/2, year)
	}
	for _, k := range family {
		for _, before := range k.after {
			if err := drawEdge(&b, before, k); err != nil {
				return err
			}
		}
	}
	for _, k := range family {
		x, y := k.place()
		colour := lines[k.line].colour
		fmt.Fprintf(&b, `<rect x="%g" y="%g" width="%d" height="%d" rx="6" fill="white" stroke="%s" stroke-width="2"/>`+"\n",
			x, y, boxWidth, boxHeight, colour)
		fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="middle" fill="%s">%s</text>`+"\n",
			x+boxWidth/2, y+22, colour, html.EscapeString(k.name))
	}
	for i, l := range lines {
		y := treeTop + 7*rowHeight + i*legend
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="18" height="12" fill="%s"/><text x="%d" y="%d" fill="#333">%s</text>`+"\n",
			treeLeft, y, l.colour, treeLeft+26, y+11, l.title)
	}
	b.WriteString("</svg>\n")
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// drawEdge draws a curve from the box of a kind, whose name may be one of two in a box, to another one.
func drawEdge(b *strings.Builder, before string, k kin) error {
	for _, from := range family {
		if from.name != before && !strings.HasPrefix(from.name, before+",") {
			continue
		}
		x, y := from.place()
		x, y = x+boxWidth, y+boxHeight/2
		toX, toY := k.place()
		toY += boxHeight / 2
		if toX <= x { // of the same year
			x, y = x-boxWidth/2, y+boxHeight/2
			toX, toY = toX+boxWidth/2, toY-boxHeight/2
		}
		middle := (x + toX) / 2
		fmt.Fprintf(b, `<path d="M %g %g C %g %g %g %g %g %g" fill="none" stroke="%s" stroke-opacity="0.55" stroke-width="1.6"/>`+"\n",
			x, y, middle, y, middle, toY, toX, toY, lines[k.line].colour)
		return nil
	}
	return fmt.Errorf("%s goes on from %s, which is not in the tree", k.name, before)
}
