package models

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/testutil"
	"gorgonia.org/tensor"
)

// runtimeInput is an input on its way to nn/onnx's runtime.py.
type runtimeInput struct {
	Name  string    `json:"name"`
	Shape []int     `json:"shape"`
	Ints  bool      `json:"ints"`
	Data  []float64 `json:"data"`
}

// inONNXRuntime runs an exported file, and gives its outputs as they come.
func inONNXRuntime(t *testing.T, path string, ports []port, in []*tensor.Dense) [][]float64 {
	t.Helper()
	python := testutil.Python(t, "UNROLL_PYTHON", "import onnx, onnxruntime, numpy")
	run := make([]runtimeInput, len(in))
	for i, v := range in {
		run[i] = runtimeInput{ports[i].name, v.Shape(), v.Dtype() == tensor.Int, graphtest.Float64s(v)}
	}
	job, err := json.Marshal(map[string]any{"model": path, "runs": [][]runtimeInput{run}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "job.json")
	if err := os.WriteFile(file, job, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, filepath.Join("..", "..", "nn", "onnx", "testdata", "runtime.py"))
	if cmd.Stdin, err = os.Open(file); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	data, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var results [][]struct {
		Data []float64 `json:"data"`
	}
	if err := json.Unmarshal(data, &results); err != nil {
		t.Fatal(err)
	}
	var out [][]float64
	for _, v := range results[0] {
		out = append(out, v.Data)
	}
	return out
}

// compare holds what ONNX Runtime gives of a model against the model's own function.
func compareRuntime(t *testing.T, name string, m Model, f *graph.Func, file onnxFile, in []*tensor.Dense) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := m.Export(path); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	compareFile(t, name, path, f, file, in)
}

func compareFile(t *testing.T, name, path string, f *graph.Func, file onnxFile, in []*tensor.Dense) []*tensor.Dense {
	t.Helper()
	want, err := f.Run(in...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := inONNXRuntime(t, path, file.inputs, in)
	for k, w := range want {
		largest, worst := 1e-3, 0.0
		for i, v := range graphtest.Float64s(w) {
			largest, worst = max(largest, math.Abs(v)), max(worst, math.Abs(v-got[k][i]))
		}
		if !(worst <= 1e-6*largest) {
			t.Errorf("%s: output %d differs by %.2g, of %.2g", name, k, worst, largest)
		}
	}
	return want
}

// Every kind of model with every cell gives in ONNX Runtime what it gives here.
func TestModelsInONNXRuntime(t *testing.T) {
	if testing.Short() {
		t.Skip("an interpreter starts for each of fifty models")
	}
	words, lengths := graph.Ints(graphtest.RandomIDs(1, 9, 7, 3).Ints(), 7, 3), graph.Ints([]int{7, 2, 5})
	table := waves(12, 0.3, false)
	for i, cell := range Cells() {
		if cell != "grud" {
			m := newLanguage(t, Config{Cell: cell, Layers: 2, LayerNorm: cell == "gru", Residual: i%2 == 1, Zoneout: map[bool]float64{true: 0.1}[cell == "lstm"]})
			state, err := m.State(3)
			if err != nil {
				t.Fatal(err)
			}
			compareRuntime(t, "language model "+cell, m, m.Next(), m.onnxFile(), append([]*tensor.Dense{words}, state...))
			c := newClasses(t, Config{Cell: cell, Pool: Poolings()[i%len(Poolings())], OneWay: i%2 == 0, Layers: 2, Tokens: "word"})
			compareRuntime(t, "classifier "+cell, c, c.Logits(), c.onnxFile(), []*tensor.Dense{words, lengths})
		}
		s := newSequences(t, Config{Cell: cell, OneWay: true, Sequence: SequenceConfig{Marks: cell == "grud"}}, table)
		width := s.config.inputLayout().width(s.own.inputs.features())
		rows := graphtest.Float32(graphtest.Random(4, 6, 3, width))
		if cell == "grud" {
			for k, v := range rows.Float32s() {
				rows.Float32s()[k] = max(v, -v)
			}
		}
		compareRuntime(t, "sequence model "+cell, s, s.Output(), s.onnxFile(), []*tensor.Dense{rows, graph.Ints([]int{6, 1, 4})})
	}
	for i, characters := range SpellingReaders() {
		m := newTags(t, Config{Cell: []string{"lstm", "mgu", "gru"}[i], Tag: TagConfig{Characters: characters}})
		read, err := m.read(people(5))
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.batches(read, datasets.Batching{Size: 5}, false)
		if err != nil {
			t.Fatal(err)
		}
		in, _ := b.Next()
		compareRuntime(t, "tagger "+characters, m, m.Emissions(), m.onnxFile(), in[:len(m.onnxFile().inputs)])
	}
	for _, output := range []string{"point", "quantile", "gaussian", "student-t"} {
		for _, cell := range []string{"gru", "minlstm"} {
			p := weeks(t, 3, 60, true, true)
			m := newForecasts(t, p, Config{Cell: cell, Layers: 2, Forecast: ForecastConfig{Output: output}})
			list, err := m.readAll(p, 0)
			if err != nil {
				t.Fatal(err)
			}
			in, _ := windows{m.config.Forecast, m.features}.inputs(list, []place{{0, 30}, {2, 41}}, false)
			for _, p := range m.onnxFile().inputs[len(in):] {
				in = append(in, zeroed(2, p.sizes[1]))
			}
			compareRuntime(t, "forecaster "+output+" "+cell, m, m.Outputs(), m.onnxFile(), in)
		}
	}
}

// The two files of a translator give what its encoder and its decoder give, with every attention.
func TestTranslatorsInONNXRuntime(t *testing.T) {
	if testing.Short() {
		t.Skip("an interpreter starts for each of the models")
	}
	sources, lengths := graph.Ints(graphtest.RandomIDs(1, 9, 5, 3).Ints(), 5, 3), graph.Ints([]int{5, 2, 3})
	for name, c := range translatorKinds() {
		m := newTranslations(t, c)
		path := filepath.Join(t.TempDir(), "m.onnx")
		if err := m.Export(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		encoder, decoder, err := m.onnxFiles()
		if err != nil {
			t.Fatal(err)
		}
		files := m.ExportFiles(path)
		read := compareFile(t, name+" encoder", files[0], m.function(encoder.build), encoder, []*tensor.Dense{sources, lengths})
		in := append([]*tensor.Dense{graph.Ints([]int{1, 4, 2})}, read...)
		if m.Config().Translate.Attention != noAttention {
			in = append(in, lengths)
		}
		compareFile(t, name+" decoder", files[1], m.function(decoder.build), decoder, in)
	}
}
