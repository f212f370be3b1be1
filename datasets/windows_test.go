package datasets_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// count returns the ids 0 to n-1, so that an id says where it came from.
func count(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i
	}
	return ids
}

func windows(t *testing.T, n, T, B int) *datasets.Windows {
	t.Helper()
	w, err := datasets.NewWindows(count(n), T, B)
	if err != nil {
		t.Fatalf("n=%d T=%d B=%d: %v", n, T, B, err)
	}
	return w
}

func TestWindowsByHand(t *testing.T) {
	w := windows(t, 14, 3, 2) // lanes 0..5 and 6..11; 12 is only a target, 13 fits nowhere
	for _, want := range [][2][]int{
		{{0, 6, 1, 7, 2, 8}, {1, 7, 2, 8, 3, 9}},
		{{3, 9, 4, 10, 5, 11}, {4, 10, 5, 11, 6, 12}},
	} {
		if !w.Next() || !slices.Equal(w.Inputs, want[0]) || !slices.Equal(w.Targets, want[1]) {
			t.Errorf("%v %v, want %v", w.Inputs, w.Targets, want)
		}
	}
	if w.Next() || w.Position() != 2 || w.Len() != 2 {
		t.Error("a third window")
	}
	if T, B := w.Shape(); T != 3 || B != 2 {
		t.Error(T, B)
	}
}

// For any T, B and length: targets are the next inputs of their lane, lanes follow the text without a break and do not
// overlap, and there are as many windows as T·B goes into the tokens that have a successor.
func TestWindowsProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		T, B := 1+r.IntN(20), 1+r.IntN(20)
		n := T*B + 1 + r.IntN(6*T*B)
		w := windows(t, n, T, B)
		if want := (n - 1) / (T * B); w.Len() != want {
			t.Fatalf("n=%d T=%d B=%d: %d windows, want %d", n, T, B, w.Len(), want)
		}
		last := make([]int, B) // each lane's last target
		used := make([]bool, n)
		k := 0
		for ; w.Next(); k++ {
			if w.Position() != k+1 || len(w.Inputs) != T*B || len(w.Targets) != T*B {
				t.Fatal(w.Position(), k, len(w.Inputs), len(w.Targets))
			}
			for i, id := range w.Inputs { // i is t·B + b
				b := i % B
				if used[id] || w.Targets[i] != id+1 || k+i/B > 0 && id != last[b] {
					t.Fatalf("n=%d T=%d B=%d, window %d, place %d: input %d (seen before: %v), target %d, last target %d",
						n, T, B, k, i, id, used[id], w.Targets[i], last[b])
				}
				used[id], last[b] = true, w.Targets[i]
			}
		}
		if k != w.Len() {
			t.Fatalf("n=%d T=%d B=%d: %d windows, Len says %d", n, T, B, k, w.Len())
		}
		if out := n - 1 - k*T*B; out < 0 || out > T*B-1 {
			t.Fatalf("n=%d T=%d B=%d: %d tokens left out", n, T, B, out)
		}
	}
}

func TestSeekAndReset(t *testing.T) {
	w := windows(t, 1000, 7, 5)
	var pass [][]int
	for w.Next() {
		pass = append(pass, slices.Clone(w.Inputs), slices.Clone(w.Targets))
	}
	same := func(k int) {
		t.Helper()
		if w.Position() != k || !w.Next() || !slices.Equal(w.Inputs, pass[2*k]) || !slices.Equal(w.Targets, pass[2*k+1]) {
			t.Fatalf("window %d is another one", k)
		}
	}
	for _, k := range []int{w.Len() - 1, 0, 3, 4, 4} {
		if err := w.Seek(k); err != nil {
			t.Fatal(err)
		}
		same(k)
	}
	w.Reset()
	for k := range w.Len() {
		same(k)
	}
	if err := w.Seek(w.Len()); err != nil || w.Next() {
		t.Error("a window after the end", err)
	}
	for _, k := range []int{-1, w.Len() + 1, math.MinInt} {
		before := w.Position()
		wantError(t, w.Seek(k), "there are 28")
		if w.Position() != before {
			t.Error("a refused Seek moved")
		}
	}
}

func TestWindowsReuseTheirBuffers(t *testing.T) {
	w := windows(t, 1000, 7, 5)
	in, out := &w.Inputs[0], &w.Targets[0]
	if n := testing.AllocsPerRun(100, func() {
		if !w.Next() {
			w.Reset()
		}
	}); n != 0 {
		t.Error(n, "allocations")
	}
	if in != &w.Inputs[0] || out != &w.Targets[0] {
		t.Error("the buffers changed")
	}
}

func TestNewWindowsRefuses(t *testing.T) {
	for _, c := range []struct {
		n, T, B int
		want    string
	}{
		{6, 3, 2, "2 lanes of at least 3 steps need 7 tokens, found 6"},
		{0, 1, 1, "need 2 tokens, found 0"},
		{1, 1, 1, "need 2 tokens, found 1"},
		{6, 0, 2, "0 steps"},
		{6, 2, 0, "batch 0"},
		{6, -1, -6, "-1 steps and batch -6"},
		{6, math.MaxInt, 1, fmt.Sprintf("need %d tokens", uint(math.MaxInt)+1)}, // products that an int does not hold
		{6, 1 << (strconv.IntSize / 2), 1 << (strconv.IntSize / 2), "found 6"},  // their product wraps to 0
		{6, math.MaxInt/2 + 1, 4, "found 6"},
	} {
		w, err := datasets.NewWindows(count(c.n), c.T, c.B)
		wantError(t, err, c.want)
		if w != nil {
			t.Error("an error, and windows")
		}
	}
	var zero datasets.Windows
	if zero.Next() || zero.Len() != 0 || zero.Seek(1) == nil {
		t.Error("windows of nothing")
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		n, train int
		fraction float64
	}{{5, 4, 0.8}, {10, 9, 0.9}, {1115394, 1003854, 0.9}, {2, 1, 0.5}, {3, 1, 0.5}, {11, 9, 0.9}} {
		ids := count(c.n)
		train, validation, err := datasets.Split(ids, c.fraction)
		if err != nil || len(train) != c.train || !slices.Equal(append(slices.Clone(train), validation...), ids) {
			t.Errorf("%+v: %d and %d, %v", c, len(train), len(validation), err)
		}
		// Appending to the first part must not write into the second.
		if _ = append(train, -1); validation[0] != c.train {
			t.Error("the parts overlap")
		}
	}
	for _, fraction := range []float64{0, 1, -0.1, 1.5, math.NaN(), math.Inf(1)} {
		_, _, err := datasets.Split(count(6), fraction)
		wantError(t, err, "want above 0 and below 1")
	}
	for _, n := range []int{0, 1} {
		_, _, err := datasets.Split(count(n), 0.5)
		wantError(t, err, "leaves none")
	}
}
