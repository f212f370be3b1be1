package compile

import (
	"math/rand/v2"
	"testing"
)

// Among few parts and many, small and large, side by side and in rows that lie apart, none that overlaps is overlooked.
func TestNeighboursFindOverlaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, count := range []int{1, 2, fewParts, fewParts + 1, 300} {
		of := newRegion([]int{100, 7}, nil)
		parts := make([]*region, count)
		for i := range parts {
			cols := 1 + rng.IntN(7)
			rows := 1 + rng.IntN(1+rng.IntN(20))
			parts[i] = of.part(rng.IntN(100-rows+1)*7+rng.IntN(7-cols+1), rows, cols, 7)
			parts[i].keep()
			parts[i].keep() // counts once
		}
		if n := len(of.parts.list); n != count {
			t.Fatalf("%d parts, found %d", count, n)
		}
		for _, r := range parts {
			for _, p := range parts {
				want := p.off < r.end() && r.off < p.end()
				found := of.parts.any(of, r, func(q *region) bool { return q == p })
				if want && !found {
					t.Fatalf("of %d parts, %d:%d overlaps %d:%d and is not found", count, p.off, p.end(), r.off, r.end())
				}
			}
		}
	}
}

// A step of a long sequence is compared with those beside it, not with all.
func TestNeighboursAreFew(t *testing.T) {
	const steps = 4096
	of := newRegion([]int{steps, 16}, nil)
	for i := range steps {
		of.elements(i*16, 16, 16).keep()
	}
	asked := 0
	of.parts.any(of, of.part(16*steps/2, 1, 16, 16), func(*region) bool { asked++; return false })
	if asked > 4 {
		t.Errorf("%d of %d parts were looked at; want at most 4", asked, steps)
	}
}
