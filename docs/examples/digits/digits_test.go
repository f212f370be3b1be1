package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// The warped distance is that of the best of all paths, counted one by one.
func TestWarpedAgainstAllPaths(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) *audio.Frames {
		f := &audio.Frames{Width: 2, Values: make([]float32, 2*n)}
		for i := range f.Values {
			f.Values[i] = float32(rng.NormFloat64())
		}
		return f
	}
	for range 20 {
		a, b := draw(1+rng.IntN(5)), draw(1+rng.IntN(5))
		var walk func(i, j int) float64
		walk = func(i, j int) float64 {
			x, y := a.Values[2*i:][:2], b.Values[2*j:][:2]
			d := math.Hypot(float64(x[0]-y[0]), float64(x[1]-y[1]))
			if i == 0 && j == 0 {
				return 2 * d
			}
			best := math.Inf(1)
			if i > 0 && j > 0 {
				best = walk(i-1, j-1) + 2*d
			}
			if i > 0 {
				best = min(best, walk(i-1, j)+d)
			}
			if j > 0 {
				best = min(best, walk(i, j-1)+d)
			}
			return best
		}
		want := walk(a.Steps()-1, b.Steps()-1) / float64(a.Steps()+b.Steps())
		if got := warped(a, b); math.Abs(got-want) > 1e-5 {
			t.Errorf("%d and %d frames: %g, want %g", a.Steps(), b.Steps(), got, want)
		}
	}
	if same := draw(4); warped(same, same) != 0 {
		t.Error("a recording is not at distance 0 from itself")
	}
}
