package serve

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// A model that panics fails its requests, and no others.
func TestFaultsAreErrors(t *testing.T) {
	b := newBatcher(1, -1, 1, nil, func(items []int) []result[int] {
		if items[0] == 3 {
			panic("three")
		}
		return []result[int]{{value: items[0]}}
	})
	defer b.close()
	found, err := b.each(context.Background(), []int{1, 3, 5})
	if err != nil || found[0].value != 1 || found[1].err == nil || found[2].value != 5 {
		t.Errorf("%v: %v", err, found)
	}
	if status, text := statusOf(found[1].err); status != 500 || strings.Contains(text, "three") {
		t.Errorf("%d: %s", status, text)
	}
	if err := (&lane{after: func(*lane, []float32) error { panic("four") }}).tell(nil); err == nil {
		t.Error("no error")
	}
}

// Long items do not come together in one batch, however many rows it may have.
func TestBatchesAreBounded(t *testing.T) {
	var rows []int
	b := newBatcher(8, -1, 1, func(n int) int { return n }, func(items []int) []result[int] {
		rows = append(rows, len(items))
		return make([]result[int], len(items))
	})
	b.load = 40
	if _, err := b.each(context.Background(), []int{15, 15, 15, 15, 15, 90, 10, 10}); err != nil {
		t.Fatal(err)
	}
	b.close()
	if !slices.Equal(rows, []int{3, 3, 1, 1}) { // 15 15 10, 15 15 10, 15, and 90 alone
		t.Errorf("batches of %v rows", rows)
	}
}

// Items of like size come together, of which no row is computed for nobody.
func TestBatchesAreOfLikeSizes(t *testing.T) {
	var found [][]int
	b := newBatcher(16, -1, 1, func(n int) int { return n }, func(items []int) []result[int] {
		found = append(found, items)
		return make([]result[int], len(items))
	})
	if _, err := b.each(context.Background(), []int{10, 100, 19, 11, 9, 12, 21}); err != nil {
		t.Fatal(err)
	}
	b.close()
	if want := [][]int{{10, 11, 9, 12}, {100}, {19, 21}}; !slices.EqualFunc(found, want, slices.Equal) {
		t.Errorf("batches of %v; want %v", found, want)
	}
	for n, want := range map[int]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 15: 4, 16: 16, 17: 16, 64: 64} {
		if got := worthwhile(n); got != want {
			t.Errorf("of %d items %d are taken; want %d", n, got, want)
		}
	}
}
