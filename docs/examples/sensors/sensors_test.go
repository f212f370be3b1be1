package main

import (
	"math"
	"strings"
	"testing"
)

// As many values are missing as are asked for; where that tells of the state, of each state other measurements; and the table
// has all windows.
func TestWindows(t *testing.T) {
	for _, informative := range []bool{false, true} {
		s := task{windows: 200, missing: 0.4, informative: informative, seed: 1}.sequences()
		if m := s.Missing(); math.Abs(m-0.4) > 0.02 {
			t.Errorf("%.3f are missing", m)
		}
		var absent [4][4]float64 // by state and channel
		for i, values := range s.Values {
			for k, v := range values {
				if math.IsNaN(v) {
					absent[i%4][k%4] += 1.0 / (50 * rows)
				}
			}
		}
		widest := 0.0
		for c := range 4 {
			for state := range 4 {
				widest = max(widest, math.Abs(absent[state][c]-0.4))
			}
		}
		if informative != (widest > 0.1) {
			t.Errorf("informative %v: missing by state and channel %v", informative, absent)
		}
		var b strings.Builder
		if err := write(&b, s); err != nil || strings.Count(b.String(), "\n") != 200*rows+1 {
			t.Errorf("%d lines, %v", strings.Count(b.String(), "\n"), err)
		}
	}
}
