package linear_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/linear"
	"gorgonia.org/tensor"
)

const matrixValues = "testdata/matrix_f64.safetensors" // see record_matrix.py

// recordedMemory is a Scanner of a Memory whose parts were recorded, which it is given as its input, one after the other.
type recordedMemory struct {
	names []string
	parts []int // of the input, [N, width] each
	heads int
	value int
	make  func(g *graph.Graph, part map[string]graph.Node) recurrent.Memory
}

func (c recordedMemory) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.heads*c.value), g.Full(0, batch, c.heads*c.parts[0]/c.heads*c.value)}
}

func (c recordedMemory) memory(g *graph.Graph, x graph.Node) recurrent.Memory {
	part, at := map[string]graph.Node{}, 0
	for i, name := range c.names {
		n := g.Slice(x, -1, at, at+c.parts[i])
		part[name] = g.Reshape(n, append(x.Shape()[:x.Rank()-1], c.heads, -1)...)
		at += c.parts[i]
	}
	return c.make(g, part)
}

func (c recordedMemory) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	y, next := c.memory(g, x).Step(g, s[1])
	h := g.Reshape(y, x.Dim(0), -1)
	return h, recurrent.State{h, next}
}

func (c recordedMemory) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	y, last := o.Chunks(g, c.memory(g, x), s[1])
	h := g.Reshape(y, x.Dim(0), x.Dim(1), -1)
	return h, recurrent.State{o.Last(g, h, s[0]), last}
}

// The naive loops of fla-core, the authors' own for most of these, agree with steps and with chunks of every length.
func TestMemoriesAgreeWithTheirPapers(t *testing.T) {
	golden, _ := graphtest.Golden(t, matrixValues)
	query := func(g *graph.Graph, p map[string]graph.Node) recurrent.Memory {
		return recurrent.Memory{Query: g.MulScalar(p["q"], 1/2.23606797749979), Key: p["k"], Value: p["v"], LogDecay: p["g"]}
	}
	delta := func(g *graph.Graph, p map[string]graph.Node) recurrent.Memory {
		m := query(g, p)
		m.Key, m.Recall = g.Mul(p["beta"], p["k"]), g.Neg(p["k"])
		return m
	}
	for name, build := range map[string]func(g *graph.Graph, p map[string]graph.Node) recurrent.Memory{
		"simple_gla": query, "gla": query, "delta": delta, "gated_delta": delta, "kda": delta,
		"retention": func(g *graph.Graph, p map[string]graph.Node) recurrent.Memory {
			m := query(g, p)
			w := g.Log(g.Const(graph.Floats64([]float64{1 - 1./32, 1 - 1./64, 1 - 1./128}, 3, 1)))
			m.LogDecay = g.BroadcastTo(w, append(p["q"].Shape()[:p["q"].Rank()-1], 1)...)
			return m
		},
		"dplr": func(g *graph.Graph, p map[string]graph.Node) recurrent.Memory { // recalls before it decays
			m := query(g, p)
			m.Recall, m.Revise = g.Mul(p["alpha"], g.Exp(g.Neg(p["g"]))), p["beta"]
			return m
		},
	} {
		x, cell := recordedInput(golden, name)
		cell.make = build
		T, B := x.Shape()[0], x.Shape()[1]
		want, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Reshape(g.Transpose(in[0], 1, 0, 2, 3), T, B, -1)}
		}).Run(golden[name+"/o"])
		if err != nil {
			t.Fatal(err)
		}
		for chunk := range T + 1 {
			out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
				var y graph.Node
				if chunk == 0 {
					y, _ = recurrent.Unroll(g, cell, in[0], recurrent.Options{})
				} else {
					y, _ = recurrent.Scan(g, cell, in[0], recurrent.Options{Chunk: chunk})
				}
				return []graph.Node{y}
			}).Run(x)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			graphtest.Close(t, name, out[0], want[0], 1e-10)
		}
	}
}

// recordedInput puts the recorded parts of a memory next to each other: [T, B, ...].
func recordedInput(golden map[string]*tensor.Dense, name string) (*tensor.Dense, recordedMemory) {
	q := golden[name+"/q"].Shape() // [B, T, N, K]
	B, T, N := q[0], q[1], q[2]
	cell := recordedMemory{heads: N, value: golden[name+"/v"].Shape()[3]}
	for _, part := range []string{"q", "k", "v", "g", "beta", "alpha"} {
		if x := golden[name+"/"+part]; x != nil {
			cell.names, cell.parts = append(cell.names, part), append(cell.parts, x.DataSize()/(B*T))
		}
	}
	var rows []float64
	for t := range T {
		for b := range B {
			for i, part := range cell.names {
				w := cell.parts[i]
				rows = append(rows, golden[name+"/"+part].Float64s()[(b*T+t)*w:(b*T+t+1)*w]...)
			}
		}
	}
	return graph.Floats64(rows, T, B, len(rows)/(T*B)), cell
}

// The layers of transformers, and the blocks of RWKV-7's author, agree with the cells under the same weights: at once, in chunks
// of a few steps, and step by step.
func TestCellsAgreeWithPublishedLayers(t *testing.T) {
	golden, _ := graphtest.Golden(t, matrixValues)
	for name, c := range map[string]struct {
		cell  recurrent.Scanner
		names func(string) string
		least int
	}{
		"mamba2": {linear.Mamba2{Hidden: 6, Inner: 12, Heads: 4, State: 5, Groups: 2, Epsilon: 1e-5}, nil, 8},
		"qwen": {linear.GatedDeltaNet{Hidden: 6, Heads: 4, KeyHeads: 2, Key: 3, Value: 5}, func(s string) string {
			return strings.NewReplacer("in_proj_qkvz", "", "in_proj_ba", "").Replace(s)
		}, 5},
		"kimi":    {linear.KDA{Hidden: 6, Heads: 2, Head: 4, Epsilon: 1e-5}, nil, 13},
		"minimax": {linear.LightningAttention{Hidden: 6, Heads: 4, Head: 3, Layer: 1, Layers: 3}, nil, 4},
		"rwkv7":   {linear.RWKV7{Hidden: 8, Layers: 2, Head: 4, Forward: 24, DecayRank: 3, RateRank: 2, ValueRank: 2, GateRank: 5}, nil, 60},
	} {
		p := graph.NewParams64(1)
		build := func(chunk int) graph.Build {
			return func(g *graph.Graph, in []graph.Node) []graph.Node {
				var y graph.Node
				if chunk == 0 {
					y, _ = recurrent.Unroll(g, c.cell, in[0], recurrent.Options{})
				} else {
					y, _ = recurrent.Scan(g, c.cell, in[0], recurrent.Options{Chunk: chunk})
				}
				return []graph.Node{y}
			}
		}
		x := golden[name+"/x"]
		if _, err := graph.NewFunc(p, build(64)).Run(x); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		set := 0
		for key, v := range published(golden, name) {
			q := p.Get(key + "_l0")
			if q == nil {
				t.Errorf("%s: the cell has no parameter %s", name, key)
				continue
			}
			if q.Len() != v.DataSize() {
				t.Errorf("%s: %s has shape %v; want %v", name, key, q.Shape(), v.Shape())
				continue
			}
			copy(q.Value().Float64s(), v.Float64s())
			set++
		}
		if set < c.least || set != p.Len() {
			t.Errorf("%s: %d of %d parameters were recorded", name, set, p.Len())
		}
		for _, chunk := range []int{0, 4, 64} {
			out, err := graph.NewFunc(p, build(chunk)).Run(x)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			graphtest.Close(t, name, out[0], golden[name+"/y"], 1e-10)
		}
	}
}

// published are the recorded weights of a layer by the cell's names. The first block of RWKV-7 has v0, v1 and v2 in files, and no
// use for them.
func published(golden map[string]*tensor.Dense, name string) map[string]*tensor.Dense {
	out := map[string]*tensor.Dense{}
	for key, v := range golden {
		own, ok := strings.CutPrefix(key, name+"/")
		if !ok || own == "x" || own == "y" || strings.HasPrefix(own, "state") || strings.HasPrefix(own, "blocks.0.att.v") && len(own) == len("blocks.0.att.v0") {
			continue
		}
		out[own] = v
	}
	if name == "qwen" { // fused by heads of keys: q, k, v, z in one weight, b and a in another
		fused, gates := out["in_proj_qkvz.weight"], out["in_proj_ba.weight"]
		delete(out, "in_proj_qkvz.weight")
		delete(out, "in_proj_ba.weight")
		const groups, K, V, each, I = 2, 3, 5, 2, 6
		rows := func(x *tensor.Dense, per, from, to int) (v []float64) {
			for h := range groups {
				v = append(v, x.Float64s()[(h*per+from)*I:(h*per+to)*I]...)
			}
			return v
		}
		per := 2*K + 2*each*V
		qkv := append(append(rows(fused, per, 0, K), rows(fused, per, K, 2*K)...), rows(fused, per, 2*K, 2*K+each*V)...)
		out["in_proj_qkv.weight"] = graph.Floats64(qkv, len(qkv)/I, I)
		out["in_proj_z.weight"] = graph.Floats64(rows(fused, per, 2*K+each*V, per), groups*each*V, I)
		out["in_proj_b.weight"] = graph.Floats64(rows(gates, 2*each, 0, each), groups*each, I)
		out["in_proj_a.weight"] = graph.Floats64(rows(gates, 2*each, each, 2*each), groups*each, I)
	}
	return out
}
