package kernel

import (
	"testing"
)

// TestCachesDecideNoBits cuts products for caches of several sizes, to pieces and whole panels, a few and many rows
// and columns at a time.
func TestCachesDecideNoBits(t *testing.T) {
	first, second := firstLevel, secondLevel
	defer func() { firstLevel, secondLevel = first, second }()
	shapes := [][3]int{{4, 40, 700}, {9, 130, 513}, {35, 300, 1030}, {130, 150, 520}, {300, 290, 600}, {270, 700, 300}, {700, 270, 300}}
	eachVectorSet(t, func(t *testing.T) {
		for _, s := range shapes {
			if testing.Short() && s[0] >= 270 {
				continue
			}
			for _, tr := range transposes {
				for _, packed := range []bool{false, true} {
					if testing.Short() && s[0] >= 35 && (tr != transposes[2] || !packed) {
						continue // the layout of weights; the others are packed before they are cut
					}
					g := gemmCase{transA: tr[0], transB: tr[1], m: s[0], n: s[1], k: s[2]}
					run, c := g.product(packed)
					firstLevel, secondLevel = 0, 0
					run()
					want := append([]float32{}, c...)
					for _, sizes := range [][2]int{{32 << 10, 256 << 10}, {48 << 10, 512 << 10}, {48 << 10, 2 << 20}, {128 << 10, 1 << 30}} {
						firstLevel, secondLevel = sizes[0], sizes[1]
						clear(c)
						if run(); !sameFloats(c, want) {
							t.Errorf("%v, packed %t: caches of %d and %d bytes give other bits than small ones", g, packed, sizes[0], sizes[1])
						}
					}
				}
			}
		}
	})
}

// Half a panel is a piece where it leaves room in the first-level cache, and what stays in the second level fits there.
func TestBlockingFitsCaches(t *testing.T) {
	first, second := firstLevel, secondLevel
	defer func() { firstLevel, secondLevel = first, second }()
	for _, c := range []struct{ first, rowBytes, piece int }{{32 << 10, 128, 512}, {48 << 10, 128, 256}, {32 << 10, 96, 256}} {
		firstLevel = c.first
		if got := pieceOf(512, c.rowBytes); got != c.piece {
			t.Errorf("first level of %d bytes, rows of %d: piece of %d, want %d", c.first, c.rowBytes, got, c.piece)
		}
	}
	for _, size := range []int{512 << 10, 1 << 20, 2 << 20, 16 << 20} {
		secondLevel = size
		if n := resident(); n*depthBytes > size*5/8 || n > mostResident || n < blockRows {
			t.Errorf("second level of %d bytes: %d rows of %d bytes stay there", size, n, depthBytes)
		}
	}
}
