// Package datasets turns text into what a recurrent network trains on: a corpus is read and normalised, a vocabulary
// maps it to ids, and windows cut the ids into batches for truncated backpropagation through time. It works with
// plain slices and knows nothing of graphs.
package datasets

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"golang.org/x/text/unicode/norm"
)

// Corpus is a text with its origin. The text is valid UTF-8 in normalisation form C, with \n line ends and no byte
// order mark, and not empty.
type Corpus struct {
	Name    string
	Text    string
	Source  string // where it came from
	Licence string
}

//go:embed kingjames/kingjames.txt.gz
var kingJames []byte

// KingJames returns the King James text of 1611, 4.1 million characters, which is part of the package: one verse a
// line, a blank line between chapters.
func KingJames() (Corpus, error) {
	z, err := gzip.NewReader(bytes.NewReader(kingJames))
	if err != nil {
		return Corpus{}, errors.Wrap(err, "datasets: King James text")
	}
	c, err := Read(z, "King James text")
	c.Source = "Debian package bible-kjv-text 4.38"
	c.Licence = "public domain"
	return c, err
}

// ReadFile reads a text file, see Read.
func ReadFile(path string) (Corpus, error) {
	f, err := os.Open(path)
	if err != nil {
		return Corpus{}, errors.Wrap(err, "datasets")
	}
	defer f.Close()
	c, err := Read(f, path)
	c.Source = path
	return c, err
}

// Read reads a text. A byte order mark is dropped, \r\n becomes \n, and characters are composed (NFC), so that a text
// gives the same ids however its accents were typed. Text that is empty or not UTF-8 is an error.
func Read(r io.Reader, name string) (Corpus, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return Corpus{}, errors.Wrapf(err, "datasets: read %s", name)
	}
	if !utf8.Valid(raw) {
		at := firstInvalid(raw)
		return Corpus{}, errors.Errorf("datasets: %s is not UTF-8: byte %#02x at offset %d, line %d",
			name, raw[at], at, 1+bytes.Count(raw[:at], []byte("\n")))
	}
	text := Normalize(string(raw))
	if text == "" {
		return Corpus{}, errors.Errorf("datasets: %s is empty", name)
	}
	return Corpus{Name: name, Text: text}, nil
}

// Normalize brings valid UTF-8 into the form that Read gives.
func Normalize(text string) string {
	text = strings.TrimPrefix(text, "\ufeff")
	return norm.NFC.String(strings.ReplaceAll(text, "\r\n", "\n"))
}

func firstInvalid(raw []byte) int {
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(raw)
}
