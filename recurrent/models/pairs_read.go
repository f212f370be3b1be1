package models

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// ReadPairs reads lines of a source, a tab and its target; what comes after another tab is left out, and quotation marks
// mean nothing. A line without a tab, or with an empty side, is an error.
func ReadPairs(path string) (Pairs, error) {
	rows, err := datasets.TSV{Header: datasets.HeaderNo}.Open(path)
	if err != nil {
		return Pairs{}, err
	}
	defer func() { _ = rows.Close() }()
	p := Pairs{Name: path}
	for rows.Next() {
		f := rows.Fields()
		if len(f) < 2 {
			return Pairs{}, errors.Errorf("%s, line %d is %.60q; want a source, a tab and its target", path, rows.Line(), f[0])
		}
		if err := p.Add(f[0], f[1], rows.Line()); err != nil {
			return Pairs{}, err
		}
	}
	return p, rows.Err()
}

// ReadParallel reads two texts of as many lines: each line of the one is the source of that line of the other. An empty
// line is an error.
func ReadParallel(sources, targets string) (Pairs, error) {
	a, err := datasets.PlainText{}.Open(sources)
	if err != nil {
		return Pairs{}, err
	}
	defer func() { _ = a.Close() }()
	b, err := datasets.PlainText{}.Open(targets)
	if err != nil {
		return Pairs{}, err
	}
	defer func() { _ = b.Close() }()
	p := Pairs{Name: sources}
	for {
		more, moreToo := a.Next(), b.Next()
		switch {
		case a.Err() != nil:
			return Pairs{}, a.Err()
		case b.Err() != nil:
			return Pairs{}, b.Err()
		case !more && !moreToo:
			return p, nil
		case more != moreToo:
			short, long := sources, targets
			if more {
				short, long = targets, sources
			}
			return Pairs{}, errors.Errorf("%s ends after %d lines, and %s goes on; want as many lines, each the translation of the other",
				short, p.Len(), long)
		}
		if err := p.Add(a.Text(), b.Text(), a.Line()); err != nil {
			return Pairs{}, err
		}
	}
}

// Add appends a pair that stands in a line of the file of that name. An empty side is an error.
func (p *Pairs) Add(source, target string, line int) error {
	for _, side := range []struct{ what, text string }{{"source", source}, {"target", target}} {
		if strings.TrimSpace(side.text) == "" {
			return errors.Errorf("%s, line %d: its %s is empty", p.Name, line, side.what)
		}
	}
	p.Sources, p.Targets, p.Lines = append(p.Sources, source), append(p.Targets, target), append(p.Lines, line)
	return nil
}
