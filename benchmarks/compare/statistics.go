package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// spread is a median with its extremes.
type spread struct{ low, median, high float64 }

// over is the spread of values that are not empty.
func over(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return spread{v[0], (v[(n-1)/2] + v[n/2]) / 2, v[n-1]}
}

// values picks a number from every round of a cell, in the order of rounds.
func (c *comparison) values(at cell, pick func(work.Result) float64) (v []float64) {
	for round := range c.rounds {
		if r, ok := c.results[at][round]; ok {
			v = append(v, pick(r))
		}
	}
	return v
}

// ratios divides one cell's numbers by another's, round by round: what both ran next to each other.
func (c *comparison) ratios(a, b cell, pick func(work.Result) float64) (v []float64) {
	for round := range c.rounds {
		x, ok := c.results[a][round]
		y, too := c.results[b][round]
		if ok && too && pick(y) > 0 {
			v = append(v, pick(x)/pick(y))
		}
	}
	return v
}

func speed(r work.Result) float64 { return r.TokensPerSecond }
func peak(r work.Result) float64  { return r.PeakMB }
func grown(r work.Result) float64 { return r.PeakMB - r.BaseMB }

// number writes the median, and half the way between the extremes in per cent of it.
func (s spread) number() string {
	if s.low == s.high || s.median == 0 {
		return thousands(s.median)
	}
	return fmt.Sprintf("%s ±%.0f %%", thousands(s.median), 50*(s.high-s.low)/s.median)
}

// ratio writes the median and the extremes.
func (s spread) ratio() string {
	if s.low == s.high {
		return significant(s.median)
	}
	return fmt.Sprintf("**%s** (%s to %s)", significant(s.median), significant(s.low), significant(s.high))
}

// significant writes two figures after the point, and fewer for larger numbers.
func significant(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// thousands writes a rounded number with commas: 90,619.
func thousands(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
