package command

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/pkg/errors"
	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/internal/record"
	"golang.org/x/term"
)

// report is what a command found out: it prints itself for a reader, and as JSON for a machine.
type report interface {
	print(w io.Writer) error
}

// show writes a report to the standard output, as JSON with --json.
func show(cmd *cobra.Command, r report) error {
	if !asJSON(cmd) {
		return r.print(printable{cmd.OutOrStdout()})
	}
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return errors.Wrap(e.Encode(r), "JSON")
}

// asJSON tells whether --json was given.
func asJSON(cmd *cobra.Command) bool {
	f := cmd.Flags().Lookup("json")
	return f != nil && f.Value.String() == "true"
}

// jsonFlag adds --json to a command.
func jsonFlag(cmd *cobra.Command) {
	cmd.Flags().Bool("json", false, "print JSON, for other programs")
}

// number is a figure of a report. JSON has no NaN and no infinity; they are null there.
type number = record.Number

// columns is the width of everything that is not fitted to a terminal.
const columns = 80

// table writes rows in columns; cells are separated by tabs, and cells of a column that begin with a digit or a sign are
// aligned at their ends by the caller's formats.
func table(w io.Writer, rows []string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(t, strings.Join(rows, "\n")); err != nil {
		return err
	}
	return t.Flush()
}

// count writes so many of something.
func count(n int, one, more string) string {
	if n != 1 {
		one = more
	}
	return thousands(n) + " " + one
}

// thousands writes a number with a comma after every third digit.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// printable escapes control characters that names from a file may have: a terminal obeys them.
type printable struct{ w io.Writer }

func (p printable) Write(data []byte) (int, error) {
	if _, err := io.WriteString(p.w, withoutControls(string(data))); err != nil {
		return 0, err
	}
	return len(data), nil
}

// withoutControls writes control characters, and those that change the direction of the text after them, as Go does.
// Line ends and tabs stay.
func withoutControls(s string) string {
	hidden := func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// quoted is a name as it is, or between quotes if it would not stay in its place.
func quoted(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return strconv.Quote(name)
	}
	return name
}

// widthOf is the number of columns of a terminal, or that of other outputs.
func widthOf(w io.Writer) int {
	if p, ok := w.(printable); ok {
		w = p.w
	}
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width >= 20 {
			return width
		}
	}
	return columns
}

// paragraph writes a text in lines that end between words.
func paragraph(w io.Writer, text string) {
	indented(w, "", "", strings.Join(strings.Fields(text), " "))
}

// tell writes a line of what a run does, behind a word that says what it is about. What does not fit goes on in further
// lines, under the beginning of the first.
func tell(w io.Writer, about, format string, args ...any) {
	const indent = "        "
	indented(w, fmt.Sprintf("%-*s", len(indent), about), indent, fmt.Sprintf(format, args...))
}

// tellParts tells how the data are divided. The numbers are as their kind writes them; the last says what is tested by, see toTest.
func tellParts(w io.Writer, about, fit, check, test string) {
	tell(w, about, "%s to train on, %s to stop by, %s", fit, check, test)
}

// toTest says how many there are to test. Where there are none, those to stop by stand in.
func toTest(n string, untested bool) string {
	if untested {
		return "which test it, too"
	}
	return n + " to test"
}

// indented writes a text in lines that end between words, the first behind a head, the others behind an indent.
func indented(w io.Writer, head, indent, text string) {
	for _, line := range folded(head, indent, text, widthOf(w)) {
		fmt.Fprintln(w, line)
	}
}

// folded is a text in lines of so many columns, which end between words, the first behind a head, the others behind an indent.
func folded(head, indent, text string, width int) []string {
	var lines []string
	line, empty := head, true
	for word := range strings.SplitSeq(text, " ") {
		if !empty && uniseg.StringWidth(line)+1+uniseg.StringWidth(word) > width {
			lines = append(lines, line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return append(lines, line)
}

// tellSaved says at the end of a training where the model is, and with which commands it can be put to use.
func tellSaved(w io.Writer, path string, commands ...string) {
	fmt.Fprintf(w, "\nSaved %s. More:\n", path)
	for _, c := range commands {
		fmt.Fprintf(w, "  unroll %s --model %s\n", c, forShell(path))
	}
}

// shortened is the beginning of a text, in one line of n columns at most.
func shortened(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if uniseg.StringWidth(s) <= n {
		return s
	}
	const more = "..."
	out, g := "", uniseg.NewGraphemes(s)
	for g.Next() && uniseg.StringWidth(out+g.Str()) <= n-len(more) {
		out += g.Str()
	}
	return out + more
}

// oneOf lists values as a sentence does: "a, b or c".
func oneOf(list []string) string {
	last := len(list) - 1
	if last == 0 {
		return list[0]
	}
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// quotedList joins names, as they are if they are plain and in quotation marks if not; of many, the first.
func quotedList(names []string) string {
	const most = 20
	var out []string
	for i, n := range names {
		if i == most {
			out = append(out, "and "+strconv.Itoa(len(names)-most)+" more")
			break
		}
		if n != strings.TrimSpace(n) || n == "" || strings.ContainsAny(n, ",\"") || strconv.Quote(n) != `"`+n+`"` {
			n = strconv.Quote(n)
		}
		out = append(out, n)
	}
	return strings.Join(out, ", ")
}
