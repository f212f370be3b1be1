package recurrent_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// The start of a cell's bias_ih, gate by gate.
func startOf(t *testing.T, cell recurrent.Cell) []float32 {
	t.Helper()
	p := graph.NewParams(1)
	_, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g, cell, in[0], recurrent.Options{})
		return []graph.Node{y}
	}).Run(graph.Floats(make([]float32, 3), 1, 1, 3))
	if err != nil {
		t.Fatal(err)
	}
	return p.Get("bias_ih_l0").Value().Float32s()
}

func TestSpan(t *testing.T) {
	const H, span = 200, 100
	for name, c := range map[string]struct {
		cell        recurrent.Cell
		keep, write int
	}{
		"LSTM":         {recurrent.LSTM{Hidden: H, ChronoSpan: span}, 1, 0},
		"LSTM coupled": {recurrent.LSTM{Hidden: H, ChronoSpan: span, Coupled: true}, -1, 0},
		"GRU":          {recurrent.GRU{Hidden: H, ChronoSpan: span}, 1, -1},
	} {
		bias := startOf(t, c.cell)
		least, most := math.Inf(1), 0.0 // time constants 1/(1-σ(b)) = 1+eᵇ
		for i := range H {
			var keep float32
			if c.write >= 0 {
				keep = -bias[c.write*H+i]
			}
			if c.keep >= 0 {
				if c.write >= 0 && bias[c.keep*H+i] != keep {
					t.Fatalf("%s: unit %d forgets with bias %g and writes with %g", name, i, bias[c.keep*H+i], -keep)
				}
				keep = bias[c.keep*H+i]
			}
			steps := 1 + math.Exp(float64(keep))
			least, most = min(least, steps), max(most, steps)
		}
		if least < 2 || least > 5 || most > span+0.01 || most < span-5 {
			t.Errorf("%s: memories last from %.1f to %.1f steps; want about 2 to %d", name, least, most, span)
		}
		for i := 2 * H; i < len(bias); i++ {
			if bias[i] != 0 {
				t.Fatalf("%s: the bias of another gate starts at %g", name, bias[i])
			}
		}
	}
	for _, cell := range []recurrent.Cell{recurrent.LSTM{Hidden: 2, ChronoSpan: 1}, recurrent.GRU{Hidden: 2, ChronoSpan: -3}, recurrent.LSTM{Hidden: 2, ChronoSpan: 5, NoForget: true}} {
		g := graph.NewTraining(graph.NewParams(1))
		cell.Begin(g, 1)
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), "pan") {
			t.Errorf("%+v: error %v, want one about the span", cell, err)
		}
	}
}
