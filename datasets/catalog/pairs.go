package catalog

import "context"

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

// shuffled cuts pairs into parts, those with one source into the same.
func (p Pairs) shuffled(o Options) (PairParts, error) {
	validation, test, err := o.fractions()
	if err != nil {
		return PairParts{}, err
	}
	return p.parts(split(p.Len(), func(row int) string { return p.Source[row] }, validation, test, o.Seed)), nil
}
