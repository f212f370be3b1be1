package graph_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// contents writes down all that a store holds.
func contents(p *graph.Params) string {
	s := ""
	for i := range p.Len() {
		s += fmt.Sprintln(p.At(i).Name(), p.At(i).Shape(), p.At(i).Value().Data())
	}
	return s
}

// Whatever is wrong with one tensor of a set, the store is as it was; the bad one comes first, in between, and last.
func TestSetAllIsAllOrNothing(t *testing.T) {
	one := func(v float32) *tensor.Dense { return graph.Floats([]float32{v}) }
	for want, bad := range map[string]graph.Named{
		"parameter new is not in the store, which is sealed":  {Name: "new", Value: one(1)},
		"a parameter needs a name":                            {Name: "", Value: one(1)},
		"no parameter can be called __metadata__":             {Name: "__metadata__", Value: one(1)},
		"parameter a comes twice":                             {Name: "a", Value: one(1)},
		"parameter c: the tensor is nil":                      {Name: "c"},
		"parameter c: the store holds float32, found float64": {Name: "c", Value: graph.Floats64([]float64{1})},
		"parameter c: want shape [1], found [2]":              {Name: "c", Value: graph.Floats([]float32{1, 2})},
		"parameter c: shape [2] needs 2 numbers, found 1":     {Name: "c", Value: graph.Floats([]float32{1}, 2)},
	} {
		for at := range 3 {
			p := graph.NewParams(1)
			for _, name := range []string{"a", "b", "c"} {
				if _, err := p.Add(name, one(7)); err != nil {
					t.Fatal(err)
				}
			}
			p.Seal()
			before := contents(p)
			all := []graph.Named{{Name: "a", Value: one(8)}, {Name: "b", Value: one(9)}}
			all = append(all[:at:at], append([]graph.Named{bad}, all[at:]...)...)
			if err := p.SetAll(all); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("want an error with %q, got %v", want, err)
			}
			if after := contents(p); after != before {
				t.Errorf("%s: the store was\n%sand is\n%s", want, before, after)
			}
		}
	}
}

// Weights are exchanged while functions and streams run: every result is that of the old ones or of the new ones, and
// a stream needs no Refresh. Run with -race.
func TestReloadWhileRunning(t *testing.T) {
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		h, next := recurrent.RNN{Hidden: 5}.Step(g.Scope("rnn"), in[0], recurrent.State{in[1]})
		return append([]graph.Node{g.Sum(h)}, next...)
	}
	x, zero := graphtest.Float32(graphtest.Random(1, 2, 3)), graph.Floats(make([]float32, 10), 2, 5)
	dir := t.TempDir()
	var files [2]string
	var sums [2]float64
	for i := range files {
		p := graph.NewParams(uint64(i))
		out, err := graph.NewFunc(p, build).Run(x, zero)
		if err != nil {
			t.Fatal(err)
		}
		files[i], sums[i] = filepath.Join(dir, fmt.Sprint(i)), graph.Scalar(out[0])
		if err := p.Save(files[i], nil); err != nil {
			t.Fatal(err)
		}
	}
	p := graph.NewParams(0)
	serve := func(step func() ([]*tensor.Dense, error)) func() {
		return func() {
			for range 300 {
				out, err := step()
				if err != nil {
					t.Error(err)
					return
				}
				if got := graph.Scalar(out[0]); got != sums[0] && got != sums[1] {
					t.Errorf("%v is neither %v nor %v: weights were mixed", got, sums[0], sums[1])
					return
				}
			}
		}
	}
	var work []func()
	for range 2 {
		f := graph.NewFunc(p, build)
		stream, err := f.Stream([]*tensor.Dense{zero}, x)
		if err != nil {
			t.Fatal(err)
		}
		work = append(work, serve(func() ([]*tensor.Dense, error) { return f.Run(x, zero) }), serve(func() ([]*tensor.Dense, error) {
			if err := stream.Reset(zero); err != nil {
				return nil, err
			}
			return stream.Step(x)
		}))
	}
	work = append(work, func() { // looking for the cause of an infinity builds the graph again, in the midst of it all
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return append(build(g, in), g.Log(in[1]))
		})
		for range 50 {
			if _, err := f.Run(x, zero); err == nil || !strings.Contains(err.Error(), "-Inf") {
				t.Error(err)
			}
		}
	})
	var wg sync.WaitGroup
	for _, w := range work {
		wg.Go(func() { ; w() })
	}
	for i := range 20 {
		if _, err := p.Load(files[(i+1)%2]); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

// A step after a change has the new weights in all its parts, those that were packed in advance and those that were not.
func TestStreamAfterSet(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w, b := g.Param("w", graph.Constant(1), 3, 2), g.Param("b", graph.Constant(1), 3)
		return []graph.Node{g.Add(g.MatMulT(in[0], w), b)}
	})
	x := graph.Floats([]float32{1, 1}, 1, 2)
	s, err := f.Stream(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []float32{1, 2, 5} {
		if err := p.SetAll([]graph.Named{{Name: "w", Value: graph.Floats([]float32{v, v, v, v, v, v}, 3, 2)}, {Name: "b", Value: graph.Floats([]float32{v, v, v})}}); err != nil {
			t.Fatal(err)
		}
		out, err := s.Step(x)
		if err != nil {
			t.Fatal(err)
		}
		graphtest.Close(t, "step", out[0], graph.Floats([]float32{3 * v, 3 * v, 3 * v}, 1, 3), 0)
	}
}

// Several goroutines may be the first to ask for one parameter.
func TestConcurrentCreation(t *testing.T) {
	p := graph.NewParams(1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := graph.NewFunc(p, mlp).Run(graphtest.Float32(graphtest.Random(1, 5, 6))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if p.Len() != 5 {
		t.Error(p)
	}
}
