package texttable

import (
	"slices"
	"strings"

	"github.com/rivo/uniseg"
)

// Fitted is Aligned for so many columns of a terminal: where the table is wider, the headings of its columns are cut, to 2
// letters at least. It is for tables whose first column has the same words whole, in the same order.
func Fitted(rows [][]string, columns int) string {
	text := Aligned(rows)
	if len(rows) == 0 {
		return text
	}
	longest := 0
	for _, heading := range rows[0][1:] {
		longest = max(longest, uniseg.GraphemeClusterCount(heading))
	}
	for letters := longest - 1; letters >= 2 && width(text) > columns; letters-- {
		cut := slices.Clone(rows)
		cut[0] = slices.Clone(rows[0])
		for i, heading := range cut[0][1:] {
			cut[0][i+1] = beginning(heading, letters)
		}
		text = Aligned(cut)
	}
	return text
}

// width is that of the widest line.
func width(text string) (most int) {
	for line := range strings.Lines(text) {
		most = max(most, uniseg.StringWidth(strings.TrimSuffix(line, "\n")))
	}
	return most
}

// beginning is a text's first letters, what a reader sees as one.
func beginning(text string, letters int) string {
	rest, state := text, -1
	for ; letters > 0 && rest != ""; letters-- {
		_, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
	}
	return text[:len(text)-len(rest)]
}
