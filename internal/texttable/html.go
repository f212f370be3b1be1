package texttable

import (
	"html"
	"strings"
)

// HTML writes rows of cells as a table of a page. The first row and the first column are headings.
func HTML(rows [][]string) string {
	var b strings.Builder
	b.WriteString("<table>\n")
	for i, row := range rows {
		b.WriteString("<tr>")
		for j, cell := range row {
			tag := "td"
			switch {
			case i == 0:
				tag = `th scope="col"`
			case j == 0:
				tag = `th scope="row"`
			}
			b.WriteString("<" + tag + ">" + html.EscapeString(cell) + "</" + tag[:2] + ">")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
	return b.String()
}
