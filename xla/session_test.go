package xla

import (
	"math"
	"os"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"gorgonia.org/tensor"
)

// client is the plugin's that $UNROLL_PJRT names; without one, the tests that need one are left out.
func client(t testing.TB) *Client {
	t.Helper()
	if os.Getenv(PluginVariable) == "" {
		t.Skipf("left out: $%s names no PJRT plugin", PluginVariable)
	}
	c, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// difference is the largest one of two tensors, relative to the larger of 1 and the number.
func difference(t testing.TB, name string, got, want *tensor.Dense) float64 {
	t.Helper()
	graphtest.Close(t, name, got, want, math.Inf(1)) // the shapes
	worst, x, y := 0.0, graphtest.Float64s(got), graphtest.Float64s(want)
	for i := range x {
		if e := math.Abs(x[i]-y[i]) / max(1, math.Abs(y[i])); !(e <= worst) {
			worst = e
		}
	}
	return worst
}

// compareGradients runs a function on both sides, outputs and gradients, and returns the largest difference of the gradients and of
// the outputs from one on.
func compareGradients(t testing.TB, c *Client, p *graph.Params, build graph.Build, in []*tensor.Dense, from int) float64 {
	t.Helper()
	f := graph.NewFunc(p, build)
	s, err := NewSession(c, f, p, stablehlo.Training{})
	check(t, err)
	defer s.Close()
	f.Seed(7)
	s.Seed(7)
	before := map[string]*tensor.Dense{}
	got, err := s.Grad(in...)
	check(t, err)
	for i := range p.Len() {
		if q := p.At(i); !q.Frozen() {
			before[q.Name()] = q.Grad().Clone().(*tensor.Dense)
		}
	}
	want, err := f.Grad(in...)
	check(t, err)
	worst := 0.0
	for i := from; i < len(want); i++ {
		worst = max(worst, difference(t, "output", got[i], want[i]))
	}
	for name, g := range before {
		worst = max(worst, difference(t, name, g, p.Get(name).Grad()))
	}
	return worst
}
