package compile

import (
	"math/rand/v2"
	"testing"
)

func TestFreeList(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var f freeList
	type taken struct{ offset, size int }
	var live []taken
	for range 20000 {
		if len(live) > 0 && rng.IntN(2) == 0 {
			j := rng.IntN(len(live))
			f.give(live[j].offset, live[j].size)
			live = append(live[:j], live[j+1:]...)
			continue
		}
		n := 1 + rng.IntN(200)
		at := f.take(n)
		for _, o := range live {
			if at < o.offset+o.size && o.offset < at+n {
				t.Fatalf("block %d to %d overlaps %d to %d", at, at+n, o.offset, o.offset+o.size)
			}
		}
		if at%align != 0 || at+n > f.size {
			t.Fatal(at, n, f.size)
		}
		live = append(live, taken{at, n})
	}
	for _, o := range live {
		f.give(o.offset, o.size)
	}
	if len(f.spans) != 1 || f.spans[0] != (span{0, f.size}) {
		t.Errorf("all is free, but in %d blocks", len(f.spans))
	}
}
