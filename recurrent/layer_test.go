package recurrent_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// Deep bidirectional layers, with and without lengths: outputs, final states and all gradients as PyTorch's, which
// testdata/record_layers.py recorded.
func TestLayersAgreeWithPyTorch(t *testing.T) {
	files, err := filepath.Glob("testdata/layers/*.safetensors")
	if err != nil || len(files) != 24 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		for _, double := range []bool{true, false} {
			t.Run(filepath.Base(file)+"/float64="+strconv.FormatBool(double), func(t *testing.T) { compareLayers(t, file, double) })
		}
	}
}

func compareLayers(t *testing.T, file string, double bool) {
	rec, meta := graphtest.Golden(t, file)
	tol := 1e-10
	if !double {
		tol = 1e-5
		for name, v := range rec {
			if v.Dtype() == tensor.Float64 && !strings.HasPrefix(name, "out.") && !strings.HasPrefix(name, "grad.") {
				rec[name] = graphtest.Float32(v)
			}
		}
	}
	cell := map[string]recurrent.Cell{"rnn": recurrent.RNN{Hidden: 6}, "gru": recurrent.GRU{Hidden: 6},
		"lstm": recurrent.LSTM{Hidden: 6}, "proj": recurrent.LSTM{Hidden: 6, Projection: 3}}[meta["cell"]]
	layers, err := strconv.Atoi(meta["layers"])
	if err != nil {
		t.Fatal(err)
	}
	compareRecorded(t, rec, 2*layers, tol, recurrent.DeepOf(layers, recurrent.Bidirectional{Cell: cell}).Apply)
}

// compareRecorded compares layers with so many states of each kind, h and perhaps c: outputs, final states and all gradients.
func compareRecorded(t *testing.T, rec map[string]*tensor.Dense, states int, tol float64,
	apply func(g *graph.Graph, x graph.Node, o recurrent.Options) (graph.Node, recurrent.State)) {
	t.Helper()
	p := storeOf(t, rec, "param.")
	var kinds []string
	for _, k := range []string{"h", "c"} {
		if rec["in."+k+"0"] != nil {
			kinds = append(kinds, k)
		}
	}
	wrt := []string{"x"}
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
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		var o recurrent.Options
		if len(in) > 0 {
			o.Lengths = in[0]
		}
		var first [][]graph.Node
		for _, k := range kinds {
			first = append(first, g.Unstack(g.Param(k+"0", nil, rec["in."+k+"0"].Shape()...)))
		}
		for i := range states {
			for k := range kinds {
				o.Initial = append(o.Initial, first[k][i])
			}
		}
		x := g.Param("x", nil, rec["in.x"].Shape()...)
		y, final := apply(g, x, o)
		loss := g.Sum(g.Mul(y, g.Const(rec["in.wy"])))
		out := []graph.Node{loss, y}
		for k := range kinds {
			var all []graph.Node
			for i := k; i < len(final); i += len(kinds) {
				all = append(all, final[i])
			}
			last := g.Stack(all...)
			out = append(out, last)
			loss = g.Add(loss, g.Sum(g.Mul(last, g.Const(rec["in.w"+kinds[k]]))))
		}
		out[0] = loss
		return out
	}).Grad(in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"loss", "y", "h_n", "c_n"}[:len(out)] {
		graphtest.Close(t, name, out[i], rec["out."+name], tol)
	}
	for i := range p.Len() {
		q := p.At(i)
		graphtest.Close(t, "gradient of "+q.Name(), q.Grad(), rec["grad."+q.Name()], tol)
	}
}
