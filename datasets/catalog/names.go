package catalog

import (
	"context"
	_ "embed"
	"io"
	"strings"

	"github.com/pkg/errors"
)

//go:embed names/names.txt.gz
var namesGzip []byte

var namesInfo = Info{
	Name:        "names",
	Title:       "Names of twelve languages",
	Description: "Given and family names as they are written in Czech, Dutch, English, French, German, Indonesian, Italian, Polish, Romanian, Spanish, Turkish and Vietnamese.",
	Task:        "text to class; class to text",
	Licence:     "MIT",
	Source:      "npm package @faker-js/faker 10.6.0",
	Size:        "24,371 names of 12 languages",
	Rows:        24371,
	Shipped:     true,
}

// Names are names and the languages that they are of. A name that several languages share is there for each of them,
// always in the same part.
var Names = LabelledSet{Info: namesInfo, load: loadNames}

func loadNames(_ context.Context, _ Info, o Options) (LabelledParts, error) {
	r, err := gunzip(namesGzip)
	if err != nil {
		return LabelledParts{}, err
	}
	all, err := readLabelled(r, "names", nil)
	if err != nil {
		return LabelledParts{}, err
	}
	return all.shuffled(o)
}

// readLabelled reads lines of a class, a tab and a text. Nil classes are taken from the lines, in their order.
func readLabelled(r io.Reader, name string, classes []string) (Labelled, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return Labelled{}, errors.Wrapf(err, "datasets: %s", name)
	}
	l := Labelled{Classes: classes}
	for i, line := range lines(raw) {
		class, text, ok := strings.Cut(line, "\t")
		label := indexOf(l.Classes, class)
		if label < 0 && classes == nil {
			label = len(l.Classes)
			l.Classes = append(l.Classes, class)
		}
		if !ok || label < 0 {
			return Labelled{}, errors.Errorf("datasets: %s: line %d is %.60q; want a class, a tab and a text", name, i+1, line)
		}
		l.Texts = append(l.Texts, text)
		l.Labels = append(l.Labels, label)
	}
	return l, nil
}

// shuffled cuts texts into parts, equal texts into the same.
func (l Labelled) shuffled(o Options) (LabelledParts, error) {
	validation, test, err := o.fractions()
	if err != nil {
		return LabelledParts{}, err
	}
	return l.parts(split(l.Len(), func(row int) string { return l.Texts[row] }, validation, test, o.Seed)), nil
}

// withTest keeps the test part as it is, and cuts a validation part from the rest.
func (l Labelled) withTest(test Labelled, o Options) (LabelledParts, error) {
	validation, err := o.validationOnly()
	if err != nil {
		return LabelledParts{}, err
	}
	all := l.parts(split(l.Len(), func(row int) string { return l.Texts[row] }, validation, 0, o.Seed))
	all.Test = test
	return all, nil
}
