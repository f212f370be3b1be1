package graph_test

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// twoLayers uses a weight by its rows and by its columns, a piece of it, and one that is as large as to run in tiles.
func twoLayers(g *graph.Graph, in []graph.Node) []graph.Node {
	w := g.Param("w", graph.Orthogonal(1), 70, 70)
	h := g.Tanh(g.MatMulT(in[0], w))
	h = g.Tanh(g.MatMul(h, w))
	h = g.MatMul(h, g.Slice(w, 1, 3, 20))
	return []graph.Node{g.Mean(g.Square(h)), h}
}

// foreign is an optimiser that package optim knows nothing of.
type foreign struct{}

func (foreign) State() []graph.Named                       { return nil }
func (foreign) Restore(*graph.Params, []graph.Named) error { return nil }
func (foreign) Step(p *graph.Params, rate float64) error {
	for i, g := range p.Get("w").Grad().Float32s() {
		p.Get("w").Value().Float32s()[i] -= float32(rate) * g
	}
	return nil
}

// afresh is what a function that has never run gives with the numbers of a store. They go through a file: to look at them
// with Param.Value would have them packed in every run from then on.
func afresh(t *testing.T, p *graph.Params, x *tensor.Dense) *tensor.Dense {
	t.Helper()
	path, like := filepath.Join(t.TempDir(), "w"), graph.NewParams(9)
	if err := p.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := like.Load(path); err != nil {
		t.Fatal(err)
	}
	out, err := graph.NewFunc(like, twoLayers).Run(x)
	if err != nil {
		t.Fatal(err)
	}
	return out[1]
}

// However a weight is changed, and whoever has run before, the next run computes with the new one.
func TestPackedWeightsFollowChanges(t *testing.T) {
	x := graphtest.Float32(graphtest.Random(1, 20, 70))
	few := graphtest.Float32(graphtest.Random(2, 2, 70))
	path := filepath.Join(t.TempDir(), "w")
	other := graph.NewParams(7)
	if _, err := graph.NewFunc(other, twoLayers).Run(x); err != nil {
		t.Fatal(err)
	}
	if err := other.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	seen := []string{"Set", "SetAll", "Load", "a training step", "a foreign optimiser"} // by streams without Refresh
	var early []float32                                                                 // a slice of the weight from before any run
	scale := func(v []float32) error {
		v[len(v)/2]++
		return nil
	}
	for name, change := range map[string]func(p *graph.Params, f *graph.Func) error{
		"Set":    func(p *graph.Params, _ *graph.Func) error { return p.Set("w", other.Get("w").Value()) },
		"SetAll": func(p *graph.Params, _ *graph.Func) error { return p.SetAll(other.Tensors("")) },
		"Load":   func(p *graph.Params, _ *graph.Func) error { _, err := p.Load(path); return err },
		"early":  func(*graph.Params, *graph.Func) error { return scale(early) },
		"Value":  func(p *graph.Params, _ *graph.Func) error { return scale(p.Get("w").Value().Float32s()) },
		"Tensors": func(p *graph.Params, _ *graph.Func) error {
			return scale(p.Tensors("")[0].Value.Float32s())
		},
		"of a replica": func(p *graph.Params, _ *graph.Func) error { return scale(p.Replica().Get("w").Value().Float32s()) },
		"a training step": func(p *graph.Params, f *graph.Func) error {
			if _, err := f.Grad(x); err != nil {
				return err
			}
			_, err := optim.Update(&optim.SGD{}, p, 3, 0)
			return err
		},
		"a foreign optimiser": func(p *graph.Params, f *graph.Func) error {
			if _, err := f.Grad(x); err != nil {
				return err
			}
			_, err := optim.Update(foreign{}, p, 3, 0)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := graph.NewParams(1)
			f := graph.NewFunc(p, twoLayers)
			functions := []*graph.Func{f, graph.NewFunc(p, twoLayers)}
			if _, err := f.Program(x); err != nil { // which makes the weight
				t.Fatal(err)
			}
			early = nil
			if name == "early" {
				early = p.Get("w").Value().Float32s()
			}
			stream, err := functions[1].Stream(nil, few)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				for _, in := range []*tensor.Dense{x, few} {
					want := afresh(t, p, in)
					for _, f := range functions {
						for range 2 {
							out, err := f.Run(in)
							if err != nil {
								t.Fatal(err)
							}
							graphtest.Close(t, "output", out[1], want, 0)
						}
					}
				}
				if !slices.Contains(seen, name) {
					stream.Refresh()
				}
				out, err := stream.Step(few)
				if err != nil {
					t.Fatal(err)
				}
				graphtest.Close(t, "step", out[1], afresh(t, p, few), 0)
				if err := change(p, f); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// All functions and streams over a store, and its replicas, have one copy of a weight for each way to read it.
func TestPackedWeightsAreShared(t *testing.T) {
	t.Setenv("UNROLL_PASSES", "")
	p := graph.NewParams(1)
	if n := p.PackedBytes(); n != 0 {
		t.Errorf("%d bytes are packed before the first run", n)
	}
	run := func(p *graph.Params, rows int) {
		t.Helper()
		f, x := graph.NewFunc(p, twoLayers), graphtest.Float32(graphtest.Random(1, rows, 70))
		if _, err := f.Grad(x); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Run(x); err != nil {
			t.Fatal(err)
		}
		s, err := f.Stream(nil, x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Step(x); err != nil {
			t.Fatal(err)
		}
	}
	run(p, 3)
	want, weights := p.PackedBytes(), 4*p.Elements()
	if want < weights {
		t.Errorf("%d bytes are packed of %d", want, weights)
	}
	for rows := 1; rows < 5; rows++ {
		run(p, rows)
		run(p.Replica(), rows)
	}
	if got := p.PackedBytes(); got != want {
		t.Errorf("%d bytes are packed, %d after more functions", want, got)
	}
	if n := new(graph.Params).PackedBytes(); n != 0 {
		t.Error(n)
	}
}

// Functions, streams and the gradients of replicas run side by side over weights that are packed once, while the store
// changes between their runs. Run with -race.
func TestPackedWeightsAmongGoroutines(t *testing.T) {
	x := graphtest.Float32(graphtest.Random(1, 2, 70))
	p := graph.NewParams(1)
	if _, err := graph.NewFunc(p, twoLayers).Program(x); err != nil { // which makes the weight
		t.Fatal(err)
	}
	for round := range 8 {
		if round%2 == 1 {
			p.Get("w").Value().Float32s()[round]++ // from now on it is packed in every run
		}
		expected := afresh(t, p, x)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				f := graph.NewFunc(p.Replica(), twoLayers)
				run := f.Run
				switch i % 3 {
				case 1:
					run = f.Grad
				case 2:
					s, err := f.Stream(nil, x)
					if err != nil {
						t.Error(err)
						return
					}
					run = s.Step
				}
				for range 5 {
					out, err := run(x)
					if err != nil {
						t.Error(err)
						return
					}
					graphtest.Close(t, "output", out[1], expected, 0)
				}
			})
		}
		wg.Wait()
		if err := p.SetAll(nil); err != nil {
			t.Fatal(err)
		}
	}
}
