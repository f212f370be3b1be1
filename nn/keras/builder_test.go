package keras_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"math"
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

var update = flag.Bool("update", false, "record what Keras gives for the models that are written")

// written is a model of ours, [T, B, ...], and the lines that write it.
type written struct {
	name  string
	ids   bool
	build func(g *graph.Graph, x graph.Node) graph.Node
	write func(b *keras.Builder, x keras.Value) keras.Value
}

// module is a layer of nn by itself.
func module(name string, m nn.Module) written {
	return written{name: name,
		build: func(g *graph.Graph, x graph.Node) graph.Node { return m.Apply(g.Scope("layer"), x) },
		write: func(b *keras.Builder, x keras.Value) keras.Value { return b.Module(x, "layer", m) }}
}

// layered is a recurrent layer by itself.
func layered(name string, l recurrent.Layer, last bool) written {
	return written{name: name,
		build: func(g *graph.Graph, x graph.Node) graph.Node {
			y, s := l.Apply(g.Scope("rnn"), x, recurrent.Options{})
			if last {
				return recurrent.LastHidden(g, l, s)
			}
			return y
		},
		write: func(b *keras.Builder, x keras.Value) keras.Value { return b.Recurrent(x, "rnn", l, last) }}
}

func writtenModels() []written {
	const h = 5
	lstm, gru := recurrent.LSTM{Hidden: h}, recurrent.GRU{Hidden: h}
	residual := recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.RNN{Hidden: 2}})
	residual.Residual = true
	tagger := recurrent.DeepOf(2, recurrent.Bidirectional{Cell: lstm})
	return []written{
		module("dense", nn.Dense{Units: 3}), module("dense without bias", nn.Dense{Units: 3, NoBias: true}), module("head", nn.Head{Classes: 6}),
		module("layer norm", nn.LayerNorm{}), module("layer norm without bias", nn.LayerNorm{NoBias: true, Epsilon: 1e-3}),
		module("batch norm", nn.BatchNorm{}), module("batch norm alone", nn.BatchNorm{NoAffine: true}),
		module("gelu", nn.GELU{}), module("silu", nn.SiLU{}), module("dropout", nn.Dropout{Rate: 0.3}),
		module("residual", nn.Residual{Module: nn.Dense{Units: 4}}),
		module("conv", nn.Conv1D{Channels: 3, Kernel: 2}), module("conv same", nn.Conv1D{Channels: 3, Kernel: 4, Padding: nn.PadSame}),
		module("conv causal", nn.Conv1D{Channels: 3, Kernel: 3, Dilation: 2, Padding: nn.PadCausal}),
		module("conv padded", nn.Conv1D{Channels: 3, Kernel: 3, Stride: 2, Pad: 2, NoBias: true}),
		module("max pool", nn.MaxPool1D{Size: 2}), module("avg pool", nn.AvgPool1D{Size: 2, Stride: 1}),
		module("global max", nn.GlobalMaxPool{}), module("global mean", nn.GlobalMeanPool{}),
		module("attention", nn.MultiHeadAttention{Heads: 2}), module("attention without bias", nn.MultiHeadAttention{Heads: 4, NoBias: true}),
		layered("rnn", recurrent.Unidirectional{Cell: recurrent.RNN{Hidden: h}}, false),
		layered("rnn relu", recurrent.Unidirectional{Cell: recurrent.RNN{Hidden: h, ReLU: true}}, true),
		layered("lstm", recurrent.Unidirectional{Cell: lstm}, false), layered("lstm last", recurrent.Unidirectional{Cell: lstm}, true),
		layered("gru", recurrent.Unidirectional{Cell: gru}, false),
		layered("gru reset before", recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: h, ResetBefore: true}}, false),
		layered("both ways", recurrent.Bidirectional{Cell: gru}, false), layered("both ways last", recurrent.Bidirectional{Cell: lstm}, true),
		layered("both ways sum", recurrent.Bidirectional{Cell: lstm, Merge: recurrent.MergeSum}, false),
		layered("both ways average", recurrent.Bidirectional{Cell: recurrent.RNN{Hidden: h}, Merge: recurrent.MergeAverage}, false),
		layered("both ways product", recurrent.Bidirectional{Cell: gru, Merge: recurrent.MergeMultiply}, false),
		layered("stack", recurrent.Unidirectional{Cell: recurrent.StackOf(2, lstm)}, true), layered("residual layers", residual, false),
		{name: "tagger", ids: true,
			build: func(g *graph.Graph, x graph.Node) graph.Node {
				e := nn.Embedding{Tokens: 9, Size: 4}.Apply(g.Scope("embedding"), x)
				y, _ := tagger.Apply(g.Scope("lstm"), e, recurrent.Options{})
				return g.Softmax(nn.Head{Classes: 3}.Apply(g.Scope("head"), y), -1)
			},
			write: func(b *keras.Builder, x keras.Value) keras.Value {
				y := b.Recurrent(b.Module(x, "embedding", nn.Embedding{Tokens: 9, Size: 4}), "lstm", tagger, false)
				return b.Activation(b.Module(y, "head", nn.Head{Classes: 3}), "softmax")
			}},
		{name: "branches", // of one class and of equal sizes: only the order tells whose weights are whose
			build: func(g *graph.Graph, x graph.Node) graph.Node {
				a := nn.Dense{Units: 4}.Apply(g.Scope("a"), x)
				b := nn.Dense{Units: 4}.Apply(g.Scope("b"), g.Tanh(nn.Dense{Units: 4}.Apply(g.Scope("c"), x)))
				d := nn.Dense{Units: 4}.Apply(g.Scope("d"), g.Add(x, g.ReLU(a)))
				return nn.Dense{Units: 2}.Apply(g.Scope("e"), g.Concat(2, d, g.Sigmoid(b), a))
			},
			write: func(w *keras.Builder, x keras.Value) keras.Value {
				a := w.Module(x, "a", nn.Dense{Units: 4})
				b := w.Module(w.Activation(w.Module(x, "c", nn.Dense{Units: 4}), "tanh"), "b", nn.Dense{Units: 4})
				d := w.Module(w.Add(x, w.Activation(a, "relu")), "d", nn.Dense{Units: 4})
				return w.Module(w.Concat(d, w.Activation(b, "sigmoid"), a), "e", nn.Dense{Units: 2})
			}},
	}
}

// kerasSizes are steps and batches.
var kerasSizes = [][2]int{{5, 3}, {4, 1}, {9, 2}}

func (m written) in(T, B int) *tensor.Dense {
	if m.ids {
		return graphtest.RandomIDs(7, 9, T, B)
	}
	return graphtest.Float32(graphtest.Random(8, T, B, 4))
}

// turned swaps the first two axes: Keras has the batch first.
func turned(x *tensor.Dense) *tensor.Dense {
	s := x.Shape()
	width := x.Size() / (s[0] * s[1])
	at := func(i int) int { return (i/width%s[0]*s[1]+i/width/s[0])*width + i%width }
	shape := append([]int{s[1], s[0]}, s[2:]...)
	if x.Dtype() == tensor.Int {
		out := make([]int, x.Size())
		for i := range out {
			out[i] = x.Ints()[at(i)]
		}
		return graph.Ints(out, shape...)
	}
	out := make([]float32, x.Size())
	for i := range out {
		out[i] = x.Float32s()[at(i)]
	}
	return graph.Floats(out, shape...)
}

// file writes the model with weights of which no two are alike.
func (m written) file(t *testing.T) (*graph.Params, string) {
	t.Helper()
	p := graph.NewParams(1)
	if _, err := graph.NewFunc(p, m.whole).Run(m.in(9, 2)); err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		copy(p.At(i).Value().Float32s(), graphtest.Float32(graphtest.Random(uint64(50+i), p.At(i).Len())).Float32s())
		if strings.HasSuffix(p.At(i).Name(), "running_var") {
			for k, v := range p.At(i).Value().Float32s() {
				p.At(i).Value().Float32s()[k] = 0.5 + v*v
			}
		}
	}
	b := keras.NewBuilder(p)
	if m.ids {
		b.Output(m.write(b, b.IDs("ids")))
	} else {
		b.Output(m.write(b, b.Sequence("x", 4)))
	}
	path := filepath.Join(t.TempDir(), "model.keras")
	if err := b.Write(path); err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	return p, path
}

func (m written) whole(g *graph.Graph, in []graph.Node) []graph.Node {
	return []graph.Node{m.build(g, in[0])}
}

// want is what the model gives, batch first.
func (m written) want(t *testing.T, p *graph.Params, T, B int) *tensor.Dense {
	t.Helper()
	out, err := graph.NewFunc(p, m.whole).Run(m.in(T, B))
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Dims() < 3 {
		return out[0]
	}
	return turned(out[0])
}

// share compares to a share of the largest value.
func share(t *testing.T, name string, got, want *tensor.Dense, most float64) {
	t.Helper()
	if got == nil || !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("%s has not the shape %v", name, want.Shape())
		return
	}
	a, b, largest, worst := graphtest.Float64s(got), graphtest.Float64s(want), 1e-3, 0.0
	for i := range a {
		largest, worst = max(largest, math.Abs(b[i])), max(worst, math.Abs(a[i]-b[i]))
	}
	if !(worst <= most*largest) {
		t.Errorf("%s differs by %.2g, the largest value is %.2g", name, worst, largest)
	}
}

// reopened runs a file of a model in Go.
func (m written) reopened(t *testing.T, path string, p *graph.Params, most float64) {
	t.Helper()
	n, err := keras.Open(path, keras.Options{})
	if err != nil {
		t.Errorf("%s: %v", m.name, err)
		return
	}
	back, err := n.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range kerasSizes {
		got, err := graph.NewFunc(back, n.Build).Run(turned(m.in(size[0], size[1])))
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			return
		}
		share(t, fmt.Sprint(m.name, size), got[0], m.want(t, p, size[0], size[1]), most)
	}
}

// What is written comes back, and computes the same.
func TestWrittenModelsComeBack(t *testing.T) {
	for _, m := range writtenModels() {
		p, path := m.file(t)
		m.reopened(t, path, p, 1e-6)
	}
}

const recordedModels = "testdata/written.safetensors"

// Keras computes the same of what is written, and what it saves again comes back.
func TestWrittenModelsInKeras(t *testing.T) {
	python := testutil.Python(t, "UNROLL_PYTHON_KERAS", "import keras")
	type array struct {
		Shape []int     `json:"shape"`
		Ints  bool      `json:"ints"`
		Data  []float64 `json:"data"`
	}
	type job struct {
		Model string    `json:"model"`
		Runs  [][]array `json:"runs"`
	}
	var jobs []job
	var stores []*graph.Params
	for _, m := range writtenModels() {
		p, path := m.file(t)
		stores = append(stores, p)
		j := job{Model: path}
		for _, size := range kerasSizes {
			x := turned(m.in(size[0], size[1]))
			j.Runs = append(j.Runs, []array{{x.Shape(), m.ids, graphtest.Float64s(x)}})
		}
		jobs = append(jobs, j)
	}
	input, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/run_models.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	data, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var results [][]array
	if err := json.Unmarshal(data, &results); err != nil {
		t.Fatal(err)
	}
	var values []graph.Named
	digests := map[string]string{}
	for i, m := range writtenModels() {
		digests[m.name] = digest(t, jobs[i].Model)
		for k, size := range kerasSizes {
			name := fmt.Sprint(m.name, size)
			got := graphtest.Float32(graph.Floats64(results[i][k].Data, results[i][k].Shape...))
			share(t, name, got, m.want(t, stores[i], size[0], size[1]), 1e-6)
			values = append(values, graph.Named{Name: name, Value: got})
		}
		m.reopened(t, jobs[i].Model+".again.keras", stores[i], 1e-6)
	}
	if *update && !t.Failed() {
		if err := graph.WriteSafetensors(recordedModels, values, digests); err != nil {
			t.Fatal(err)
		}
	}
}

func digest(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// Where Keras is missing: the files are still those that it ran, and its outputs still ours.
func TestWrittenModelsAreThoseThatKerasRan(t *testing.T) {
	rec, digests := graphtest.Golden(t, recordedModels)
	for _, m := range writtenModels() {
		p, path := m.file(t)
		if digest(t, path) != digests[m.name] {
			t.Errorf("%s is not the file that was recorded; run TestWrittenModelsInKeras with -update where Keras is", m.name)
		}
		for _, size := range kerasSizes {
			name := fmt.Sprint(m.name, size)
			share(t, name, rec[name], m.want(t, p, size[0], size[1]), 1e-5)
		}
	}
}

// All that Keras lacks is said at once.
func TestBuilderRefuses(t *testing.T) {
	p := graph.NewParams(1)
	b := keras.NewBuilder(p)
	x := b.Sequence("x", 4)
	for _, m := range []nn.Module{nn.RMSNorm{}, nn.GELU{Tanh: true}, nn.Conv1D{WeightNorm: true}, nn.Dense{Units: 3}} {
		b.Output(b.Module(x, "layer", m))
	}
	for _, l := range []recurrent.Layer{recurrent.Unidirectional{Cell: recurrent.MGU{Hidden: 3}}, recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: 3, Peepholes: true}}} {
		b.Output(b.Recurrent(x, "rnn", l, false))
	}
	err := b.Write(filepath.Join(t.TempDir(), "m.keras"))
	for _, want := range []string{"nn.RMSNorm layer", "with tanh", "weight normalisation", "no parameter layer.weight", "recurrent.MGU", "an LSTM with peepholes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if err := keras.NewBuilder(nil).Write("m.keras"); err == nil {
		t.Error("a builder without a store writes")
	}
	var empty keras.Builder
	empty.Output(empty.Module(empty.Sequence("x", 3), "a", nn.SiLU{}))
	if err := empty.Write("m.keras"); err == nil || !strings.Contains(err.Error(), "NewBuilder") {
		t.Error(err)
	}
}
