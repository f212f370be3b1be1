package models

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// exported is a model that was written as ONNX and read back, as a function.
func exported(t *testing.T, m Model) *graph.Func {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := m.Export(path); err != nil {
		t.Fatal(err)
	}
	return reopened(t, path)
}

// reopened is a file of ONNX as a function.
func reopened(t *testing.T, path string) *graph.Func {
	t.Helper()
	file, err := onnx.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := file.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	return graph.NewFunc(p, file.Build)
}

// What ONNX computes is what the model computes: for every cell that ONNX has, every pooling, one direction and both, and
// texts of different lengths.
func TestONNXComputesTheSame(t *testing.T) {
	ids, lengths := graph.Ints(graphtest.RandomIDs(1, 10, 7, 3).Ints(), 7, 3), graph.Ints([]int{7, 2, 5})
	for i, cell := range []string{"rnn", "lstm", "gru"} {
		for k, pool := range Poolings() {
			m := newClasses(t, Config{Cell: cell, Pool: pool, OneWay: (i+k)%2 == 0, Layers: 2, Tokens: "word", Dropout: 0.5, Steps: 1})
			if _, err := m.Fit(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
				t.Fatal(err)
			}
			want, err := m.Logits().Run(ids, lengths)
			if err != nil {
				t.Fatal(err)
			}
			got, err := exported(t, m).Run(ids, lengths)
			if err != nil {
				t.Fatal(err)
			}
			graphtest.Close(t, m.Config().Network(m.Kind()), got[0], want[0], 1e-6)
		}
		m := newLanguage(t, Config{Cell: cell, Layers: 2})
		state, err := m.State(3)
		if err != nil {
			t.Fatal(err)
		}
		in := append([]*tensor.Dense{ids}, state...)
		want, err := m.Next().Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := exported(t, m).Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			graphtest.Close(t, m.Config().Network(m.Kind()), got[i], want[i], 1e-6)
		}
	}
}

// Weights go to every framework that has the layers, and come back; others are refused by the name of what they lack.
func TestExportAndImport(t *testing.T) {
	for _, c := range []struct {
		config  Config
		refused map[string]string // by format, the reason
	}{
		{Config{Cell: "lstm", Layers: 2}, nil},
		{Config{Cell: "gru", Pool: "mean", Tokens: "word"}, nil},
		{Config{Cell: "rnn", Pool: "last", OneWay: true, Layers: 2, Tokens: "word"}, nil},
		{Config{Cell: "gru", Pool: "attention", Tokens: "word"}, map[string]string{formatKeras: "Keras has no layer like pooling by attention"}},
		{Config{Cell: "slstm"}, map[string]string{formatKeras: "Keras has no layer like the cell slstm"}},
		{Config{Cell: "lru", Pool: "max", Tokens: "word"}, map[string]string{formatKeras: "no layer like the cell lru"}},
	} {
		made := func(seed uint64) Model {
			own := c.config
			own.Seed = seed
			if own.Pool == "" {
				return newLanguage(t, own)
			}
			return newClasses(t, own)
		}
		for _, format := range Formats() {
			m, other := made(1), made(2)
			path := filepath.Join(t.TempDir(), "m"+format)
			err := m.Export(path)
			if reason := c.refused[strings.Replace(format, formatKerasModel, formatKeras, 1)]; reason != "" {
				if err == nil || !strings.Contains(err.Error(), reason) {
					t.Errorf("%s: %v; want %s", format, err, reason)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Import(path); err != nil {
				t.Fatal(err)
			}
			same(t, m.Config().Network(m.Kind())+" "+format, m.Params(), other.Params())
		}
	}
	m := newLanguage(t, Config{})
	for _, path := range []string{"m.pth", "", "safetensors"} {
		if err := m.Export(path); err == nil || !strings.Contains(err.Error(), "want a name that ends in .onnx, .keras, .weights.h5, .safetensors or .pt") {
			t.Error(err)
		}
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := newLanguage(t, Config{Cell: "gru"}).Export(path); err != nil {
		t.Fatal(err)
	}
	if err := m.Import(path); err == nil || !strings.Contains(err.Error(), "lacks the weight lstm.weight_ih_l0") {
		t.Error(err)
	}
}

// Reading the weights, to export them, does not make the store believe that somebody may write to them: later runs find
// their packed copies.
func TestExportLendsNothing(t *testing.T) {
	m := newClasses(t, Config{})
	for _, name := range []string{"m.onnx", "m.weights.h5", "m.safetensors"} {
		if err := m.Export(filepath.Join(t.TempDir(), name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Predict([]string{"good"}); err != nil {
		t.Fatal(err)
	}
	if n := m.Params().PackedBytes(); n == 0 {
		t.Error("no packed weight is kept")
	}
}

// The network of a distribution goes to ONNX from what is read to the outputs of every step.
func TestForecasterInONNX(t *testing.T) {
	p := weeks(t, 3, 60, false, false)
	m := newForecasts(t, p, Config{Layers: 2, Forecast: ForecastConfig{Output: "gaussian"}})
	list, err := m.readAll(p, 0)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := windows{m.config.Forecast, m.features}.inputs(list, []place{{0, 30}, {2, 41}}, false)
	want, err := m.Outputs().Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	state := []*tensor.Dense{zeroed(2, 6), zeroed(2, 6)}
	got, err := exported(t, m).Run(append(in, state...)...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		graphtest.Close(t, "outputs", got[i], want[i], 1e-6)
	}
	q := newForecasts(t, p, Config{})
	if in, _ = (windows{q.config.Forecast, q.features}).inputs(list, []place{{0, 30}, {2, 41}}, false); len(in) != 3 {
		t.Fatalf("%d inputs; want 3", len(in))
	}
	if want, err = q.Outputs().Run(in...); err != nil {
		t.Fatal(err)
	}
	if got, err = exported(t, q).Run(in...); err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "quantiles", got[0], want[0], 1e-6)
	if err := q.Export(filepath.Join(t.TempDir(), "q.weights.h5")); err == nil || !strings.Contains(err.Error(), "Keras has no layers like a forecaster's") {
		t.Error(err)
	}
}

func zeroed(shape ...int) *tensor.Dense {
	return graph.Floats(make([]float32, shape[0]*shape[1]), shape...)
}
