package command

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

//go:embed explain.html
var pageSource string

// page is a page of explanations, complete in itself. The template escapes what it is given.
var page = template.Must(template.New("explain").Funcs(template.FuncMap{
	"colour": pageColour,
	"score":  func(n number) string { return fmt.Sprintf("%+.3f", float64(n)) },
	"share":  func(n number) string { return fmt.Sprintf("%.4f", float64(n)) },
	"cell":   func(p explainedPiece, next bool) string { return inTable(p.Text, next) },
}).Parse(pageSource))

// pageColour is the background of a piece: blue speaks for the label, orange against it. It lets the page's own background
// through, so that letters stay readable on a light page and on a dark one.
func pageColour(e explained, i int) template.CSS {
	share := e.share(i)
	if math.Abs(share) < 0.02 || math.IsNaN(share) {
		return ""
	}
	colour := "0,114,178"
	if share < 0 {
		colour = "213,94,0"
	}
	return template.CSS(fmt.Sprintf("background:rgba(%s,%.2f)", colour, 0.6*math.Abs(share))) //nolint:gosec // numbers alone
}

// savePage writes explanations as a page.
func savePage(cmd *cobra.Command, path string, force bool, model string, all []explained) error {
	type entry struct {
		E            explained
		Title, Total string
		Next         bool
		Order        []int // of the pieces that the table has
	}
	data := struct {
		Model string
		Texts []entry
	}{Model: model}
	for _, e := range all {
		order := e.ranked()
		data.Texts = append(data.Texts, entry{e, e.title(), e.total(), e.next, order[:min(len(order), mostListed)]})
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return errors.Wrap(err, "--html")
	}
	text := strings.ReplaceAll(b.String(), "\r", "")
	return saveAs(cmd, "--html", path, force, func(path string) error { return atomicfile.WriteBytes(path, []byte(text)) })
}
