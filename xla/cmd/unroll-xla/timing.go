package main

import (
	"slices"
	"time"
)

// timing is how long the first call of something took, and the others.
type timing struct{ first, median time.Duration }

func timed(runs int, f func() error) (timing, error) {
	took := make([]time.Duration, runs+1)
	for i := range took {
		begun := time.Now()
		if err := f(); err != nil {
			return timing{}, err
		}
		took[i] = time.Since(begun).Round(10 * time.Microsecond)
	}
	rest := took[1:]
	slices.Sort(rest)
	return timing{took[0], rest[len(rest)/2]}, nil
}
