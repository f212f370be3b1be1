package keras_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// recorded is a model that testdata/record.py made with Keras: its layers, and the same model of ours.
type recorded struct {
	model keras.Model
	build func(g *graph.Graph, x graph.Node) graph.Node // x is [T, B, I] or ids [T, B]
}

func unrolled(scope string, cell recurrent.Cell) func(g *graph.Graph, x graph.Node) graph.Node {
	return func(g *graph.Graph, x graph.Node) graph.Node {
		y, _ := recurrent.Unroll(g.Scope(scope), cell, x, recurrent.Options{})
		return y
	}
}

// both runs a cell in both directions.
func both(g *graph.Graph, cell recurrent.Cell, x graph.Node) graph.Node {
	a, _ := recurrent.Unroll(g, cell, x, recurrent.Options{})
	b, _ := recurrent.Unroll(recurrent.InReverse(g), cell, x, recurrent.Options{Reverse: true})
	return g.Concat(2, a, b)
}

var cases = map[string]recorded{
	"lstm": {keras.Model{{Path: "layers/lstm", Kind: keras.LSTM, Scope: "lstm"}}, unrolled("lstm", recurrent.LSTM{Hidden: 3})},
	"gru":  {keras.Model{{Path: "layers/gru", Kind: keras.GRU, Scope: "gru"}}, unrolled("gru", recurrent.GRU{Hidden: 3})},
	"gru_reset_before": {keras.Model{{Path: "layers/gru", Kind: keras.GRU, Scope: "gru", ResetBefore: true}},
		unrolled("gru", recurrent.GRU{Hidden: 3, ResetBefore: true})},
	"simple_rnn": {keras.Model{{Path: "layers/simple_rnn", Kind: keras.SimpleRNN, Scope: "rnn"}}, unrolled("rnn", recurrent.RNN{Hidden: 3})},
	"no_bias": {keras.Model{
		{Path: "layers/lstm", Kind: keras.LSTM, Scope: "lstm", NoBias: true},
		{Path: "layers/dense", Kind: keras.Dense, Scope: "head", NoBias: true},
	}, func(g *graph.Graph, x graph.Node) graph.Node {
		return nn.Dense{Units: 2, NoBias: true}.Apply(g.Scope("head"), unrolled("lstm", recurrent.LSTM{Hidden: 3})(g, x))
	}},
	"tagger": {keras.Model{
		{Path: "layers/embedding", Kind: keras.Embedding, Scope: "embedding"},
		{Path: "layers/bidirectional", Kind: keras.LSTM, Scope: "encoder.rnn", Bidirectional: true},
		{Path: "layers/bidirectional_1", Kind: keras.GRU, Scope: "encoder.rnn", Index: 1, Bidirectional: true},
		{Path: "layers/dense", Kind: keras.Dense, Scope: "head"},
	}, func(g *graph.Graph, x graph.Node) graph.Node {
		y := nn.Embedding{Tokens: 7, Size: 4}.Apply(g.Scope("embedding"), x)
		rnn := g.Scope("encoder").Scope("rnn")
		y = both(recurrent.InLayer(rnn, 0), recurrent.LSTM{Hidden: 3}, y)
		y = both(recurrent.InLayer(rnn, 1), recurrent.GRU{Hidden: 2}, y)
		return nn.Head{Classes: 5}.Probabilities(g.Scope("head"), y)
	}},
}

// values reads a case's input, time first, and Keras's output [B, T, ...].
func values(t *testing.T, name string) (x, y *tensor.Dense) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var rec struct {
		Y [][][]float32
		X json.RawMessage
	}
	if err := json.Unmarshal(data, &rec); err != nil {
		t.Fatal(err)
	}
	y = timeFirst(rec.Y)
	var features [][][]float32
	if json.Unmarshal(rec.X, &features) == nil {
		return timeFirst(features), y
	}
	var ids [][]int
	if err := json.Unmarshal(rec.X, &ids); err != nil {
		t.Fatal(err)
	}
	B, T := len(ids), len(ids[0])
	flat := make([]int, T*B)
	for b := range ids {
		for i, id := range ids[b] {
			flat[i*B+b] = id
		}
	}
	return graph.Ints(flat, T, B), y
}

func timeFirst(v [][][]float32) *tensor.Dense {
	var flat []float32
	for i := range v[0] {
		for b := range v {
			flat = append(flat, v[b][i]...)
		}
	}
	return graph.Floats(flat, len(v[0]), len(v), len(v[0][0]))
}

func file(name string) string { return filepath.Join("testdata", name+".weights.h5") }

// run computes a case's outputs over a store, which must have all weights.
func run(t *testing.T, name string, p *graph.Params) *tensor.Dense {
	t.Helper()
	x, _ := values(t, name)
	p.Seal()
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{cases[name].build(g, in[0])}
	}).Run(x)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func TestKerasWeightsGiveKerasOutputs(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := graph.NewParams(1)
			if err := c.model.Read(p, file(name)); err != nil {
				t.Fatal(err)
			}
			_, want := values(t, name)
			graphtest.Close(t, "y", run(t, name, p), want, 1e-5)
		})
	}
}

// What was read and is written has the same bits; what is ours, two biases included, comes back with the same bits.
func TestRoundTrips(t *testing.T) {
	for name, c := range cases {
		p := graph.NewParams(1)
		if err := c.model.Read(p, file(name)); err != nil {
			t.Fatal(err)
		}
		for _, biases := range []string{"read from Keras", "trained here"} {
			if biases == "trained here" && name != "no_bias" {
				for i := 0; i < p.Len(); i++ {
					copy(p.At(i).Value().Float32s(), graphtest.Float32(graphtest.Random(uint64(i), p.At(i).Len())).Float32s())
				}
			}
			path := filepath.Join(t.TempDir(), "model.weights.h5")
			if err := c.model.Write(p, path); err != nil {
				t.Fatal(err)
			}
			back := graph.NewParams(2)
			if err := c.model.Read(back, path); err != nil {
				t.Fatal(err)
			}
			if back.Len() != p.Len() {
				t.Errorf("%s: %d parameters; want %d", name, back.Len(), p.Len())
			}
			for i := 0; i < p.Len(); i++ {
				graphtest.Close(t, name+", "+biases+": "+p.At(i).Name(), back.Get(p.At(i).Name()).Value(), p.At(i).Value(), 0)
			}
		}
	}
}

// Biases in the store stay apart when Keras's is their sum, and give way when Keras has trained it further.
func TestBiasesOfTheStore(t *testing.T) {
	model := cases["lstm"].model
	p := graph.NewParams(1)
	if err := model.Read(p, file("lstm")); err != nil {
		t.Fatal(err)
	}
	ih, hh := p.Get("lstm.bias_ih_l0").Value().Float32s(), p.Get("lstm.bias_hh_l0").Value().Float32s()
	sum := slices.Clone(ih)
	for i := range ih {
		ih[i], hh[i] = ih[i]/2, ih[i]/2 // exact
	}
	if err := model.Read(p, file("lstm")); err != nil {
		t.Fatal(err)
	}
	for i := range ih {
		if ih[i] != sum[i]/2 || hh[i] != sum[i]/2 {
			t.Fatalf("element %d: %g and %g; want the %g that they were", i, ih[i], hh[i], sum[i]/2)
		}
	}
	hh[3]++
	if err := model.Read(p, file("lstm")); err != nil {
		t.Fatal(err)
	}
	for i := range ih {
		if ih[i] != sum[i] || hh[i] != 0 {
			t.Fatalf("element %d: %g and %g; want Keras's %g and 0", i, ih[i], hh[i], sum[i])
		}
	}
}

func TestRefusedByName(t *testing.T) {
	for want, read := range map[string]struct {
		file  string
		layer keras.Layer
	}{
		"layer layers/lstm_1: the file has no layers/lstm_1/cell/vars/0; it has layers/lstm/cell/vars/0": {"lstm", keras.Layer{Path: "layers/lstm_1", Kind: keras.LSTM}},
		"layers/lstm/cell/vars/0 has shape [4 12]; want [4 9]":                                           {"lstm", keras.Layer{Path: "layers/lstm", Kind: keras.GRU}},
		"layers/lstm/cell/vars/2 has no place in LSTM without bias":                                      {"lstm", keras.Layer{Path: "layers/lstm", Kind: keras.LSTM, NoBias: true}},
		"layers/gru/cell/vars/2 has shape [2 9]; want 1 dimensions":                                      {"gru", keras.Layer{Path: "layers/gru", Kind: keras.GRU, ResetBefore: true}},
		"layers/gru/cell/vars/2 has shape [9]; want 2 dimensions":                                        {"gru_reset_before", keras.Layer{Path: "layers/gru", Kind: keras.GRU}},
		"the kind \"Conv1D\"; want Embedding, Dense, SimpleRNN, LSTM or GRU":                             {"gru", keras.Layer{Path: "layers/gru", Kind: "Conv1D"}},
		"ResetBefore for LSTM": {"lstm", keras.Layer{Path: "layers/lstm", Kind: keras.LSTM, ResetBefore: true}},
		"the path \"\"":        {"lstm", keras.Layer{Kind: keras.LSTM}},
		"the file has no layers/lstm/forward_layer/cell/vars/0; it has": {"lstm", keras.Layer{Path: "layers/lstm", Kind: keras.LSTM, Bidirectional: true}},
		"no such file": {"nothing", keras.Layer{Path: "layers/lstm", Kind: keras.LSTM}},
	} {
		p := graph.NewParams(1)
		err := keras.Model{read.layer}.Read(p, file(read.file))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		if p.Len() != 0 {
			t.Errorf("%d parameters after %v", p.Len(), err)
		}
	}
	p := graph.NewParams(1)
	if err := cases["lstm"].model.Write(p, filepath.Join(t.TempDir(), "x")); err == nil || !strings.Contains(err.Error(), "no parameter lstm.weight_ih_l0") {
		t.Errorf("an empty store: %v", err)
	}
}

// Keras loads what we write, and computes what it recorded.
func TestKerasLoadsWhatIsWritten(t *testing.T) {
	python := testutil.Python(t, "UNROLL_PYTHON_KERAS", "import os; os.environ['KERAS_BACKEND'] = 'jax'; import keras, h5py")
	dir := t.TempDir()
	for name, c := range cases {
		p := graph.NewParams(1)
		if err := c.model.Read(p, file(name)); err != nil {
			t.Fatal(err)
		}
		if err := c.model.Write(p, filepath.Join(dir, name+".weights.h5")); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(python, "testdata/record.py", "--load", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
