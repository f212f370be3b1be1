package catalog

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("want an error with %q, got %v", text, err)
		}
	}
}

func TestSplit(t *testing.T) {
	p := split(1000, nil, 0.1, 0.25, 3)
	if len(p.train) != 650 || len(p.validation) != 100 || len(p.test) != 250 {
		t.Errorf("%d, %d, %d", len(p.train), len(p.validation), len(p.test))
	}
	all := slices.Concat(p.train, p.validation, p.test)
	if slices.IsSorted(all) {
		t.Error("the rows were not shuffled")
	}
	slices.Sort(all)
	if !slices.Equal(all, upTo(1000)) {
		t.Error("rows are missing or there twice")
	}
	again, other := split(1000, nil, 0.1, 0.25, 3), split(1000, nil, 0.1, 0.25, 4)
	if !slices.Equal(p.train, again.train) || !slices.Equal(p.test, again.test) {
		t.Error("the same seed gave other parts")
	}
	if slices.Equal(p.test, other.test) {
		t.Error("another seed gave the same parts")
	}
	// Parts stay the same from version to version: results are compared by them.
	if got := fmt.Sprint(split(8, nil, 0.25, 0.25, 0)); got != recordedSplit {
		t.Errorf("%s; recorded was %s", got, recordedSplit)
	}
}

const recordedSplit = "{[3 0 6 5] [7 1] [4 2]}"

func TestSplitOfGroups(t *testing.T) {
	group := func(row int) string { return fmt.Sprint(row / 7) }
	p := split(1000, group, 0.1, 0.1, 1)
	in := map[string]int{}
	for i, part := range [][]int{p.train, p.validation, p.test} {
		for _, row := range part {
			if before, ok := in[group(row)]; ok && before != i {
				t.Fatalf("the group %s is in two parts", group(row))
			}
			in[group(row)] = i
		}
	}
	if len(p.test) < 100 || len(p.test) > 106 || len(p.train)+len(p.validation)+len(p.test) != 1000 {
		t.Errorf("%d, %d, %d", len(p.train), len(p.validation), len(p.test))
	}
}

func TestFractions(t *testing.T) {
	for _, c := range []struct{ in, validation, test float64 }{{0, 0.1, 0.1}, {-1, 0, 0}, {0.3, 0.3, 0.3}} {
		v, test, err := Options{Validation: c.in, Test: c.in}.fractions()
		if err != nil || v != c.validation || test != c.test {
			t.Errorf("%g: %g, %g, %v", c.in, v, test, err)
		}
	}
	for _, o := range []Options{{Validation: 0.5, Test: 0.5}, {Test: 2}, {Test: math.NaN()}, {Validation: math.Inf(1)}} {
		_, err := Digits.Load(t.Context(), o)
		wantError(t, err, "leave nothing to train on")
	}
	if from, to := cut(10, 0.2, 0.1); from != 7 || to != 9 {
		t.Errorf("cut at %d and %d", from, to)
	}
}
