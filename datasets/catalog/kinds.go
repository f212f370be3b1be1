package catalog

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// errNoLoader is what a set that is not one of this package gives.
func errNoLoader(info Info) error {
	return errors.Errorf("datasets: the set %q has nothing to load; use those of the package", info.Name)
}

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

// PairSet is a data set of pairs of sequences, to translate one into the other.
type PairSet struct {
	Info
	load func(ctx context.Context, info Info, o Options) (PairParts, error)
}

// Pairs are sequences that belong together, as sentences of two languages: Target[i] is that of Source[i].
type Pairs struct{ Source, Target []string }

// PairParts are the parts of a PairSet.
type PairParts struct{ Train, Validation, Test Pairs }

// Load reads the set, and fetches it before if need be.
func (s PairSet) Load(ctx context.Context, o Options) (PairParts, error) {
	if s.load == nil {
		return PairParts{}, errNoLoader(s.Info)
	}
	return s.load(ctx, s.Info, o)
}

// Len is the number of pairs.
func (p Pairs) Len() int { return len(p.Source) }

// Reversed are the same pairs the other way round.
func (p Pairs) Reversed() Pairs { return Pairs{Source: p.Target, Target: p.Source} }

func (p Pairs) pick(rows []int) Pairs {
	return Pairs{Source: pick(p.Source, rows), Target: pick(p.Target, rows)}
}

func (p Pairs) parts(by parts) PairParts {
	return PairParts{p.pick(by.train), p.pick(by.validation), p.pick(by.test)}
}
