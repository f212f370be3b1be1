package recurrent_test

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/celltest"
	"gorgonia.org/tensor"
)

// Every attention against plain loops over numbers: an Elman network that looks at a memory of uneven lengths, one of
// which is 0.
func TestAttentionAgreesWithLoops(t *testing.T) {
	const S, B, T, I, H, M, U, A = 4, 3, 3, 2, 3, 3, 2, 5
	x, values, lengths := graphtest.Random(1, T, B, I), graphtest.Random(2, S, B, M), []int{4, 0, 2}
	for name, attention := range attentions {
		for _, feeding := range []bool{false, true} {
			if attention == recurrent.NoAttention || feeding && attention == recurrent.Bahdanau {
				continue
			}
			c := recurrent.Attentive{Cell: recurrent.RNN{Hidden: H}, Attention: attention, Units: U, InputFeeding: feeding}
			if attention == recurrent.Bahdanau || attention == recurrent.LuongConcat {
				c.ScoreUnits = A
			}
			p := graph.NewParams64(3)
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				trace := &recurrent.Trace{}
				y, _ := recurrent.Unroll(g, c.Remember(g, in[1], in[2]), in[0], recurrent.Options{Trace: trace})
				return []graph.Node{y, trace.Gates["attention_l0"]}
			})
			in := []*tensor.Dense{x, values, graph.Ints(lengths)}
			if _, err := f.Run(in...); err != nil { // makes the weights
				t.Fatal(name, err)
			}
			w := map[string][]float64{}
			for i := range p.Len() {
				v := p.At(i).Value().Float64s()
				copy(v, graphtest.Random(uint64(50+i), len(v)).Float64s())
				w[p.At(i).Name()] = v
			}
			out, err := f.Run(in...)
			if err != nil {
				t.Fatal(name, err)
			}
			outputs, looked := make([]float64, T*B*U), make([]float64, T*B*S)
			for b, n := range lengths {
				memory := make([][]float64, n)
				for s := range memory {
					memory[s] = values.Float64s()[(s*B+b)*M:][:M]
				}
				h, y := make([]float64, H), make([]float64, U)
				for k := range T {
					input := append([]float64{}, x.Float64s()[(k*B+b)*I:][:I]...)
					var context, weights []float64
					if attention == recurrent.Bahdanau {
						context, weights = attended(attention, w, h, memory)
						input = append(input, context...)
					} else if feeding {
						input = append(input, y...)
					}
					h = elman(w, input, h)
					if attention != recurrent.Bahdanau {
						context, weights = attended(attention, w, h, memory)
					}
					y = times(w["weight_combine_l0"], append(append([]float64{}, context...), h...))
					for i := range y {
						y[i] = math.Tanh(y[i])
					}
					copy(outputs[(k*B+b)*U:], y)
					copy(looked[(k*B+b)*S:], weights)
				}
			}
			agree(t, name+" outputs", out[0].Float64s(), outputs)
			agree(t, name+" attention", out[1].Float64s(), looked)
		}
	}
}

func elman(w map[string][]float64, x, h []float64) []float64 {
	next := make([]float64, len(h))
	for i := range next {
		next[i] = math.Tanh(dot(w["weight_ih_l0"], i, x) + w["bias_ih_l0"][i] + dot(w["weight_hh_l0"], i, h) + w["bias_hh_l0"][i])
	}
	return next
}

// attended is the context that a query finds in a memory of three numbers a place, and the weights of the places.
func attended(attention recurrent.Attention, w map[string][]float64, q []float64, memory [][]float64) (context, weights []float64) {
	context, weights = make([]float64, 3), make([]float64, len(memory))
	total := 0.0
	for s, m := range memory {
		score := 0.0
		switch attention {
		case recurrent.LuongDot:
			score = dot(q, 0, m)
		case recurrent.LuongGeneral:
			score = dot(q, 0, times(w["weight_key_l0"], m))
		default:
			query, key := times(w["weight_query_l0"], q), times(w["weight_key_l0"], m)
			for i := range query {
				score += w["weight_score_l0"][i] * math.Tanh(query[i]+key[i])
			}
		}
		weights[s] = math.Exp(score)
		total += weights[s]
	}
	for s, m := range memory {
		weights[s] /= total
		for i := range context {
			context[i] += weights[s] * m[i]
		}
	}
	return context, weights
}

// looking is an attentive cell over a fixed memory, the same for every sequence.
type looking struct{ recurrent.Attentive }

func (c looking) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	const places, width = 4, 6
	memory := g.Const(graphtest.Random(9, places, 1, width))
	return c.Remember(g, g.BroadcastTo(memory, places, x.Dim(0), width), graph.Node{}).Step(g, x, s)
}

// An attentive cell is a cell like any other: over a stack, and itself in a stack.
func TestAttentiveCells(t *testing.T) {
	for name, attention := range attentions {
		if attention == recurrent.NoAttention {
			continue
		}
		one := looking{recurrent.Attentive{Cell: recurrent.GRU{Hidden: 6}, Attention: attention}}
		over := looking{recurrent.Attentive{Cell: recurrent.Stack{Cells: []recurrent.Cell{recurrent.LSTM{Hidden: 3}, recurrent.GRU{Hidden: 6}}}, Attention: attention, Units: 5}}
		for kind, cell := range map[string]recurrent.Cell{"": one, " over a stack": over,
			" in a stack": recurrent.Stack{Cells: []recurrent.Cell{recurrent.GRU{Hidden: 2}, one}},
			" twice":      recurrent.StackOf(2, one)} {
			if kind != "" && attention != recurrent.Bahdanau && attention != recurrent.LuongGeneral {
				continue // one of either order is enough
			}
			t.Run(name+kind, func(t *testing.T) { celltest.Check(t, celltest.Case{Cell: cell, Samples: 4}) })
		}
	}
}
