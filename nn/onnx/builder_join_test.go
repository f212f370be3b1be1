package onnx_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// joined are the weights of the next tests.
func joined(t *testing.T) *graph.Params {
	t.Helper()
	p := graph.NewParams64(1)
	for i, w := range []struct {
		name  string
		shape []int
	}{{"a.weight", []int{5, 2}}, {"b.weight", []int{7, 3}}, {"map.weight", []int{4, 3}}, {"extra", []int{2}}} {
		if _, err := p.Add(w.name, graphtest.Random(uint64(i), w.shape...)); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// Rows of a table that the model computes, put beside an embedding, and a weight that is given out: what the graph says.
func TestRowsBeside(t *testing.T) {
	p := joined(t)
	b := onnx.NewBuilder(p)
	words := b.Embedding(b.Tokens("words"), "a")
	table := b.Dense(b.Embedding(b.IDs("rows", "row"), "b"), "map")
	b.Output("y", b.Beside(words, b.Rows(table, b.IDs("places", "time", "batch"))))
	b.Output("given", b.Weight("extra"))
	m, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	read, err := m.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]*tensor.Dense{"words": graph.Ints([]int{0, 4, 2, 2}, 2, 2), "rows": graph.Ints([]int{6, 0, 3}), "places": graph.Ints([]int{2, 1, 0, 0}, 2, 2)}
	var args []*tensor.Dense
	for _, port := range m.Inputs() {
		args = append(args, in[port.Name])
	}
	got, err := graph.NewFunc(read, m.Build).Run(args...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		table := g.MatMulT(g.Gather(g.Scope("b").Param("weight", nil, 7, 3), in[1]), g.Scope("map").Param("weight", nil, 4, 3))
		return []graph.Node{g.Concat(2, g.Gather(g.Scope("a").Param("weight", nil, 5, 2), in[0]), g.Gather(table, in[2]))}
	}).Run(in["words"], in["rows"], in["places"])
	if err != nil {
		t.Fatal(err)
	}
	for i, port := range m.Outputs() {
		switch port.Name {
		case "y":
			graphtest.Close(t, "y", got[i], want[0], 1e-12)
		case "given":
			graphtest.Close(t, "given", got[i], p.Get("extra").Value(), 0)
		}
	}
}

func TestJoinsRefuse(t *testing.T) {
	for want, use := range map[string]func(b *onnx.Builder) onnx.Value{
		"the store has no parameter none": func(b *onnx.Builder) onnx.Value { return b.Weight("none") },
		"Rows: a table of 3 dimensions": func(b *onnx.Builder) onnx.Value {
			return b.Rows(b.Embedding(b.Tokens("ids"), "a"), b.IDs("places", "time"))
		},
		`Rows: "ids" holds whole numbers`: func(b *onnx.Builder) onnx.Value { return b.Rows(b.Tokens("ids"), b.IDs("places", "time")) },
		"and ids": func(b *onnx.Builder) onnx.Value {
			table := b.Embedding(b.IDs("rows", "row"), "a")
			return b.Rows(table, table)
		},
		"Beside: no values": func(b *onnx.Builder) onnx.Value { return b.Beside() },
		"want as many axes": func(b *onnx.Builder) onnx.Value {
			return b.Beside(b.Embedding(b.Tokens("ids"), "a"), b.Embedding(b.IDs("rows", "row"), "a"))
		},
		`two values are called "ids"`: func(b *onnx.Builder) onnx.Value { b.Tokens("ids"); return b.LengthsOf("ids", "row") },
	} {
		b := onnx.NewBuilder(joined(t))
		b.Output("y", use(b))
		if _, err := b.Model(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}
