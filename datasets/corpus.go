// Package datasets turns text and tables into what a recurrent network trains on. A text is read and normalised, a
// Vocabulary or a BPE maps it to ids, and Windows cut the ids into batches for truncated backpropagation through time.
// Rows, Objects and Treebank read tables, and Batches put examples of different lengths side by side. It works with
// plain slices and knows nothing of graphs.
//
// The zero value of a type that has a constructor does nothing, or says in an error which function makes one. Methods of
// nil pointers panic, as they do elsewhere in Go.
package datasets

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/inputfile"
	"golang.org/x/text/unicode/norm"
)

// Corpus is a text with its origin. A text that came from Read is valid UTF-8, normalised (see Normalize), and not
// empty.
type Corpus struct {
	Name    string
	Text    string
	Source  string // where it came from
	Licence string
}

// ReadFile reads a text file or a pipe to its end, see Read. A device is refused: it may have none.
func ReadFile(path string) (Corpus, error) {
	f, err := inputfile.OpenWhole(path)
	if err != nil {
		return Corpus{}, errors.Wrap(err, "datasets")
	}
	defer f.Close()
	c, err := Read(f, path)
	if err != nil {
		return Corpus{}, err
	}
	c.Source = path
	return c, nil
}

// Read reads a text and normalises it, so that it gives the same ids however its accents were typed and its lines
// ended. Text that is empty or not UTF-8 is an error; name is what errors call it.
func Read(r io.Reader, name string) (Corpus, error) {
	if absent(r) {
		return Corpus{}, errNoReader(name)
	}
	var b strings.Builder
	if _, err := io.Copy(&b, r); err != nil {
		return Corpus{}, errors.Wrapf(err, "datasets: read %s", name)
	}
	raw := b.String()
	if problem := notUTF8(raw); problem != "" {
		return Corpus{}, errors.Errorf("datasets: %s is %s", name, problem)
	}
	text := Normalize(raw)
	if text == "" {
		return Corpus{}, errors.Errorf("datasets: %s is empty", name)
	}
	return Corpus{Name: name, Text: text}, nil
}

// Normalize brings valid UTF-8 into the form that everything here works with: no byte order mark at the start, \n at
// the ends of lines that had \r\n, and letters composed with their accents (Unicode's normalisation form C, and its
// stream-safe format: a U+034F after every 30 combining marks in a row, more than any language has). A \r elsewhere
// stays. Normalising twice is normalising once: a Corpus's text is encoded as it is.
func Normalize(text string) string {
	return norm.NFC.String(unixLines(strings.TrimLeft(text, "\ufeff")))
}

// unixLines ends every line with \n alone, also those with \r\r\n, which careless conversions leave.
func unixLines(text string) string {
	if !strings.Contains(text, "\r\n") {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for {
		line, rest, more := strings.Cut(text, "\n")
		if !more {
			b.WriteString(line)
			return b.String()
		}
		b.WriteString(strings.TrimRight(line, "\r"))
		b.WriteByte('\n')
		text = rest
	}
}

// notUTF8 says where a text stops being UTF-8: "not UTF-8: byte 0xff at offset 5, line 2". It is empty for valid text.
func notUTF8(text string) string {
	at := badUTF8(text)
	if at < 0 {
		return ""
	}
	hint := ""
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		hint = " (the text looks like UTF-16)"
	}
	return fmt.Sprintf("not UTF-8: byte %#02x at offset %d, line %d%s", text[at], at, 1+strings.Count(text[:at], "\n"), hint)
}

// badUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func badUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	at := 0
	for {
		r, n := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && n <= 1 {
			return at
		}
		at += n
	}
}
