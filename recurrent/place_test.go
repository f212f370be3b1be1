package recurrent_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// The number of the innermost layer counts, and the direction comes last, in whatever order they are given.
func TestPlacesInNamesAndMessages(t *testing.T) {
	p := graph.NewParams(1)
	g := graph.New(p).Scope("a")
	for _, v := range []*graph.Graph{
		g,
		recurrent.InLayer(g, 0),
		recurrent.InLayer(recurrent.InLayer(g, 0), 12),
		recurrent.InReverse(g),
		recurrent.InReverse(recurrent.InLayer(g, 1)),
		recurrent.InLayer(recurrent.InReverse(g), 2).Scope("b"),
	} {
		v.Param("w", graph.Constant(0), 2)
	}
	var names []string
	for i := range p.Len() {
		names = append(names, p.At(i).Name())
	}
	if got := strings.Join(names, " "); got != "a.w a.w_l0 a.w_l12 a.w_reverse a.w_l1_reverse a.b.w_l2_reverse" {
		t.Error(got)
	}
	for want, use := range map[string]func(g *graph.Graph){
		"InLayer: layer -1; want at least 0": func(g *graph.Graph) { recurrent.InLayer(g, -1) },
		"Dense in a: bad":                    func(g *graph.Graph) { g.Scope("a").Failf("Dense", "bad") },
		"Dense in a reverse: bad":            func(g *graph.Graph) { recurrent.InReverse(g.Scope("a")).Failf("Dense", "bad") },
		"Dense in layer 3: bad":              func(g *graph.Graph) { recurrent.InLayer(g, 3).Failf("Dense", "bad") },
		"Dense in a/b layer 1 reverse: bad": func(g *graph.Graph) {
			recurrent.InLayer(recurrent.InReverse(g.Scope("a").Scope("b")), 1).Failf("Dense", "bad")
		},
		"in a layer 2: hidden size 0":         func(g *graph.Graph) { step(recurrent.InLayer(g.Scope("a"), 2)) },
		"in a layer 0: hidden size 0":         func(g *graph.Graph) { step(g.Scope("a")) },
		"in a layer 0 reverse: hidden size 0": func(g *graph.Graph) { step(recurrent.InReverse(g.Scope("a"))) },
	} {
		g := graph.New(graph.NewParams(1))
		use(g)
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// step runs one step of a cell without a size, which is an error.
func step(g *graph.Graph) {
	recurrent.Step(g, recurrent.MGU{}, g.Input("x", 2, 3), recurrent.State{g.Input("h", 2, 4)})
}
