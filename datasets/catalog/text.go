package catalog

import (
	"bytes"
	"context"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// TextSet is a data set of running text, to model a language with.
type TextSet struct {
	Info
	load func(ctx context.Context, info Info, o Options) (TextParts, error)
}

// TextParts are the parts of a TextSet.
type TextParts struct{ Train, Validation, Test datasets.Corpus }

// Load reads the set, and fetches it before if need be.
func (s TextSet) Load(ctx context.Context, o Options) (TextParts, error) {
	if s.load == nil {
		return TextParts{}, errNoLoader(s.Info)
	}
	return s.load(ctx, s.Info, o)
}

// cutText cuts a running text by the options' fractions, behind the end of a line if one is near.
func cutText(c datasets.Corpus, o Options) (TextParts, error) {
	validation, test, err := o.fractions()
	if err != nil {
		return TextParts{}, err
	}
	v, t := cut(len(c.Text), validation, test)
	return cutTextAt(c, lineEnd(c.Text, v), lineEnd(c.Text, t)), nil
}

func cutTextAt(c datasets.Corpus, v, t int) TextParts {
	part := func(from, to int) datasets.Corpus {
		p := c
		p.Text = c.Text[from:to]
		return p
	}
	return TextParts{part(0, v), part(v, t), part(t, len(c.Text))}
}

// lineEnd moves a place in a text behind the end of its line, at most 10,000 bytes, or else to the start of the next
// character.
func lineEnd(text string, at int) int {
	if at == 0 || at == len(text) {
		return at
	}
	if text[at-1] == '\n' {
		return at
	}
	if i := strings.IndexByte(text[at:min(len(text), at+10_000)], '\n'); i >= 0 {
		return at + i + 1
	}
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}

// corpus makes a Corpus of a file's bytes.
func corpus(info Info, name string, raw []byte) (datasets.Corpus, error) {
	c, err := datasets.Read(bytes.NewReader(raw), info.Title+", "+name)
	c.Source, c.Licence = info.Source, info.Licence
	return c, err
}

// corpora makes TextParts of three files' bytes.
func corpora(info Info, train, validation, test []byte) (texts TextParts, err error) {
	if texts.Train, err = corpus(info, "training part", train); err != nil {
		return TextParts{}, err
	}
	if texts.Validation, err = corpus(info, "validation part", validation); err != nil {
		return TextParts{}, err
	}
	texts.Test, err = corpus(info, "test part", test)
	return texts, err
}

// lines returns the lines of a text; empty ones at its end are no lines.
func lines(raw []byte) []string {
	text := strings.TrimRight(datasets.Normalize(string(raw)), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func readFile(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	return raw, errors.WithStack(err)
}
