package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/models"
	"golang.org/x/term"
)

// explained is an explanation as it is printed.
type explained struct {
	Text        string           `json:"text"`
	Label       string           `json:"label"`
	Probability number           `json:"probability"`
	Baseline    number           `json:"baseline_probability"` // null but for integrated gradients
	Method      string           `json:"method"`
	Gap         number           `json:"gap"`
	Runs        int              `json:"runs"`
	Before      string           `json:"before,omitempty"`
	Pieces      []explainedPiece `json:"pieces"`

	next bool // the label is a token that comes next
}

type explainedPiece struct {
	Text    string `json:"text"`
	Score   number `json:"score"`
	Without number `json:"probability_without"`
}

func newExplained(text string, kind models.Kind, e *models.Explanation) explained {
	out := explained{Text: text, Label: e.Label, Probability: number(e.Probability), Baseline: number(e.Baseline), Method: e.Method,
		Gap: number(e.Gap), Runs: e.Runs, Before: e.Before, next: kind == models.KindLanguage}
	for _, p := range e.Pieces {
		out.Pieces = append(out.Pieces, explainedPiece{p.Text, number(p.Score), number(p.Without)})
	}
	return out
}

// title says what is explained.
func (e explained) title() string {
	what := e.Label
	if e.next {
		what = fmt.Sprintf("next %q", e.Label)
	}
	text := fmt.Sprintf("%s: probability %.4f", what, float64(e.Probability))
	if !math.IsNaN(float64(e.Baseline)) {
		text += fmt.Sprintf(", and %.4f for a text that says nothing", float64(e.Baseline))
		if e.Before != "" {
			text += fmt.Sprintf(" after its first %s", count(utf8.RuneCountInString(e.Before), "character", "characters"))
		}
	}
	return text
}

// total says what the scores add up to.
func (e explained) total() string {
	sum := 0.0
	for _, p := range e.Pieces {
		sum += float64(p.Score)
	}
	if whole := sum - float64(e.Gap); e.Method == models.ByIntegratedGradients && math.Abs(float64(e.Gap)) > 1e-4*math.Abs(whole)+1e-9 {
		return fmt.Sprintf("The scores add up to %+.4g and not to %+.4g nats of log-odds, the difference between the two, as they should: "+
			"%s do not suffice on this way. --method occlusion is exact.", sum, whole, count(e.Runs, "run", "runs"))
	}
	if e.Method == models.ByIntegratedGradients {
		return fmt.Sprintf("The scores add up to %+.4f nats of log-odds, the difference between the two, but for %.1e (%s).",
			sum, math.Abs(float64(e.Gap)), count(e.Runs, "run", "runs"))
	}
	return fmt.Sprintf("Scores are nats of log-odds, by %s (%s).", e.Method, count(e.Runs, "run", "runs"))
}

// share is a score as a part of the largest of the text, from -1 to 1.
func (e explained) share(i int) float64 {
	top := 0.0
	for _, p := range e.Pieces {
		top = max(top, math.Abs(float64(p.Score)))
	}
	if !(top > 0) {
		return 0
	}
	return float64(e.Pieces[i].Score) / top
}

// ranked are the numbers of the pieces, that with the largest score first.
func (e explained) ranked() []int {
	order := make([]int, len(e.Pieces))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(math.Abs(float64(e.Pieces[b].Score)), math.Abs(float64(e.Pieces[a].Score)))
	})
	return order
}

// explainer writes explanations to the standard output.
type explainer struct {
	w     io.Writer
	json  *json.Encoder // nil unless asked for
	color bool
	width int
	count int
}

func newExplainer(cmd *cobra.Command, color string) *explainer {
	w := cmd.OutOrStdout()
	e := &explainer{w: w, color: color == "always" || color == "auto" && isTerminal(w) && os.Getenv("NO_COLOR") == "", width: widthOf(w)}
	if asJSON(cmd) {
		e.json = json.NewEncoder(w)
	}
	return e
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// mostListed is how many words a table has.
const mostListed = 20

// write prints an explanation: the text, coloured, and its words with the largest scores.
func (x *explainer) write(e explained) error {
	if x.json != nil {
		return x.json.Encode(e)
	}
	if x.count++; x.count > 1 {
		fmt.Fprintln(x.w)
	}
	paragraph(x.w, withoutControls(e.title()))
	if x.color {
		fmt.Fprintf(x.w, "\n%s\n\n%s\n", x.coloured(e), legend(e))
	}
	rows := []string{"\n   score  without it  word"}
	if e.next {
		rows[0] = "\n   score  without it  token"
	}
	for n, i := range e.ranked() {
		if n == mostListed && len(e.Pieces) > mostListed+1 {
			rows = append(rows, fmt.Sprintf("                      and %d more", len(e.Pieces)-mostListed))
			break
		}
		p := e.Pieces[i]
		rows = append(rows, fmt.Sprintf("%+8.3f  %10.4f  %s", float64(p.Score), float64(p.Without), inTable(p.Text, e.next)))
	}
	_, err := fmt.Fprintf(x.w, "%s\n\n", strings.Join(rows, "\n"))
	paragraph(x.w, e.total())
	return err
}

// inTable is a piece as a cell: a token between quotes, as it may be a blank.
func inTable(text string, token bool) string {
	if token {
		return fmt.Sprintf("%q", text)
	}
	if word := strings.TrimSpace(text); word != "" {
		text = word
	}
	return shortened(quoted(text), 50)
}

// Colours of 256 of a terminal, from pale to strong, and whether letters on them are white.
var (
	forColours     = [...]int{189, 153, 111, 69, 26}
	againstColours = [...]int{224, 223, 216, 209, 166}
)

// strength is the number of a colour for a share, -1 for none.
func strength(share float64) int {
	return min(int(math.Abs(share)*float64(len(forColours))+0.5)-1, len(forColours)-1)
}

// onColour writes a text on the colour of a share.
func onColour(text string, share float64) string {
	n := strength(share)
	if n < 0 {
		return text
	}
	background, letters := forColours[n], 16
	if share < 0 {
		background = againstColours[n]
	}
	if n == len(forColours)-1 {
		letters = 231
	}
	return fmt.Sprintf("\x1b[48;5;%d;38;5;%dm%s\x1b[0m", background, letters, text)
}

// coloured is the text with colours, in lines that end between pieces.
func (x *explainer) coloured(e explained) string {
	var b strings.Builder
	at := 0
	for i, p := range e.Pieces {
		text := withoutControls(p.Text)
		for k, line := range strings.Split(text, "\n") {
			if k > 0 {
				b.WriteString("\n")
				at = 0
			}
			if n := uniseg.StringWidth(line); at > 0 && at+n > x.width {
				b.WriteString("\n")
				at, line = 0, strings.TrimLeft(line, " ")
			}
			if at == 0 && i == 0 {
				line = strings.TrimLeft(line, " ")
			}
			at += uniseg.StringWidth(line)
			word := strings.TrimLeft(line, " ")
			if word == "" {
				word = line
			}
			b.WriteString(strings.TrimSuffix(line, word) + onColour(word, e.share(i)))
		}
	}
	return b.String()
}

// legend says what the colours mean.
func legend(e explained) string {
	var b strings.Builder
	b.WriteString("against ")
	for n := range againstColours {
		b.WriteString(onColour("  ", -float64(len(againstColours)-n)/float64(len(againstColours))))
	}
	b.WriteString("  ")
	for n := range forColours {
		b.WriteString(onColour("  ", float64(n+1)/float64(len(forColours))))
	}
	top := 0.0
	for _, p := range e.Pieces {
		top = max(top, math.Abs(float64(p.Score)))
	}
	fmt.Fprintf(&b, " for %s; the strongest are %.3g nats", withoutControls(fmt.Sprintf("%q", e.Label)), top)
	return b.String()
}
