package catalog

import (
	"context"
	"io"
	"strings"

	"github.com/pkg/errors"
)

// LabelledSet is a data set of short texts, each of a class.
type LabelledSet struct {
	Info
	load func(ctx context.Context, info Info, o Options) (LabelledParts, error)
}

// Labelled are texts with their classes: text i is of the class Classes[Labels[i]].
type Labelled struct {
	Texts   []string
	Labels  []int
	Classes []string
}

// LabelledParts are the parts of a LabelledSet.
type LabelledParts struct{ Train, Validation, Test Labelled }

// Load reads the set, and fetches it before if need be.
func (s LabelledSet) Load(ctx context.Context, o Options) (LabelledParts, error) {
	if s.load == nil {
		return LabelledParts{}, errNoLoader(s.Info)
	}
	return s.load(ctx, s.Info, o)
}

// Len is the number of texts.
func (l Labelled) Len() int { return len(l.Texts) }

func (l Labelled) pick(rows []int) Labelled {
	return Labelled{Texts: pick(l.Texts, rows), Labels: pick(l.Labels, rows), Classes: l.Classes}
}

func (l Labelled) parts(p parts) LabelledParts {
	return LabelledParts{l.pick(p.train), l.pick(p.validation), l.pick(p.test)}
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
