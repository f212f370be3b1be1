package celltest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/celltest"
)

// leaky is a right cell, h' = σ(r)⊙h + w⊙x, unless fault breaks it.
type leaky struct {
	fault string
	calls *int
}

func (c leaky) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, 3)}
}

func (c leaky) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	w := g.Param("w", graph.Constant(1), 3)
	if c.fault == "gradient" && g.Training() { // another function when it is differentiated
		w = g.MulScalar(w, 2)
	}
	h := g.Add(g.Mul(g.Sigmoid(g.Param("r", graph.Constant(0), 3)), s[0]), g.Mul(w, x))
	switch c.fault {
	case "step": // remembers outside of its state
		*c.calls++
		h = g.AddScalar(h, float64(*c.calls%7))
	case "batch": // looks at the other sequences
		h = g.Add(h, g.Mean(x, 0))
	}
	return h, recurrent.State{h}
}

// scanned is leaky with a Scan.
type scanned struct{ leaky }

func (c scanned) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	in := g.Mul(g.Param("w", graph.Constant(1), 3), x)
	if c.fault == "scan" {
		in = g.Mul(in, x)
	}
	h, last := o.Linear(g, g.Sigmoid(g.Param("r", graph.Constant(0), 3)), in, s[0])
	return h, recurrent.State{last}
}

// Check finds each fault. It has to fail for that, so it runs in a test of another process, which fails.
func TestCheckFindsFaults(t *testing.T) {
	for fault, want := range map[string]string{
		"none":     "ok",
		"gradient": "WRONG  cell.w_l0",
		"step":     "by itself",
		"batch":    "sequence 0 of length 5",
		"scan":     "gradient of cell.w_l0",
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFault$", "-test.v")
		cmd.Env = append(os.Environ(), "CELL_FAULT="+fault)
		out, err := cmd.CombinedOutput()
		if fault == "none" {
			if err != nil {
				t.Errorf("a right cell fails: %s", out)
			}
			continue
		}
		if err == nil || !strings.Contains(string(out), want) || !strings.Contains(string(out), "--- FAIL: TestFault/"+fault) {
			t.Errorf("fault %q: want a failure of that check with %q, found %v: %s", fault, want, err, out)
		}
	}
}

// TestFault is run by TestCheckFindsFaults.
func TestFault(t *testing.T) {
	fault := os.Getenv("CELL_FAULT")
	if fault == "" {
		fault = "none"
	}
	celltest.Check(t, celltest.Case{Cell: scanned{leaky{fault: fault, calls: new(int)}}})
}
