package graph_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
)

// The recorded values come from testdata/record.py, which runs PyTorch.

// recordedOp builds the operation of a recorded case, or returns nil.
func recordedOp(name string) func(g *graph.Graph, in map[string]graph.Node) graph.Node {
	op, variant, _ := strings.Cut(name, "_")
	axis := strings.IndexByte("012", name[len(name)-1]) // of the cases named ..._axis1
	of := func(f func(g *graph.Graph, x graph.Node) graph.Node) func(*graph.Graph, map[string]graph.Node) graph.Node {
		return func(g *graph.Graph, in map[string]graph.Node) graph.Node { return f(g, in["x"]) }
	}
	pair := func(f func(g *graph.Graph, a, b graph.Node) graph.Node) func(*graph.Graph, map[string]graph.Node) graph.Node {
		return func(g *graph.Graph, in map[string]graph.Node) graph.Node { return f(g, in["a"], in["b"]) }
	}
	switch variant {
	case "", "extreme":
		if f := map[string]func(*graph.Graph, graph.Node) graph.Node{
			"sigmoid": (*graph.Graph).Sigmoid, "tanh": (*graph.Graph).Tanh, "relu": (*graph.Graph).ReLU,
			"exp": (*graph.Graph).Exp, "log": (*graph.Graph).Log, "sqrt": (*graph.Graph).Sqrt,
			"square": (*graph.Graph).Square, "softplus": (*graph.Graph).Softplus, "abs": (*graph.Graph).Abs,
			"sum": func(g *graph.Graph, x graph.Node) graph.Node { return g.Sum(x) }, "mean": func(g *graph.Graph, x graph.Node) graph.Node { return g.Mean(x) }, "logsumexp": func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSumExp(x, -1) },
			"softmax":   func(g *graph.Graph, x graph.Node) graph.Node { return g.Softmax(x, -1) },
			"clamp":     func(g *graph.Graph, x graph.Node) graph.Node { return g.Clamp(x, -0.7, 0.8) },
			"transpose": func(g *graph.Graph, x graph.Node) graph.Node { return g.Transpose(x) },
			"permute":   func(g *graph.Graph, x graph.Node) graph.Node { return g.Transpose(x, 2, 0, 1) },
			"swap01":    func(g *graph.Graph, x graph.Node) graph.Node { return g.Transpose(x, 1, 0, 2) },
		}[op]; f != nil {
			return of(f)
		}
	}
	switch name {
	case "matmul", "matmul_one":
		return pair((*graph.Graph).MatMul)
	case "matmul_bt", "matmul_wide":
		return pair((*graph.Graph).MatMulT)
	case "matmul_at":
		return pair((*graph.Graph).TMatMul)
	case "log_softmax_extreme":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSoftmax(x, 1) })
	case "softmax_axis0", "softmax_axis1":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.Softmax(x, axis) })
	case "log_softmax_axis0", "log_softmax_axis1":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSoftmax(x, axis) })
	case "logsumexp_axis0":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSumExp(x, 0) })
	case "logsumexp_axis1":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSumExp(x, -1) })
	case "max_axis0", "max_axis1":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.Max(x, axis) })
	case "sum_axis0", "sum_axis1", "sum_axis2":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.Sum(x, axis) })
	case "mean_axis0", "mean_axis1", "mean_axis2":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.Mean(x, axis) })
	case "gather":
		return func(g *graph.Graph, in map[string]graph.Node) graph.Node { return g.Gather(in["table"], in["ids"]) }
	case "concat_axis0", "concat_axis1":
		return func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return g.Concat(axis, in["a"], in["b"])
		}
	case "stack":
		return func(g *graph.Graph, in map[string]graph.Node) graph.Node { return g.Stack(in["a"], in["b"], in["c"]) }
	case "slice_past256":
		return of(func(g *graph.Graph, x graph.Node) graph.Node { return g.Slice(x, 1, 256, 300) })
	case "where", "where_rows":
		return func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return g.Where(in["mask"], in["a"], in["b"])
		}
	}
	switch op {
	case "add":
		return pair(func(g *graph.Graph, a, b graph.Node) graph.Node { return g.Add(a, b) })
	case "sub":
		return pair((*graph.Graph).Sub)
	case "mul":
		return pair((*graph.Graph).Mul)
	case "div":
		return pair((*graph.Graph).Div)
	}
	return nil
}

func TestOpsAgreeWithPyTorch(t *testing.T) {
	for file, tolerance := range map[string]float64{"testdata/ops_f64.safetensors": 1e-12, "testdata/ops_f32.safetensors": 1e-5} {
		values, meta := graphtest.Golden(t, file)
		for name := range strings.SplitSeq(meta["cases"], ",") {
			t.Run(file+"/"+name, func(t *testing.T) {
				build := recordedOp(name)
				if build == nil {
					t.Fatal("no such operation")
				}
				graphtest.Recorded{Values: values, Case: name, Build: build, Tolerance: tolerance}.Compare(t)
			})
		}
	}
}
