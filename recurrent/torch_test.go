package recurrent_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// The recorded values come from testdata/record.py, which runs PyTorch.

// tolerance is what rounding allows: 1e-5 in float32, 1e-10 in float64.
func tolerance(file string) float64 {
	if strings.Contains(file, "_f64") {
		return 1e-10
	}
	return 1e-5
}

// storeOf puts the recorded tensors of a prefix into a store of their type.
func storeOf(t *testing.T, rec map[string]*tensor.Dense, prefix string) *graph.Params {
	t.Helper()
	p := graph.NewParams(1)
	for name, v := range rec {
		if strings.HasPrefix(name, prefix) && v.Dtype() == tensor.Float64 {
			p = graph.NewParams64(1)
		}
	}
	for name, v := range rec {
		if local, ok := strings.CutPrefix(name, prefix); ok {
			if _, err := p.Add(local, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return p
}

func TestCellsAgreeWithPyTorch(t *testing.T) {
	files, err := filepath.Glob("testdata/*_f??.safetensors")
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		if strings.Contains(file, "charlm") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) { compareCell(t, file) })
	}
}

func compareCell(t *testing.T, file string) {
	rec, meta := graphtest.Golden(t, file)
	number := func(key string) int {
		n, err := strconv.Atoi(meta[key])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	cell := map[string]recurrent.Cell{
		"rnn_tanh":        recurrent.RNN{Hidden: number("hidden")},
		"rnn_relu":        recurrent.RNN{Hidden: number("hidden"), ReLU: true},
		"lstm":            recurrent.LSTM{Hidden: number("hidden")},
		"lstm_proj":       recurrent.LSTM{Hidden: number("hidden"), Projection: 2},
		"gru":             recurrent.GRU{Hidden: number("hidden")},
		"gru_resetbefore": recurrent.GRU{Hidden: number("hidden"), ResetBefore: true},
	}[meta["cell"]]
	if layers := number("layers"); layers > 1 {
		cell = recurrent.StackOf(layers, cell)
	}
	kinds := []string{"h", "c"} // the states of a layer
	if rec["in.c0"] == nil {
		kinds = kinds[:1]
	}
	p := storeOf(t, rec, "param.")
	wrt := []string{"x"} // inputs become parameters, to get gradients
	for _, k := range kinds {
		wrt = append(wrt, k+"0")
	}
	for _, name := range wrt {
		if _, err := p.Add(name, rec["in."+name]); err != nil {
			t.Fatal(err)
		}
	}
	var in []*tensor.Dense
	if rec["in.lengths"] != nil {
		in = append(in, rec["in.lengths"])
	}
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		given := func(name, param string) graph.Node { return g.Param(name, nil, rec[param].Shape()...) }
		x := given("x", "in.x")
		o := recurrent.Options{Reverse: meta["reverse"] == "true"}
		if len(in) > 0 {
			o.Lengths = in[0]
		}
		first := make([][]graph.Node, len(kinds))
		for i, k := range kinds {
			first[i] = g.Unstack(given(k+"0", "in."+k+"0"))
		}
		for layer := range first[0] {
			for i := range kinds {
				o.Initial = append(o.Initial, first[i][layer])
			}
		}
		y, final := recurrent.Unroll(g, cell, x, o)
		loss := g.Sum(g.Mul(y, g.Const(rec["in.wy"])))
		out := []graph.Node{loss, y}
		for i, k := range kinds {
			var layers []graph.Node
			for j := i; j < len(final); j += len(kinds) {
				layers = append(layers, final[j])
			}
			last := g.Stack(layers...)
			out = append(out, last)
			loss = g.Add(loss, g.Sum(g.Mul(last, g.Const(rec["in.w"+k]))))
		}
		out[0] = loss
		return out
	}
	out, err := graph.NewFunc(p, build).Grad(in...)
	if err != nil {
		t.Fatal(err)
	}
	tol := tolerance(file)
	names := []string{"loss", "y", "h_n", "c_n"}
	for i, v := range out {
		graphtest.Close(t, names[i], v, rec["out."+names[i]], tol)
	}
	for i := 0; i < p.Len(); i++ {
		graphtest.Close(t, "gradient of "+p.At(i).Name(), p.At(i).Grad(), rec["grad."+p.At(i).Name()], tol)
	}
}

// TestLanguageModelAgreesWithPyTorch compares a whole model, its gradients, and twenty steps of training by Adam with
// clipping and with the state carried from window to window.
func TestLanguageModelAgreesWithPyTorch(t *testing.T) {
	for _, file := range []string{"testdata/charlm_f32.safetensors", "testdata/charlm_f64.safetensors"} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			rec, _ := graphtest.Golden(t, file)
			p := storeOf(t, rec, "param.")
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				x := nn.Embedding{Tokens: 11, Size: 4}.Apply(g.Scope("embedding"), in[0])
				y, final := recurrent.Unroll(g.Scope("lstm"), recurrent.StackOf(2, recurrent.LSTM{Hidden: 6}), x,
					recurrent.Options{Initial: in[2:]})
				logits := nn.Head{Classes: 11}.Apply(g.Scope("head"), y)
				return append([]graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}, final...)
			})
			zero := graphtest.Random(1, 3, 6)
			zero.Zero()
			if p.Dtype() == tensor.Float32 {
				zero = graphtest.Float32(zero)
			}
			args := []*tensor.Dense{rec["in.ids"], rec["in.targets"], zero, zero, zero, zero}
			out, err := f.Grad(args...)
			if err != nil {
				t.Fatal(err)
			}
			tol := tolerance(file)
			graphtest.Close(t, "loss", out[0], rec["out.loss"], tol)
			for i := 0; i < p.Len(); i++ {
				graphtest.Close(t, "gradient of "+p.At(i).Name(), p.At(i).Grad(), rec["grad."+p.At(i).Name()], tol)
			}

			adam := &optim.Adam{}
			want := graphtest.Float64s(rec["out.losses"])
			ids, targets := rec["in.ids_steps"].Ints(), rec["in.targets_steps"].Ints()
			for step := range want {
				args[0], args[1] = graph.Ints(ids[step*21:(step+1)*21], 7, 3), graph.Ints(targets[step*21:(step+1)*21], 7, 3)
				out, err := f.Grad(args...)
				if err != nil {
					t.Fatal(err)
				}
				copy(args[2:], out[1:])
				got := tensor.New(tensor.FromScalar(graph.Scalar(out[0])))
				graphtest.Close(t, "loss of step "+strconv.Itoa(step), got, tensor.New(tensor.FromScalar(want[step])), tol)
				if _, err := optim.ClipByNorm(p, 0.5); err != nil {
					t.Fatal(err)
				}
				if err := adam.Step(p, 0.01); err != nil {
					t.Fatal(err)
				}
			}
			for i := 0; i < p.Len(); i++ { // Adam divides by gradients near zero, which magnifies rounding
				graphtest.Close(t, p.At(i).Name(), p.At(i).Value(), rec["final."+p.At(i).Name()], 10*tol)
			}
		})
	}
}
