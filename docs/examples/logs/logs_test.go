package main

import (
	"strings"
	"testing"
)

// Anomalies of other kinds do not count.
func TestArea(t *testing.T) {
	if got, err := area([]float64{1, 5, 2, 0, 3}, []int{-1, 0, -1, 1, -1}, func(kind int) bool { return kind == 0 }); err != nil || got != 1 {
		t.Errorf("%g of one kind, error %v", got, err)
	}
}

// A log is the same every time; about the share that is asked for is strange, of every kind; jobs end after they began.
func TestWatched(t *testing.T) {
	lines, kinds := watched(3, 5000, share)
	again, _ := watched(3, 5000, share)
	count := map[int]int{}
	for i, k := range kinds {
		count[k]++
		if lines[i] != again[i] || strings.Contains(lines[i], "\n") || lines[i] == "" {
			t.Fatalf("line %d is %q, then %q", i, lines[i], again[i])
		}
	}
	if strange := len(lines) - count[-1]; strange < 60 || strange > 150 || len(count) != len(anomalies)+1 {
		t.Errorf("%d strange lines, of kinds %v", strange, count)
	}
	begun := map[string]bool{}
	clean, _ := watched(1, 2000, 0)
	for _, line := range clean {
		words := strings.Fields(line)
		if len(words) > 5 && words[2] == "batch" {
			if words[5] == "finished" && !begun[words[4]] {
				t.Fatalf("%q, which had not begun", line)
			}
			begun[words[4]] = true
		}
	}
	if len(begun) < 100 {
		t.Errorf("%d jobs", len(begun))
	}
}
