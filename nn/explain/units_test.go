package explain_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/explain"
	"github.com/unroll-go/unroll/recurrent"
)

// What is watched is what a trace of the layer has, in both directions, in order of time.
func TestWatch(t *testing.T) {
	const steps, hidden = 6, 4
	p := graph.NewParams64(2)
	x := graphtest.Random(3, steps, 1, width)
	trace := &recurrent.Trace{Backward: &recurrent.Trace{}}
	network := func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: hidden}}.Apply(g.Scope("rnn"), in[0], recurrent.Options{Trace: trace})
		return []graph.Node{y}
	}
	w, err := explain.Watch(p, network)
	if err != nil {
		t.Fatal(err)
	}
	out, layers, err := w.Run(x)
	if err != nil {
		t.Fatal(err)
	}
	want, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return append(network(g, in), append(trace.States, trace.Backward.States...)...)
	}).Run(x)
	if err != nil {
		t.Fatal(err)
	}
	gates := slices.DeleteFunc(slices.Clone(layers), func(l explain.Layer) bool { return !l.Gate })
	layers = slices.DeleteFunc(layers, func(l explain.Layer) bool { return l.Gate })
	if len(out) != 1 || len(layers) != 4 || len(gates) != 6 { // h and c, and three gates, of two directions
		t.Fatalf("%d outputs, %d layers, %d gates", len(out), len(layers), len(gates))
	}
	for _, g := range gates {
		for _, u := range g.Units {
			for _, v := range u {
				if !strings.Contains(g.Name, "_gate") || v <= 0 || v >= 1 || len(u) != len(layers[0].Units[0]) {
					t.Fatalf("%s: %v", g.Name, u)
				}
			}
		}
	}
	graphtest.Close(t, "output", out[0], want[0], 0)
	for i, l := range layers {
		if reverse := strings.HasSuffix(l.Name, "_reverse"); reverse != (i >= 2) {
			t.Errorf("layer %d is %s", i, l.Name)
		}
		for h, u := range l.Units {
			for s, v := range u {
				if w := want[1+i].Float64s()[s*hidden+h]; v != w {
					t.Errorf("%s: unit %d at step %d: %g; want %g", l.Name, h, s, v, w)
				}
			}
		}
	}
}

// A unit that is a property, with noise, is found among others; one that was so in the first half alone is told apart.
func TestFollow(t *testing.T) {
	text := []rune(strings.Repeat("he said \"no (not I)\" and left.\nThen it was 12 o'clock, and \"so on\" \n", 20))
	noise := graphtest.Random(1, 3, len(text)).Float64s()
	for _, p := range explain.Properties() {
		if p.Name == "depth of braces" || p.Name == "inside a comment" || p.Name == "indentation of the line" {
			continue // the text has none
		}
		y := p.Of(text)
		units := [][]float64{noise[:len(text)], make([]float64, len(text)), make([]float64, len(text))}
		for i, v := range y {
			units[1][i] = -2*v + 0.1*noise[len(text)+i]
			if units[2][i] = v; i >= len(text)/2 {
				units[2][i] = noise[2*len(text)+i]
			}
		}
		found, err := explain.Follow([]explain.Layer{{Name: "a", Units: units}}, y, 2)
		if err != nil || len(found) != 2 {
			t.Fatalf("%s: %v, %v", p.Name, found, err)
		}
		if found[0].Unit != 2 || math.Abs(found[0].Held) > 0.3 || found[1].Unit != 1 || found[1].Held > -0.9 {
			t.Errorf("%s: %+v", p.Name, found)
		}
	}
	if found, err := explain.Follow([]explain.Layer{{Name: "a", Units: [][]float64{{1, 2, 3, 4}}}}, []float64{1, 1, 0, 1}, 3); err != nil || len(found) != 0 {
		t.Errorf("%v, %v of a property that stays the same", found, err)
	}
}

func TestProperties(t *testing.T) {
	of := map[string]func([]rune) []float64{}
	for _, p := range explain.Properties() {
		of[p.Name] = p.Of
	}
	for _, c := range []struct{ name, text, want string }{
		{"position in line", "ab\ncde", "120123"},
		{"position in word", "it's a", "123401"},
		{"position in sentence", "a b. c!d", "12301201"},
		{"inside quotes", "a\"b\"c\"\nd", "01100100"},
		{"inside quotes", "“ja”", "1110"},
		{"inside parentheses", "(a(b)c)d)(", "1111110001"},
		{"depth of braces", "{a{b}c}}{", "112211001"},
		{"inside a comment", "a//b\nc://d", "0011000000"},
		{"indentation of the line", "\t\ta b\n c", "12222011"},
		{"inside a capitalised word", "Ab cD E", "1100001"},
		{"a blank", "a b\n", "0101"},
		{"a digit", "a1", "01"},
		{"a vowel", "aBe", "101"},
		{"position in line", "", ""},
	} {
		got := ""
		for _, v := range of[c.name]([]rune(c.text)) {
			got += fmt.Sprint(v)
		}
		if got != c.want {
			t.Errorf("%s of %q: %s; want %s", c.name, c.text, got, c.want)
		}
	}
}

func TestUnitsRefuse(t *testing.T) {
	if _, err := explain.Watch(nil, nil); err == nil {
		t.Error("nothing to watch")
	}
	w, _ := explain.Watch(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g, recurrent.GRU{Hidden: 2}, in[0], recurrent.Options{})
		return []graph.Node{y}
	})
	if _, _, err := w.Run(graphtest.Random(1, 3, 2, 2)); err == nil || !strings.Contains(err.Error(), "want [T, 1, H]") {
		t.Errorf("error %v", err)
	}
	_, lengths := explain.Follow([]explain.Layer{{Name: "a", Units: [][]float64{{1, 2}}}}, []float64{1}, 1)
	_, count := explain.Follow(nil, nil, -1)
	_, layers := explain.Joined([]explain.Layer{{Name: "a"}}, nil)
	_, names := explain.Joined([]explain.Layer{{Name: "a"}}, []explain.Layer{{Name: "b"}})
	for _, err := range []error{lengths, count, layers, names} {
		if err == nil {
			t.Error("taken")
		}
	}
	both, err := explain.Joined([]explain.Layer{{Name: "a", Units: [][]float64{{1}}}}, []explain.Layer{{Name: "a", Units: [][]float64{{2, 3}}}})
	if err != nil || fmt.Sprint(both) != "[{a [[1 2 3]] false}]" {
		t.Errorf("%v, %v", both, err)
	}
}
