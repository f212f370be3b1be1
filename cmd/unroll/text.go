package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

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
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width >= 20 {
			return width
		}
	}
	return columns
}

// paragraph writes a text in lines that end between words.
func paragraph(w io.Writer, text string) {
	line, width := "", widthOf(w)
	for word := range strings.FieldsSeq(text) {
		if line != "" && uniseg.StringWidth(line)+1+uniseg.StringWidth(word) > width {
			fmt.Fprintln(w, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
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
