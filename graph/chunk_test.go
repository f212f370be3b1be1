package graph_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// chunkedModels have a large vocabulary: 33 steps of 32 sequences, which are two chunks of 512 rows, or four of 256 in
// float64, and a rest. chunks is how many each head is cut into; 1 where something needs the logits of all rows.
var chunkedModels = []struct {
	name   string
	chunks int
	loss   func(g *graph.Graph, h, targets, lengths graph.Node) graph.Node
}{
	{"head", 3, func(g *graph.Graph, h, targets, _ graph.Node) graph.Node {
		return losses.CrossEntropy{}.Apply(g, nn.Head{Classes: chunkedV}.Apply(g.Scope("head"), h), targets)
	}},
	{"lengths, ignored ids and weights", 3, func(g *graph.Graph, h, targets, lengths graph.Node) graph.Node {
		pad, weights := 3, make([]float64, chunkedV)
		for i := range weights {
			weights[i] = float64(i%5) / 2
		}
		l := losses.CrossEntropy{Ignore: &pad, Weights: weights, Lengths: lengths}
		return l.Apply(g, nn.Head{Classes: chunkedV}.Apply(g.Scope("head"), h), targets)
	}},
	{"weight stored the other way", 3, func(g *graph.Graph, h, targets, _ graph.Node) graph.Node {
		w := g.Param("w", graph.GlorotUniform(), chunkedH, chunkedV)
		return g.Sum(g.CrossEntropy(g.MatMul(h, w), targets, 3))
	}},
	{"weight of the embedding", 3, func(g *graph.Graph, h, targets, _ graph.Node) graph.Node {
		w := g.Shared().Param("table", nil, chunkedV, chunkedH)
		return losses.CrossEntropy{}.Apply(g, g.MatMulT(g.Tanh(h), w), targets)
	}},
	{"two heads", 6, func(g *graph.Graph, h, targets, _ graph.Node) graph.Node {
		a := losses.CrossEntropy{}.Apply(g, nn.Head{Classes: chunkedV}.Apply(g.Scope("a"), h), targets)
		b := losses.CrossEntropy{}.Apply(g, nn.Head{Classes: chunkedV}.Apply(g.Scope("b"), g.Tanh(h)), targets)
		return g.Add(a, g.MulScalar(b, 0.5))
	}},
	{"smoothing", 1, func(g *graph.Graph, h, targets, _ graph.Node) graph.Node {
		return losses.CrossEntropy{Smoothing: 0.1}.Apply(g, nn.Head{Classes: chunkedV}.Apply(g.Scope("head"), h), targets)
	}},
	{"focal", 1, func(g *graph.Graph, h, targets, _ graph.Node) graph.Node {
		return losses.Focal{Gamma: 2}.Apply(g, nn.Head{Classes: chunkedV}.Apply(g.Scope("head"), h), targets)
	}},
}

const chunkedV, chunkedH, chunkedT, chunkedB = 4001, 6, 33, 32

// A head in chunks has the bits of the whole: loss and all gradients, in both element types.
func TestChunksKeepBits(t *testing.T) {
	for i, m := range chunkedModels {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			if testing.Short() && i > 0 && dtype == tensor.Float64 {
				continue // the same kernels in pieces of other sizes, as the first model has them
			}
			want, whole := runChunked(t, "-chunk", dtype, m.loss)
			got, chunked := runChunked(t, "check", dtype, m.loss)
			chunks := m.chunks
			switch depth := kernel.SumDepth[float32](); {
			case depth == 0 && m.chunks > 1:
				chunks = strings.Count(whole, crossEntropyGrad) // the loops in Go cut no sums
			case dtype == tensor.Float64 && m.chunks > 1:
				chunks = m.chunks / 3 * 5
			}
			if n := strings.Count(chunked, crossEntropyGrad); n != chunks {
				t.Errorf("%s, %v: %d chunks, want %d:\n%s", m.name, dtype, n, chunks, chunked)
			}
			for i, v := range want {
				if math.Float64bits(v) != math.Float64bits(got[i]) {
					t.Fatalf("%s, %v: number %d of %d is %v, without chunks %v", m.name, dtype, i, len(want), got[i], v)
				}
			}
		}
	}
}

const crossEntropyGrad = "softmax cross-entropy'"

// runChunked returns the loss and all gradients of a model, and its program.
func runChunked(t *testing.T, passes string, dtype tensor.Dtype, loss func(g *graph.Graph, h, targets, lengths graph.Node) graph.Node) ([]float64, string) {
	t.Helper()
	t.Setenv("UNROLL_PASSES", passes)
	p := graph.NewParams(1)
	if dtype == tensor.Float64 {
		p = graph.NewParams64(1)
	}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		table := g.Shared().Param("table", graph.Normal(0, 1), chunkedV, chunkedH)
		return []graph.Node{loss(g, g.Tanh(g.Gather(table, in[0])), in[1], in[2])}
	})
	lengths := make([]int, chunkedB)
	for i := range lengths {
		lengths[i] = chunkedT - i
	}
	in := []*tensor.Dense{graphtest.RandomIDs(1, chunkedV, chunkedT, chunkedB), graphtest.RandomIDs(2, chunkedV, chunkedT, chunkedB),
		graph.Ints(lengths, chunkedB)}
	out, err := f.Grad(in...)
	if err != nil {
		t.Fatal(err)
	}
	numbers := []float64{graph.Scalar(out[0])}
	for i := range p.Len() {
		numbers = append(numbers, floats(p.At(i).Grad())...)
	}
	program, err := f.GradProgram(in...)
	if err != nil {
		t.Fatal(err)
	}
	return numbers, program.String()
}

// floats are a tensor's numbers in float64.
func floats(x *tensor.Dense) []float64 {
	if x.Dtype() == tensor.Float64 {
		return x.Float64s()
	}
	out := make([]float64, x.Shape().TotalSize())
	for i, v := range x.Float32s() {
		out[i] = float64(v)
	}
	return out
}

// A bad target is named by its place among all, in whichever chunk it is.
func TestBadTargetInAChunk(t *testing.T) {
	for _, at := range []int{5, 600, 1055} {
		targets := graphtest.RandomIDs(2, chunkedV, chunkedT, chunkedB)
		targets.Ints()[at] = chunkedV
		message := ""
		for _, passes := range []string{"-chunk", ""} {
			t.Setenv("UNROLL_PASSES", passes)
			f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Head{Classes: chunkedV}.Apply(g.Scope("head"), in[0]), in[1])}
			})
			_, err := f.Grad(graphtest.Float32(graphtest.Random(1, chunkedT, chunkedB, chunkedH)), targets)
			if err == nil {
				t.Fatalf("no error for a target of %d at %d", chunkedV, at)
			}
			_, what, _ := strings.Cut(err.Error(), ": target")
			if message == "" {
				message = what
			}
			if what == "" || what != message {
				t.Errorf("with chunks %q, without %q", err, message)
			}
		}
	}
}
