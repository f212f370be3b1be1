package main

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// shades of attention, from none to all of it.
var shades = []rune(" ·░▒▓█")

// matrix draws attention as text: a row for each token written, a column for each token read.
func matrix(source, written []string, attention [][]float64) string {
	const column = 3
	var b strings.Builder
	left := 0
	for _, w := range written {
		left = max(left, uniseg.StringWidth(w))
	}
	for i, w := range source { // the names of the columns, as stairs
		fmt.Fprintf(&b, "%*s%s%s\n", left+1, "", strings.Repeat("│"+strings.Repeat(" ", column-1), i), w)
	}
	for i, w := range written {
		var row strings.Builder
		row.WriteString(strings.Repeat(" ", left-uniseg.StringWidth(w)) + w + " ")
		for j := range source {
			shade := shades[min(int(attention[i][j]*float64(len(shades))), len(shades)-1)]
			row.WriteString(strings.Repeat(string(shade), column-1) + " ")
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return b.String()
}
