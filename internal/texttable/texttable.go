// Package texttable writes tables for people to read, in columns of a terminal's letters.
package texttable

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Aligned writes rows of cells in columns, two blanks apart: the first column to the left, the others to the right. Rows
// may have fewer cells than others. Widths are what a terminal shows: a letter with its accents takes one place, one of
// Chinese two. Blanks at the end of a line are left out.
func Aligned(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell))
			if i == 0 {
				line.WriteString(cell + gap)
			} else {
				line.WriteString("  " + gap + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
