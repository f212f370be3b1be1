package models

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/number"
)

// into gives the sequences their targets.
func (g *grouping) into(s *Sequences) error {
	targets := g.targets
	if g.table.Targets != nil {
		for i, id := range s.IDs {
			targets[i] = g.table.Targets[id]
		}
	} else if g.table.Target == "" {
		return nil
	}
	for i, target := range targets {
		if target == "" {
			return errors.Errorf("%s: it has no target", s.Place(i))
		}
	}
	kind := g.table.TargetKind
	if kind == "" {
		kind = targetKind(targets)
	}
	switch kind {
	case TargetClass:
		s.Labels = targets
		return nil
	case TargetNumber:
		for i, text := range targets {
			v, err := finite(text)
			if err != nil {
				return errors.WithMessagef(err, "%s: its target", s.Place(i))
			}
			s.Numbers = append(s.Numbers, v)
		}
		return nil
	}
	return errors.Errorf("models: SequenceTable.TargetKind %q; want %s or %s", kind, TargetClass, TargetNumber)
}

// fewClasses is the most whole numbers that are taken for classes.
const fewClasses = 20

// targetKind tells classes from numbers: words are classes, and so are few whole numbers, each of which comes twice or more on
// average.
func targetKind(targets []string) string {
	different := map[string]bool{}
	for _, t := range targets {
		different[t] = true
	}
	whole := true
	for t := range different {
		v, err := finite(t)
		if err != nil && number.HasDecimalComma(t) {
			return TargetNumber // the error tells how to write them
		}
		if err != nil {
			return TargetClass
		}
		whole = whole && v == math.Trunc(v)
	}
	if whole && len(different) <= fewClasses && 2*len(different) <= len(targets) {
		return TargetClass
	}
	return TargetNumber
}
