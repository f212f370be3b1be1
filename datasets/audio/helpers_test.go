package audio_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// glide is the sound of testdata/record.py.
func glide(n, rate int) *audio.Sound {
	s := &audio.Sound{Rate: rate, Channels: 1, Samples: make([]float32, n)}
	for i := range s.Samples {
		t := float64(i) / float64(rate)
		x := 0.4*math.Sin(2*math.Pi*(200*t+900*t*t)) + 0.2*math.Cos(2*math.Pi*1700*t) + 0.05
		if i == n/3 {
			x += 0.3
		}
		s.Samples[i] = float32(x)
	}
	return s
}

// recorded reads a file of testdata/record.py.
func recorded(t *testing.T, name string) (values []float64, shape []int) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".f64"))
	if err != nil {
		t.Fatal(err)
	}
	axes, n := int(binary.LittleEndian.Uint32(raw)), 1
	raw = raw[4:]
	for range axes {
		shape = append(shape, int(binary.LittleEndian.Uint32(raw)))
		n, raw = n*shape[len(shape)-1], raw[4:]
	}
	for i := range n {
		values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
	}
	return values, shape
}

// near wants values that differ from those recorded by at most 1e-5, or that share of the larger.
func near(t *testing.T, name string, got []float32, width int) {
	t.Helper()
	want, shape := recorded(t, name)
	if len(got) != len(want) || len(shape) == 2 && shape[1] != width {
		t.Fatalf("%s: %d values of width %d; want shape %v", name, len(got), width, shape)
	}
	for i, v := range got {
		if d := math.Abs(float64(v) - want[i]); !(d <= 1e-5*math.Max(1, math.Abs(want[i]))) {
			t.Fatalf("%s: value %d is %g; want %g", name, i, v, want[i])
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says wants an error with these words.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Fatalf("error %v; want one with %q", err, w)
		}
	}
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values; want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatal(what, fmt.Sprintf(": value %d is %g; want %g", i, got[i], want[i]))
		}
	}
}
