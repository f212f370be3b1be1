package recurrent_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// wrapped is a cell around a cell, as a program might write one: to count steps, to record something.
type wrapped struct{ recurrent.Cell }

func (w wrapped) Parts() []recurrent.Cell { return []recurrent.Cell{w.Cell} }

// wrappedLayer is the same for a layer.
type wrappedLayer struct{ recurrent.Layer }

func (w wrappedLayer) Parts() []recurrent.Layer { return []recurrent.Layer{w.Layer} }

// secretive takes as many layers as its cell, but does not say what is inside.
type secretive struct{ recurrent.Cell }

func (s secretive) Depth() int { return s.Cell.(interface{ Depth() int }).Depth() }

// wrapping wraps parts of a description, or leaves them as they are.
type wrapping struct {
	cell  func(recurrent.Cell) recurrent.Cell
	layer func(recurrent.Layer) recurrent.Layer
}

// A wrapper that changes nothing changes no bit of whatever looks into a state.
func TestWrappersAreTransparent(t *testing.T) {
	lstm := recurrent.LSTM{Hidden: 4}
	attentive := recurrent.Attentive{Cell: recurrent.GRU{Hidden: 4}, Attention: recurrent.LuongDot}
	one := func(c recurrent.Cell) recurrent.Layer { return recurrent.Unidirectional{Cell: c} }
	layer := func(l recurrent.Layer, o recurrent.Options) graph.Build {
		return func(g *graph.Graph, in []graph.Node) []graph.Node {
			o.Lengths = in[1]
			y, final := l.Apply(g, in[0], o)
			return append([]graph.Node{y, recurrent.LastHidden(g, l, final)}, final...)
		}
	}
	bridge := func(l recurrent.Layer, c recurrent.Cell) graph.Build {
		return func(g *graph.Graph, in []graph.Node) []graph.Node {
			_, final := l.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
			return recurrent.Bridge{}.Apply(g.Scope("bridge"), l, final, c)
		}
	}
	drop := recurrent.Options{Dropout: recurrent.SequenceDropout{Recurrent: 0.5}}
	for name, build := range map[string]func(w wrapping) graph.Build{
		"last hidden": func(w wrapping) graph.Build {
			return layer(w.layer(one(w.cell(recurrent.StackOf(2, w.cell(lstm))))), recurrent.Options{})
		},
		"last hidden of both directions": func(w wrapping) graph.Build {
			return layer(w.layer(recurrent.Deep{Layers: []recurrent.Layer{w.layer(one(w.cell(lstm))), w.layer(recurrent.Bidirectional{Cell: w.cell(lstm)})}}), recurrent.Options{})
		},
		"recurrent dropout": func(w wrapping) graph.Build {
			return layer(w.layer(one(w.cell(recurrent.StackOf(2, w.cell(lstm))))), drop)
		},
		"recurrent dropout of a decoder": func(w wrapping) graph.Build {
			return func(g *graph.Graph, in []graph.Node) []graph.Node {
				memory := g.Slice(in[0], 2, 0, 4)
				y, final := recurrent.Unroll(g, w.cell(recurrent.Zoneout{Cell: w.cell(attentive.Remember(g, memory, in[1]))}), in[0], drop)
				return append([]graph.Node{y}, final...)
			}
		},
		"zoneout": func(w wrapping) graph.Build {
			return layer(one(recurrent.Zoneout{Cell: w.cell(lstm), HiddenRate: 0.3, MemoryRate: 0.6}), recurrent.Options{})
		},
		"bridge": func(w wrapping) graph.Build {
			return bridge(w.layer(recurrent.DeepOf(2, w.layer(one(w.cell(lstm))))), w.cell(recurrent.StackOf(2, w.cell(lstm))))
		},
		"bridge of directions": func(w wrapping) graph.Build {
			return bridge(w.layer(recurrent.Bidirectional{Cell: w.cell(lstm)}), w.cell(recurrent.SLSTM{Hidden: 8}))
		},
		"bridge to a normaliser": func(w wrapping) graph.Build {
			return bridge(w.layer(one(w.cell(lstm))), w.cell(recurrent.StackOf(2, w.cell(recurrent.SLSTM{Hidden: 4}))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(build graph.Build) (string, [][]float64) {
				p := graph.NewParams64(3)
				out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
					out := build(g, in)
					loss := g.Full(0)
					for _, n := range out {
						loss = g.Add(loss, g.Sum(g.Mul(n, weighing(g, n))))
					}
					return append([]graph.Node{loss}, out...)
				}).Grad(graphtest.Random(1, 5, 3, 6), graph.Ints([]int{5, 2, 4})) // training: masks are drawn
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for i := range p.Len() {
					names = append(names, p.At(i).Name())
				}
				var values [][]float64
				for _, v := range out[1:] {
					values = append(values, slices.Clone(v.Float64s()))
				}
				return strings.Join(names, " "), values
			}
			names, want := run(build(wrapping{func(c recurrent.Cell) recurrent.Cell { return c }, func(l recurrent.Layer) recurrent.Layer { return l }}))
			gotNames, got := run(build(wrapping{func(c recurrent.Cell) recurrent.Cell { return wrapped{c} }, func(l recurrent.Layer) recurrent.Layer { return wrappedLayer{l} }}))
			if names != gotNames {
				t.Errorf("parameters %s; want %s", gotNames, names)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
}

// The last hidden state of a wrapped stack is its top layer's; a wrapper that hides its layers is refused.
func TestLastHiddenOfWrappers(t *testing.T) {
	x := graphtest.Random(1, 4, 2, 3)
	run := func(c recurrent.Cell) (last, y []float64, err error) {
		out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			l := recurrent.Unidirectional{Cell: c}
			y, final := l.Apply(g, in[0], recurrent.Options{})
			return []graph.Node{recurrent.LastHidden(g, l, final), g.Reshape(g.Slice(y, 0, 3, 4), 2, 5)}
		}).Run(x)
		if err != nil {
			return nil, nil, err
		}
		return out[0].Float64s(), out[1].Float64s(), nil
	}
	stack := recurrent.StackOf(2, recurrent.GRU{Hidden: 5})
	if last, y, err := run(wrapped{stack}); err != nil || !slices.Equal(last, y) {
		t.Errorf("the last hidden state is %v, the last output %v, error %v", last, y, err)
	}
	if _, _, err := run(secretive{stack}); err == nil || !strings.Contains(err.Error(), "secretive: it takes 2 layers, but does not say") {
		t.Errorf("a wrapper that does not tell its parts: error %v", err)
	}
}

// An initial state that is learnt and one that is given contradict each other, unless Continue chooses between them.
func TestLearnInitialAndInitial(t *testing.T) {
	x := graphtest.Random(1, 4, 2, 3)
	run := func(keep, learned bool, cell recurrent.Cell, run func(*graph.Graph, graph.Node, recurrent.Options) graph.Node) (int, error) {
		p := graph.NewParams64(1)
		_, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			o := recurrent.Options{LearnInitial: learned, Initial: cell.Begin(g, 2)}
			if keep {
				o.Continue = g.Const(graph.Floats64([]float64{1, 0}, 2))
			}
			return []graph.Node{run(g, in[0], o)}
		}).Run(x)
		return p.Len(), err
	}
	gru := recurrent.MinGRU{Hidden: 5}
	for name, how := range map[string]func(*graph.Graph, graph.Node, recurrent.Options) graph.Node{
		"Unroll": func(g *graph.Graph, x graph.Node, o recurrent.Options) graph.Node {
			y, _ := recurrent.Unroll(g, gru, x, o)
			return y
		},
		"Scan": func(g *graph.Graph, x graph.Node, o recurrent.Options) graph.Node {
			y, _ := recurrent.Scan(g, gru, x, o)
			return y
		},
	} {
		if n, err := run(false, true, gru, how); err == nil || !strings.Contains(err.Error(), name+" in layer 0: both LearnInitial and Initial") || n != 0 {
			t.Errorf("%s: error %v and %d parameters", name, err, n)
		}
		if n, err := run(true, true, gru, how); err != nil || n != 3 {
			t.Errorf("%s with Keep: error %v and %d parameters", name, err, n)
		}
		if n, err := run(false, false, gru, how); err != nil || n != 2 {
			t.Errorf("%s with Init alone: error %v and %d parameters", name, err, n)
		}
	}
	m := recurrent.OneToMany{Embedding: nn.Embedding{Tokens: topoV, Size: 3}, Cell: recurrent.GRU{Hidden: 3}}
	_, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := m.Apply(g, in[0], in[1], recurrent.Options{LearnInitial: true})
		return []graph.Node{y}
	}).Run(graphtest.Random(1, 2, 3), graphtest.RandomIDs(1, topoV, 4, 2))
	if err == nil || !strings.Contains(err.Error(), "OneToMany: Options.LearnInitial is set") {
		t.Errorf("a thing that starts the state, and a learnt one: error %v", err)
	}
}
