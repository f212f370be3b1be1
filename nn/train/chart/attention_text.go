package chart

import (
	"strings"

	"github.com/rivo/uniseg"
)

// blocks are shades of attention, from none to all of it.
var blocks = []rune(" ·░▒▓█")

// AttentionText draws what Attention draws as text for a terminal: a row for each target token, and a column of two
// characters, the darker the larger the weight, for each source token, whose names stand above as stairs. What is missing
// among the weights, [U, T], counts as 0.
func AttentionText(weights [][]float64, source, target []string) string {
	const column = 3
	var b strings.Builder
	left := 0
	for _, w := range target {
		left = max(left, uniseg.StringWidth(w))
	}
	for i, w := range source {
		b.WriteString(strings.Repeat(" ", left+1) + strings.Repeat("│"+strings.Repeat(" ", column-1), i) + w + "\n")
	}
	for i, w := range target {
		var row strings.Builder
		row.WriteString(strings.Repeat(" ", left-uniseg.StringWidth(w)) + w + " ")
		for j := range source {
			weight := 0.0
			if i < len(weights) && j < len(weights[i]) {
				weight = weights[i][j]
			}
			row.WriteString(strings.Repeat(string(blockOf(weight)), column-1) + " ")
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return b.String()
}

// blockOf is that of a weight; what is no number from 0 to 1 has the nearest, NaN none.
func blockOf(weight float64) rune {
	if !(weight > 0) {
		return blocks[0]
	}
	return blocks[int(min(weight*float64(len(blocks)), float64(len(blocks)-1)))]
}
