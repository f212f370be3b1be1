package recurrent_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// memoryForm is a kind of recurrent.Memory: what it has, and how fast it decays.
type memoryForm struct {
	name    string
	decay   string  // "", "head" or "row"
	scale   float64 // of log w
	fastest float64
	recall  bool
	revise  bool
}

var memoryForms = []memoryForm{
	{name: "linear attention"},
	{name: "decay a head", decay: "head", scale: 0.1},
	{name: "fast decay a head", decay: "head", scale: 30},
	{name: "decay a row", decay: "row", scale: 0.2},
	{name: "fast decay a row", decay: "row", scale: 60},
	{name: "known decay a row", decay: "row", scale: 0.6, fastest: -0.6},
	{name: "known fast decay a row", decay: "row", scale: 4, fastest: -4},
	{name: "delta rule", recall: true},
	{name: "delta rule, decay a head", decay: "head", scale: 0.1, recall: true},
	{name: "delta rule, decay a row", decay: "row", scale: 0.5, recall: true},
	{name: "delta rule, fast decay a row", decay: "row", scale: 60, recall: true},
	{name: "generalised delta rule", recall: true, revise: true},
	{name: "generalised delta rule, decay a head", decay: "head", scale: 0.2, recall: true, revise: true},
	{name: "generalised delta rule, known decay a row", decay: "row", scale: 0.6, fastest: -0.6, recall: true, revise: true},
}

// inputs are q, k, v, log w, a and b for a form, [T, B, N, ...] each, and a state [B, N·K·V].
func (f memoryForm) inputs(T, B, N, K, V int) []*tensor.Dense {
	in := []*tensor.Dense{
		graphtest.Random(1, T, B, N, K), graphtest.Random(2, T, B, N, K), graphtest.Random(3, T, B, N, V),
		graphtest.Random(4, T, B, N, 1), graphtest.Random(5, T, B, N, K), graphtest.Random(6, T, B, N, K), graphtest.Random(7, B, N*K*V),
	}
	if f.decay == "row" {
		in[3] = graphtest.Random(4, T, B, N, K)
	}
	for i, v := range in[3].Float64s() { // between -scale and 0, often far from both
		in[3].Float64s()[i] = -f.scale * math.Abs(math.Sin(7*v)) * math.Abs(math.Sin(float64(i)))
	}
	for i, v := range in[4].Float64s() { // b nearly against a, so that states do not grow
		in[5].Float64s()[i] = 0.1*in[5].Float64s()[i] - v
	}
	for _, i := range []int{1, 4, 5} { // and all of length one
		x := in[i].Float64s()
		for at := 0; at < len(x); at += K {
			size := 0.0
			for _, v := range x[at : at+K] {
				size += v * v
			}
			for j := range K {
				x[at+j] /= math.Sqrt(size) + 1e-3
			}
		}
	}
	return in
}

// memory has what the form has.
func (f memoryForm) memory(g *graph.Graph, in []graph.Node) recurrent.Memory {
	m := recurrent.Memory{Query: in[0], Key: in[1], Value: in[2], Fastest: f.fastest}
	if f.decay != "" {
		m.LogDecay = in[3]
	}
	if f.recall {
		m.Recall = in[4]
		if !f.revise {
			m.Recall = g.MulScalar(in[1], -0.5)
		}
	}
	if f.revise {
		m.Revise = in[5]
	}
	return m
}

// naive is the recurrence as it stands, in loops: for each sequence and head S = w⊙S + k·vᵀ + b·aᵀS, then Sᵀq.
func (f memoryForm) naive(in []*tensor.Dense, lengths []int, reverse bool) (read, last []float64) {
	shape := in[0].Shape()
	T, B, N, K, V := shape[0], shape[1], shape[2], shape[3], in[2].Shape()[3]
	F := in[3].Shape()[3]
	read, last = make([]float64, T*B*N*V), append([]float64{}, in[6].Float64s()...)
	row := func(i, t, b, n, width int) []float64 {
		at := ((t*B+b)*N + n) * width
		return in[i].Float64s()[at : at+width]
	}
	for b := range B {
		for n := range N {
			S := last[(b*N+n)*K*V : (b*N+n+1)*K*V]
			for step := range lengths[b] {
				t := step
				if reverse {
					t = lengths[b] - 1 - step
				}
				q, k, v, w := row(0, t, b, n, K), row(1, t, b, n, K), row(2, t, b, n, V), row(3, t, b, n, F)
				decay := make([]float64, K)
				for i := range decay {
					decay[i] = 1
					if f.decay != "" {
						decay[i] = math.Exp(w[i%F])
					}
				}
				look, under := make([]float64, K), k
				for i := range look {
					switch {
					case f.revise:
						look[i], under = row(4, t, b, n, K)[i], row(5, t, b, n, K)
					case f.recall:
						look[i] = -0.5 * k[i]
					}
				}
				found := make([]float64, V)
				for i := range K {
					for j := range V {
						S[i*V+j] *= decay[i]
						found[j] += look[i] * S[i*V+j]
					}
				}
				for i := range K {
					for j := range V {
						S[i*V+j] += k[i]*v[j] + under[i]*found[j]
						read[((t*B+b)*N+n)*V+j] += S[i*V+j] * q[i]
					}
				}
			}
		}
	}
	return read, last
}

// memoryCell is a Scanner around a Memory whose parts are given from outside, cut out of the input at each step.
type memoryCell struct {
	form    memoryForm
	N, K, V int
}

func (c memoryCell) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.N*c.V), g.Full(0, batch, c.N*c.K*c.V)}
}

// cut takes the parts out of x [..., N·(5K+V)].
func (c memoryCell) cut(g *graph.Graph, x graph.Node) recurrent.Memory {
	widths := []int{c.K, c.K, c.V, c.K, c.K, c.K}
	if c.form.decay != "row" {
		widths[3] = 1
	}
	in, at := make([]graph.Node, 6), 0
	for i, w := range widths {
		shape := append(x.Shape()[:x.Rank()-1:x.Rank()-1], c.N, w)
		in[i] = g.Reshape(g.Slice(x, -1, at, at+c.N*w), shape...)
		at += c.N * w
	}
	return c.form.memory(g, in)
}

func (c memoryCell) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	read, next := c.cut(g, x).Step(g, s[1])
	h := g.Reshape(read, x.Dim(0), -1)
	return h, recurrent.State{h, next}
}

func (c memoryCell) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	read, last := o.Chunks(g, c.cut(g, x), s[1])
	h := g.Reshape(read, x.Dim(0), x.Dim(1), -1)
	return h, recurrent.State{o.Last(g, h, s[0]), last}
}

// joined is the input of a memoryCell.
func joined(in []*tensor.Dense) *tensor.Dense {
	T, B := in[0].Shape()[0], in[0].Shape()[1]
	var rows []float64
	for r := range T * B {
		for _, x := range in[:6] {
			width := x.DataSize() / (T * B)
			rows = append(rows, x.Float64s()[r*width:(r+1)*width]...)
		}
	}
	return graph.Floats64(rows, T, B, len(rows)/(T*B))
}

// Steps, and chunks of any length, give what the recurrence gives in plain loops: at odd sizes, from a state, with lengths that
// include 0, and in reverse.
func TestMemory(t *testing.T) {
	for _, f := range memoryForms {
		for _, size := range []struct{ T, B, N, K, V int }{{1, 1, 1, 1, 1}, {63, 1, 3, 2, 5}, {64, 3, 1, 4, 3}, {65, 1, 2, 5, 1}, {130, 3, 2, 3, 4}} {
			for _, reverse := range []bool{false, true} {
				in := f.inputs(size.T, size.B, size.N, size.K, size.V)
				lengths := []int{size.T, 0, (size.T + 1) / 2}[:size.B]
				read, last := f.naive(in, lengths, reverse)
				cell := memoryCell{f, size.N, size.K, size.V}
				run := func(what string, chunk int) {
					out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, n []graph.Node) []graph.Node {
						o := recurrent.Options{Lengths: n[1], Reverse: reverse, Chunk: chunk}
						o.Initial = recurrent.State{g.Full(0, size.B, size.N*size.V), n[2]}
						drive := recurrent.Unroll
						if chunk > 0 {
							drive = func(g *graph.Graph, c recurrent.Cell, x graph.Node, o recurrent.Options) (graph.Node, recurrent.State) {
								return recurrent.Scan(g, c.(recurrent.Scanner), x, o)
							}
						}
						y, s := drive(g, cell, n[0], o)
						return []graph.Node{y, s[1]}
					}).Run(joined(in), graph.Ints(lengths), in[6])
					if err != nil {
						t.Fatalf("%s, %s: %v", f.name, what, err)
					}
					graphtest.Close(t, fmt.Sprint(f.name, " ", size, " reads, ", what), out[0], graph.Floats64(read, out[0].Shape()...), 1e-10)
					graphtest.Close(t, fmt.Sprint(f.name, " ", size, " state, ", what), out[1], graph.Floats64(last, out[1].Shape()...), 1e-10)
				}
				run("steps", 0)
				for _, chunk := range []int{1, 2, 3, 16, 64, size.T, 200} {
					run(fmt.Sprint("chunks of ", chunk), chunk)
				}
			}
		}
	}
}

// Every form has the derivatives that finite differences have, in chunks of one, two and four steps.
func TestMemoryGradients(t *testing.T) {
	for _, f := range memoryForms {
		if f.scale > 10 {
			f.scale = 3
		}
		for _, chunk := range []int{1, 2, 4} {
			cell := memoryCell{f, 2, 3, 2}
			in := f.inputs(5, 2, 2, 3, 2)
			graphtest.CheckGradient(t, graphtest.Gradient{Params: graph.NewParams64(1), Inputs: []*tensor.Dense{joined(in), in[6]}, Samples: 30,
				Build: func(g *graph.Graph, n []graph.Node) []graph.Node {
					x := n[0]
					y, s := recurrent.Scan(g, cell, x, recurrent.Options{Chunk: chunk, Initial: recurrent.State{g.Full(0, 2, 4), n[1]}})
					return []graph.Node{g.Add(g.Sum(g.Square(y)), g.Sum(g.Square(s[1])))}
				}})
		}
	}
}

// In float32, as in float64, a decay that is faster than any number of that type leaves no trace, and no infinity.
func TestMemoryInFloat32(t *testing.T) {
	for _, f := range memoryForms {
		in := f.inputs(130, 2, 2, 4, 3)
		cell := memoryCell{f, 2, 4, 3}
		lengths := []int{130, 130}
		read, _ := f.naive(in, lengths, false)
		fun := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, n []graph.Node) []graph.Node {
			y, _ := recurrent.Scan(g, cell, n[0], recurrent.Options{Initial: recurrent.State{g.Full(0, 2, 6), n[1]}})
			return []graph.Node{g.Sum(y), y}
		})
		out, err := fun.Grad(graphtest.Float32(joined(in)), graphtest.Float32(in[6]))
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		graphtest.Close(t, f.name, out[1], graphtest.Float32(graph.Floats64(read, out[1].Shape()...)), 1e-5)
	}
}

func TestMemoryRefuses(t *testing.T) {
	form := memoryForms[1]
	x := func(g *graph.Graph, shape ...int) graph.Node { return g.Full(1, shape...) }
	for want, build := range map[string]func(g *graph.Graph) recurrent.Memory{
		"want [..., N, K] and [..., N, V] with 1 leading dimensions": func(g *graph.Graph) recurrent.Memory {
			return recurrent.Memory{Query: x(g, 2, 3), Key: x(g, 2, 3), Value: x(g, 2, 3)}
		},
		"queries [2 1 4]": func(g *graph.Graph) recurrent.Memory {
			return recurrent.Memory{Query: x(g, 2, 1, 4), Key: x(g, 2, 1, 3), Value: x(g, 2, 1, 2)}
		},
		"decays [2 3 1]": func(g *graph.Graph) recurrent.Memory {
			return recurrent.Memory{Query: x(g, 2, 1, 3), Key: x(g, 2, 1, 3), Value: x(g, 2, 1, 2), LogDecay: x(g, 2, 3, 1)}
		},
		"the state has shape [2 6]; want [2 9]": func(g *graph.Graph) recurrent.Memory {
			return recurrent.Memory{Query: x(g, 2, 1, 3), Key: x(g, 2, 1, 3), Value: x(g, 2, 1, 3)}
		},
	} {
		g := graph.New(graph.NewParams(1))
		build(g).Step(g, g.Full(0, 2, 6))
		if g.Err() == nil || !strings.Contains(g.Err().Error(), want) {
			t.Errorf("want an error with %q, found %v", want, g.Err())
		}
	}
	_, err := graph.NewFunc(graph.NewParams64(1), scanLoss(memoryCell{form, 1, 1, 1}, recurrent.Options{Chunk: -1})).Run(graphtest.Random(1, 2, 1, 6))
	if err == nil || !strings.Contains(err.Error(), "Options.Chunk is -1; want 1 to 4096 steps, or 0 for 64") {
		t.Errorf("a chunk of -1 steps: %v", err)
	}
}
