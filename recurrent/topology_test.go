package recurrent_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

const topoT, topoB, topoV = 5, 4, 6

var (
	topoLengths = []int{5, 2, 0, 3}
	topoTable   = nn.Embedding{Tokens: topoV, Size: 3}
	topoCells   = map[string]recurrent.Cell{
		"rnn":        recurrent.RNN{Hidden: 3},
		"projection": recurrent.LSTM{Hidden: 4, Projection: 3},
		"stack":      recurrent.Stack{Cells: []recurrent.Cell{recurrent.LSTM{Hidden: 4}, recurrent.GRU{Hidden: 3}}},
		"slstm":      recurrent.SLSTM{Hidden: 3},
	}
	topoLayers = map[string]recurrent.Layer{
		"one way":   recurrent.Unidirectional{Cell: topoCells["stack"]},
		"both ways": recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 3}},
		"summed":    recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 3}, Merge: recurrent.MergeSum},
		"deep": recurrent.Deep{Layers: []recurrent.Layer{recurrent.Bidirectional{Cell: recurrent.RNN{Hidden: 2}},
			recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 3}, Merge: recurrent.MergeAverage}}},
	}
)

// A model maps an input [T, B, ...], what it starts from [B, ...], and lengths to predictions.
type model func(g *graph.Graph, x, thing, lengths graph.Node) graph.Node

// topologies lists every topology, over every cell or layer, for ids and for features.
func topologies() map[string]model {
	all := map[string]model{}
	for _, ids := range []bool{true, false} {
		e, kind := topoTable, " of ids"
		if !ids {
			e, kind = nn.Embedding{}, " of features"
		}
		for name, cell := range topoCells {
			one := recurrent.OneToOne{Embedding: e, Cell: cell, Classes: topoV, Tied: ids}
			all["one to one, "+name+kind] = func(g *graph.Graph, x, _, lengths graph.Node) graph.Node {
				y, _ := one.Apply(g, x, recurrent.Options{Lengths: lengths})
				return y
			}
			for _, feed := range []recurrent.Conditioning{recurrent.ConditionState, recurrent.ConditionInput, recurrent.ConditionBoth} {
				m := recurrent.OneToMany{Conditioning: feed, Embedding: topoTable, Cell: cell}
				if ids {
					m.Condition = nn.Embedding{Tokens: topoV, Size: 2}
				}
				all[fmt.Sprintf("one%s to many, %s, condition %d", kind, name, feed)] = func(g *graph.Graph, x, thing, lengths graph.Node) graph.Node {
					if !ids {
						x = g.Const(graphtest.RandomIDs(9, topoV, x.Dim(0), x.Dim(1)))
					}
					y, _ := m.Apply(g, thing, x, recurrent.Options{Lengths: lengths})
					return y
				}
			}
		}
		for name, l := range topoLayers {
			for _, pool := range []recurrent.Pooling{recurrent.PoolLast, recurrent.PoolMax, recurrent.PoolMean, recurrent.PoolAttention} {
				m := recurrent.ManyToOne{Embedding: e, Layer: l, Pool: pool, Classes: 2}
				all[fmt.Sprintf("many to one, %s, pooling %d%s", name, pool, kind)] = func(g *graph.Graph, x, _, lengths graph.Node) graph.Node {
					y, _ := m.Apply(g, x, recurrent.Options{Lengths: lengths})
					return y
				}
			}
			m := recurrent.ManyToMany{Embedding: e, Layer: l, Classes: 2}
			all["many to many, "+name+kind] = func(g *graph.Graph, x, _, lengths graph.Node) graph.Node {
				y, _ := m.Apply(g, x, recurrent.Options{Lengths: lengths})
				return y
			}
		}
	}
	return all
}

// topoInputs are the inputs of a model of that name, without lengths.
func topoInputs(name string, seed uint64) []*tensor.Dense {
	if strings.Contains(name, "of ids") {
		return []*tensor.Dense{graphtest.RandomIDs(seed, topoV, topoT, topoB), graphtest.RandomIDs(seed+1, topoV, topoB)}
	}
	return []*tensor.Dense{graphtest.Random(seed, topoT, topoB, 3), graphtest.Random(seed+1, topoB, 3)}
}

func (m model) build(g *graph.Graph, in []graph.Node) []graph.Node {
	var lengths graph.Node
	if len(in) > 2 {
		lengths = in[2]
	}
	return []graph.Node{m(g.Scope("model"), in[0], in[1], lengths)}
}

func TestTopologyGradients(t *testing.T) {
	for name, m := range topologies() {
		t.Run(name, func(t *testing.T) {
			in := topoInputs(name, 1)
			for _, in := range [][]*tensor.Dense{in, append(slices.Clone(in), graph.Ints(topoLengths))} {
				graphtest.CheckGradient(t, graphtest.Gradient{Samples: 4, Inputs: in, Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
					y := m.build(g, in)[0]
					if !y.Valid() {
						return []graph.Node{y}
					}
					return []graph.Node{g.Sum(g.Mul(y, weighing(g, y)))}
				}})
			}
		})
	}
}

// What padding holds, and how much of it there is, changes no bit of a prediction that counts; nor do the other
// sequences of a batch.
func TestTopologiesTreatSequencesAlone(t *testing.T) {
	for name, m := range topologies() {
		if strings.HasPrefix(name, "one of features") {
			continue // its tokens are constants of the test, for a whole batch
		}
		t.Run(name, func(t *testing.T) {
			p := graph.NewParams64(3)
			run := func(in ...*tensor.Dense) *tensor.Dense {
				out, err := graph.NewFunc(p, m.build).Run(in...)
				if err != nil {
					t.Fatal(err)
				}
				return out[0].Clone().(*tensor.Dense)
			}
			in := append(topoInputs(name, 5), graph.Ints(topoLengths))
			want := run(in...)
			for b, n := range topoLengths {
				own := []*tensor.Dense{steps(in[0], max(n, 1), b), rows(in[1], b), graph.Ints([]int{n})}
				got := run(own...)
				if len(want.Shape()) == 2 { // one prediction a sequence
					same(t, fmt.Sprint("sequence ", b), got, rows(want, b))
					continue
				}
				if n > 0 {
					same(t, fmt.Sprint("sequence ", b), got, steps(want, n, b))
				}
			}
		})
	}
}

// steps cuts the first n steps of sequence b out of [T, B, ...].
func steps(v *tensor.Dense, n, b int) *tensor.Dense {
	return taken(v, func(at []int) bool { return at[0] < n && at[1] == b }, append([]int{n, 1}, v.Shape()[2:]...))
}

// rows cuts row b out of [B, ...].
func rows(v *tensor.Dense, b int) *tensor.Dense {
	return taken(v, func(at []int) bool { return at[0] == b }, append([]int{1}, v.Shape()[1:]...))
}

// taken keeps the elements at some places.
func taken(v *tensor.Dense, keep func(at []int) bool, shape []int) *tensor.Dense {
	var floats []float64
	var ids []int
	at := make([]int, len(v.Shape()))
	for i := range v.Shape().TotalSize() {
		for rest, k := i, len(at)-1; k >= 0; k-- {
			at[k], rest = rest%v.Shape()[k], rest/v.Shape()[k]
		}
		if !keep(at) {
			continue
		}
		if v.Dtype() == tensor.Int {
			ids = append(ids, v.Ints()[i])
		} else {
			floats = append(floats, v.Float64s()[i])
		}
	}
	if v.Dtype() == tensor.Int {
		return graph.Ints(ids, shape...)
	}
	return graph.Floats64(floats, shape...)
}

func same(t *testing.T, what string, got, want *tensor.Dense) {
	t.Helper()
	if !slices.Equal(got.Shape(), want.Shape()) || !slices.Equal(graphtest.Float64s(got), graphtest.Float64s(want)) {
		t.Errorf("%s: got %v %v\nwant %v %v", what, got.Shape(), got.Data(), want.Shape(), want.Data())
	}
}

// Token by token, a model that generates gives the bits of the training form.
func TestTopologySteps(t *testing.T) {
	for name, cell := range topoCells {
		one := recurrent.OneToOne{Embedding: topoTable, Cell: cell, Tied: true}
		compareSteps(t, "one to one, "+name, func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := one.Apply(g, in[0], recurrent.Options{})
			return []graph.Node{y}
		}, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return one.Begin(g, topoB)
		}, func(g *graph.Graph, token graph.Node, s recurrent.State) []graph.Node {
			y, next := one.Step(g, token, s)
			return append([]graph.Node{y}, next...)
		})
		for _, feed := range []recurrent.Conditioning{recurrent.ConditionState, recurrent.ConditionInput, recurrent.ConditionBoth} {
			many := recurrent.OneToMany{Conditioning: feed, Embedding: topoTable, Cell: cell}
			compareSteps(t, fmt.Sprintf("one to many, %s, condition %d", name, feed), func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, _ := many.Apply(g, in[1], in[0], recurrent.Options{})
				return []graph.Node{y}
			}, func(g *graph.Graph, in []graph.Node) []graph.Node {
				return many.Begin(g, in[1])
			}, func(g *graph.Graph, token graph.Node, s recurrent.State) []graph.Node {
				y, next := many.Step(g, token, s)
				return append([]graph.Node{y}, next...)
			})
		}
	}
}

// compareSteps runs a whole sequence, and the same one token by token.
func compareSteps(t *testing.T, name string, whole, begin graph.Build, step func(g *graph.Graph, token graph.Node, s recurrent.State) []graph.Node) {
	t.Run(name, func(t *testing.T) {
		p := graph.NewParams(2)
		tokens, thing := graphtest.RandomIDs(1, topoV, topoT, topoB), graphtest.Float32(graphtest.Random(2, topoB, 3))
		want, err := graph.NewFunc(p, whole).Run(tokens, thing)
		if strings.HasPrefix(name, "one to one") {
			want, err = graph.NewFunc(p, whole).Run(tokens)
		}
		if err != nil {
			t.Fatal(err)
		}
		n := p.Len()
		state, err := graph.NewFunc(p, begin).Run(tokens, thing)
		if err != nil {
			t.Fatal(err)
		}
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return step(g, in[0], in[1:]) })
		for k := range topoT {
			token := graph.Ints(tokens.Ints()[k*topoB:(k+1)*topoB], topoB)
			out, err := f.Run(append([]*tensor.Dense{token}, state...)...)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := out[0].Float32s(), want[0].Float32s()[k*topoB*topoV:(k+1)*topoB*topoV]; !slices.Equal(got, want) {
				t.Errorf("step %d: got %v, want %v", k, got, want)
			}
			next := make([]*tensor.Dense, len(state))
			for i := range next {
				next[i] = out[1+i].Clone().(*tensor.Dense)
			}
			state = next
		}
		if p.Len() != n {
			t.Errorf("stepping made %d parameters of its own", p.Len()-n)
		}
	})
}

func TestTopologiesRefuse(t *testing.T) {
	cell, layer := recurrent.GRU{Hidden: 3}, recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 3}}
	ids, features := graphtest.RandomIDs(1, topoV, topoT, topoB), graphtest.Random(1, topoT, topoB, 3)
	run := recurrent.Options{}
	for want, c := range map[string]struct {
		in    *tensor.Dense
		build func(g *graph.Graph, x graph.Node) graph.Node
	}{
		"OneToOne: it has no Cell": {ids, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.OneToOne{Embedding: topoTable}.Apply(g, x, run)
			return y
		}},
		"OneToOne: the input is ids; want an Embedding": {ids, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.OneToOne{Cell: cell, Classes: 2}.Apply(g, x, run)
			return y
		}},
		"OneToOne: Tied is set, but there is no embedding": {features, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.OneToOne{Cell: cell, Classes: 2, Tied: true}.Apply(g, x, run)
			return y
		}},
		"OneToOne: want ids [B], found [5 4]": {ids, func(g *graph.Graph, x graph.Node) graph.Node {
			m := recurrent.OneToOne{Embedding: topoTable, Cell: cell}
			y, _ := m.Step(g, x, m.Begin(g, topoB))
			return y
		}},
		"OneToMany: unknown conditioning 7": {ids, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.OneToMany{Embedding: topoTable, Cell: cell, Conditioning: 7}.Apply(g, x, x, run)
			return y
		}},
		"OneToMany: want class ids [B]": {ids, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.OneToMany{Condition: topoTable, Embedding: topoTable, Cell: cell}.Apply(g, x, x, run)
			return y
		}},
		"ManyToOne: it has no Layer": {ids, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.ManyToOne{Embedding: topoTable, Classes: 2}.Apply(g, x, run)
			return y
		}},
		"ManyToOne: 0 classes": {ids, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.ManyToOne{Embedding: topoTable, Layer: layer}.Apply(g, x, run)
			return y
		}},
		"Pooling in pool: unknown pooling 9": {ids, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.ManyToOne{Embedding: topoTable, Layer: layer, Classes: 2, Pool: 9}.Apply(g, x, run)
			return y
		}},
		"Pooling: want the last hidden state [4, H]": {features, func(g *graph.Graph, x graph.Node) graph.Node {
			return recurrent.PoolLast.Apply(g, x, graph.Node{}, graph.Node{})
		}},
		"LastHidden: the state has 1 entries; want 2": {features, func(g *graph.Graph, x graph.Node) graph.Node {
			return recurrent.LastHidden(g, recurrent.Bidirectional{Cell: cell}, recurrent.State{g.Full(0, 4, 3)})
		}},
		"LastHidden: the topmost layer of Deep has no state": {features, func(g *graph.Graph, x graph.Node) graph.Node {
			l := recurrent.Deep{Layers: []recurrent.Layer{recurrent.Unidirectional{Cell: cell}, recurrent.Deep{Layers: []recurrent.Layer{recurrent.Deep{}}}}}
			return recurrent.LastHidden(g, l, l.Begin(g, 4))
		}},
		"ManyToMany: the input [5 4 3] is features; want ids": {features, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := recurrent.ManyToMany{Embedding: topoTable, Layer: layer, Classes: 2}.Apply(g, x, run)
			return y
		}},
	} {
		_, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{c.build(g, in[0])}
		}).Run(c.in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %q in it", err, want)
		}
	}
}

// A Horizon only lays the predictions of a wider head out as [H, B, V].
func TestHorizon(t *testing.T) {
	const H, V, B = 3, 2, 4
	x := graphtest.Random(1, 5, B, 6)
	run := func(m recurrent.ManyToOne) ([]float64, []int, error) {
		m.Layer = recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 3}}
		out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			logits, _ := m.Apply(g, in[0], recurrent.Options{})
			return []graph.Node{logits}
		}).Run(x)
		if err != nil {
			return nil, nil, err
		}
		return out[0].Float64s(), out[0].Shape(), nil
	}
	flat, _, err := run(recurrent.ManyToOne{Classes: H * V})
	if err != nil {
		t.Fatal(err)
	}
	got, shape, err := run(recurrent.ManyToOne{Classes: V, Horizon: H})
	if err != nil || !slices.Equal(shape, []int{H, B, V}) {
		t.Fatalf("shape %v, error %v", shape, err)
	}
	for i, v := range got {
		if h, b, c := i/V/B, i/V%B, i%V; v != flat[b*H*V+h*V+c] {
			t.Errorf("prediction %d of value %d of sequence %d is %v; want %v", h, c, b, v, flat[b*H*V+h*V+c])
		}
	}
	for _, bad := range []recurrent.ManyToOne{{Classes: V, Horizon: -1}, {Classes: V, Horizon: math.MaxInt}, {Classes: math.MaxInt, Horizon: 2}} {
		if _, _, err := run(bad); err == nil || !strings.Contains(err.Error(), "and a horizon of") {
			t.Errorf("%+v: error %v", bad, err)
		}
	}
}
