package graphtest

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Recorded compares one operation or layer with values that another framework computed. The recording holds, under
// the case's name and a dot: in.* (inputs), param.* (weights), in.g (the gradient of the result), out.y, and grad.*
// for every float input and weight that has one.
type Recorded struct {
	Values    map[string]*tensor.Dense // from Golden
	Case      string
	Build     func(g *graph.Graph, in map[string]graph.Node) graph.Node
	Tolerance float64
}

// Compare fails the test where a value or a gradient differs.
func (r Recorded) Compare(t testing.TB) {
	t.Helper()
	prefix := r.Case + "."
	y, g := r.Values[prefix+"out.y"], r.Values[prefix+"in.g"]
	if y == nil || g == nil {
		t.Fatalf("nothing is recorded for %s", r.Case)
	}
	for name, v := range r.Values {
		if err := dense.Check(v); err != nil && strings.HasPrefix(name, prefix) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	p, names, ids, idNames := r.store(t, y.Dtype())
	f := graph.NewFunc(p, func(b *graph.Graph, given []graph.Node) []graph.Node {
		in := map[string]graph.Node{}
		for i, name := range idNames {
			in[name] = given[i]
		}
		for _, name := range names {
			in[name] = b.Param(name, nil, p.Get(name).Shape()...)
		}
		y := r.Build(b, in)
		return []graph.Node{b.Sum(b.Mul(y, b.Const(g))), y}
	})
	out, err := f.Grad(ids...)
	if err != nil {
		t.Fatal(err)
	}
	Close(t, "value", out[1], y, r.Tolerance)
	for i := 0; i < p.Len(); i++ {
		if want := r.Values[prefix+"grad."+p.At(i).Name()]; want != nil {
			Close(t, "gradient of "+p.At(i).Name(), p.At(i).Grad(), want, r.Tolerance)
		}
	}
}

// store makes a store of the case's weights and float inputs: as parameters, inputs get gradients, too. It returns the
// inputs' names, and the ids with theirs.
func (r Recorded) store(t testing.TB, dtype tensor.Dtype) (p *graph.Params, names []string, ids []*tensor.Dense, idNames []string) {
	t.Helper()
	p = graph.NewParams64(1)
	if dtype == tensor.Float32 {
		p = graph.NewParams(1)
	}
	for name, v := range r.Values {
		local, ok := strings.CutPrefix(name, r.Case+".")
		in, isInput := strings.CutPrefix(local, "in.")
		weight, isWeight := strings.CutPrefix(local, "param.")
		switch {
		case !ok || !isInput && !isWeight || in == "g":
			continue
		case isInput && v.Dtype() == tensor.Int:
			ids, idNames = append(ids, v), append(idNames, in)
			continue
		case isInput:
			names, weight = append(names, in), in
		}
		if _, err := p.Add(weight, v); err != nil {
			t.Fatal(err)
		}
	}
	return p, names, ids, idNames
}
