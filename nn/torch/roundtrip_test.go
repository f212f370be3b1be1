package torch_test

import (
	"bytes"
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
	"github.com/unroll-go/unroll/nn/torch"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

var update = flag.Bool("update", false, "record what PyTorch gives for the layers")

// pair is a layer of ours and the module of PyTorch's that it is.
type pair struct {
	name   string
	module string // the module, with the weights' names below "layer."
	call   string // what is computed of the module m and the input x
	ids    bool
	build  func(g *graph.Graph, x graph.Node) graph.Node
}

// alike is a module of nn that is PyTorch's for sequences [T, B, F].
func alike(name, module, call string, m nn.Module) pair {
	return pair{name: name, module: module, call: call, build: func(g *graph.Graph, x graph.Node) graph.Node { return m.Apply(g.Scope("layer"), x) }}
}

// layers are recurrent layers: their outputs, and then the final h of all layers and directions.
func layers(name, module string, l recurrent.Layer, states int) pair {
	return pair{
		name: name, module: module,
		call: "(lambda y, s: torch.cat([y.reshape(-1), (s[0] if isinstance(s, tuple) else s).reshape(-1)]))(*m(x))",
		build: func(g *graph.Graph, x graph.Node) graph.Node {
			y, s := l.Apply(g.Scope("layer"), x, recurrent.Options{})
			parts := []graph.Node{g.Reshape(y, -1)}
			for i := 0; i < len(s); i += states {
				parts = append(parts, g.Reshape(s[i], -1))
			}
			return g.Concat(0, parts...)
		},
	}
}

func pairs() []pair {
	const h = 5
	encoder := nn.TransformerEncoderLayer{Heads: 2, Hidden: 6, PostNorm: true}
	decoder := nn.TransformerDecoderLayer{Heads: 2, Hidden: 6, PostNorm: true}
	first := nn.TransformerEncoderLayer{Heads: 2, Hidden: 6, Activation: nn.GELU{}, Causal: true}
	const options = "4, 2, 6, dropout=0.0"
	const causal = "m(x, nn.Transformer.generate_square_subsequent_mask(len(x)), is_causal=True)"
	const decoded = "m(x, x.flip(2), tgt_mask=nn.Transformer.generate_square_subsequent_mask(len(x)))"
	both := recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: h}}
	return []pair{
		layers("nn.RNN", "nn.RNN(4, 5)", recurrent.Unidirectional{Cell: recurrent.RNN{Hidden: h}}, 1),
		layers("nn.RNN, relu", "nn.RNN(4, 5, num_layers=2, nonlinearity='relu')", recurrent.DeepOf(2, recurrent.Unidirectional{Cell: recurrent.RNN{Hidden: h, ReLU: true}}), 1),
		layers("nn.LSTM", "nn.LSTM(4, 5, num_layers=2)", recurrent.Unidirectional{Cell: recurrent.StackOf(2, recurrent.LSTM{Hidden: h})}, 2),
		layers("nn.LSTM, both ways", "nn.LSTM(4, 5, bidirectional=True)", recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: h}}, 2),
		layers("nn.LSTM, projection", "nn.LSTM(4, 5, num_layers=2, proj_size=3, bidirectional=True)",
			recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: h, Projection: 3}}), 2),
		layers("nn.GRU", "nn.GRU(4, 5)", recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: h}}, 1),
		layers("nn.GRU, both ways", "nn.GRU(4, 5, num_layers=2, bidirectional=True)", recurrent.DeepOf(2, both), 1),
		{name: "nn.Embedding", module: "nn.Embedding(9, 4)", call: "m(x)", ids: true,
			build: func(g *graph.Graph, x graph.Node) graph.Node {
				return nn.Embedding{Tokens: 9, Size: 4}.Apply(g.Scope("layer"), x)
			}},
		alike("nn.Linear", "nn.Linear(4, 3)", "m(x)", nn.Dense{Units: 3}),
		alike("nn.Linear, no bias", "nn.Linear(4, 3, bias=False)", "m(x)", nn.Dense{Units: 3, NoBias: true}),
		alike("nn.LayerNorm", "nn.LayerNorm(4)", "m(x)", nn.LayerNorm{}),
		alike("nn.RMSNorm", "nn.RMSNorm(4, eps=1e-6)", "m(x)", nn.RMSNorm{}),
		alike("nn.BatchNorm1d", "nn.BatchNorm1d(4)", "m(x.permute(1, 2, 0)).permute(2, 0, 1)", nn.BatchNorm{}),
		alike("nn.Conv1d", "nn.Conv1d(4, 3, 3, padding=1, stride=2, dilation=2)", "m(x.permute(1, 2, 0)).permute(2, 0, 1)",
			nn.Conv1D{Channels: 3, Kernel: 3, Pad: 1, Stride: 2, Dilation: 2}),
		alike("nn.Conv1d, weight norm", "torch.nn.utils.weight_norm(nn.Conv1d(4, 3, 2, padding='same'))", "m(x.permute(1, 2, 0)).permute(2, 0, 1)",
			nn.Conv1D{Channels: 3, Kernel: 2, Padding: nn.PadSame, WeightNorm: true}),
		{name: "nn.Conv2d", module: "nn.Conv2d(2, 6, (3, 2), stride=(1, 2), padding=1, groups=2)", call: "m(x.reshape(x.shape[1], 2, x.shape[0], 2))",
			build: func(g *graph.Graph, x graph.Node) graph.Node {
				view := g.Scope("layer")
				w, b := view.Param("weight", graph.GlorotUniform(), 6, 1, 3, 2), view.Param("bias", graph.Constant(0), 6)
				pad := graph.Window{Stride: []int{1, 2}, Before: []int{1, 1}, After: []int{1, 1}, Groups: 2}
				return g.Conv(g.Reshape(x, x.Dim(1), 2, x.Dim(0), 2), w, b, pad)
			}},
		alike("nn.MaxPool1d", "nn.MaxPool1d(2, stride=1)", "m(x.permute(1, 2, 0)).permute(2, 0, 1)", nn.MaxPool1D{Size: 2, Stride: 1}),
		alike("nn.AvgPool1d", "nn.AvgPool1d(2)", "m(x.permute(1, 2, 0)).permute(2, 0, 1)", nn.AvgPool1D{Size: 2}),
		alike("nn.GELU", "nn.GELU()", "m(x)", nn.GELU{}), alike("nn.SiLU", "nn.SiLU()", "m(x)", nn.SiLU{}),
		alike("nn.MultiheadAttention", "nn.MultiheadAttention(4, 2)", "m(x, x, x)[0]", nn.MultiHeadAttention{Heads: 2}),
		{name: "nn.MultiheadAttention, other keys", module: "nn.MultiheadAttention(4, 2, kdim=3, vdim=2)", call: "m(x, x[..., :3], x[..., 2:])[0]",
			build: func(g *graph.Graph, x graph.Node) graph.Node {
				y, _ := nn.MultiHeadAttention{Heads: 2}.Attend(g.Scope("layer"), x, g.Slice(x, 2, 0, 3), g.Slice(x, 2, 2, 4), graph.Node{})
				return y
			}},
		alike("nn.TransformerEncoderLayer", "nn.TransformerEncoderLayer("+options+")", "m(x)", encoder),
		alike("nn.TransformerEncoderLayer, norm first", "nn.TransformerEncoderLayer("+options+", norm_first=True, activation='gelu')", causal, first),
		alike("nn.TransformerEncoder", "nn.TransformerEncoder(nn.TransformerEncoderLayer("+options+"), 2, norm=nn.LayerNorm(4))", "m(x)",
			nn.TransformerEncoder{Layer: encoder, Layers: 2}),
		{name: "nn.TransformerDecoderLayer", module: "nn.TransformerDecoderLayer(" + options + ")", call: decoded,
			build: func(g *graph.Graph, x graph.Node) graph.Node {
				return decoder.Apply(g.Scope("layer"), x, g.Take(x, 2, 3, 2, 1, 0), graph.Node{}, graph.Node{})
			}},
		{name: "nn.TransformerDecoder", module: "nn.TransformerDecoder(nn.TransformerDecoderLayer(" + options + "), 2)", call: decoded,
			build: func(g *graph.Graph, x graph.Node) graph.Node {
				return nn.TransformerDecoder{Layer: decoder, Layers: 2, NoNorm: true}.Apply(g.Scope("layer"), x, g.Take(x, 2, 3, 2, 1, 0), graph.Node{}, graph.Node{})
			}},
	}
}

func (c pair) whole(g *graph.Graph, in []graph.Node) []graph.Node {
	return []graph.Node{c.build(g, in[0])}
}

// pairSizes are steps and batches.
var pairSizes = [][2]int{{5, 3}, {4, 1}, {9, 2}}

func (c pair) in(size [2]int) *tensor.Dense {
	if c.ids {
		return graphtest.RandomIDs(7, 9, size[0], size[1])
	}
	return graphtest.Float32(graphtest.Random(8, size[0], size[1], 4))
}

// filled returns a store with weights of which no two are alike.
func (c pair) filled(t *testing.T) *graph.Params {
	t.Helper()
	p := graph.NewParams(1)
	if _, err := graph.NewFunc(p, c.whole).Run(c.in(pairSizes[2])); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	for i := range p.Len() {
		v := p.At(i).Value().Float32s()
		copy(v, graphtest.Float32(graphtest.Random(uint64(50+i), len(v))).Float32s())
		for k := range v {
			if v[k] /= 2; strings.HasSuffix(p.At(i).Name(), "running_var") {
				v[k] = 0.5 + v[k]*v[k]
			}
		}
	}
	return p
}

// compare holds values against each other, as a share of the largest.
func (c pair) compare(t *testing.T, p *graph.Params, size [2]int, got *tensor.Dense, share float64) {
	t.Helper()
	out, err := graph.NewFunc(p, c.whole).Run(c.in(size))
	if err != nil {
		t.Fatal(err)
	}
	if got == nil || !slices.Equal(got.Shape(), out[0].Shape()) {
		t.Errorf("%s %v: not the shape %v", c.name, size, out[0].Shape())
		return
	}
	a, b, largest, worst := graphtest.Float64s(got), graphtest.Float64s(out[0]), 1e-3, 0.0
	for i := range a {
		largest, worst = max(largest, math.Abs(b[i])), max(worst, math.Abs(a[i]-b[i]))
	}
	if !(worst <= share*largest) {
		t.Errorf("%s %v differs by %.2g, the largest value is %.2g", c.name, size, worst, largest)
	}
}

// sameWeights holds a file's tensors against a store, bit by bit.
func (c pair) sameWeights(t *testing.T, p *graph.Params, path string) {
	t.Helper()
	if p.Len() == 0 {
		return
	}
	back := graph.NewParams(2)
	if _, err := torch.Load(back, path); err != nil {
		t.Errorf("%s: %v", c.name, err)
		return
	}
	for i := range p.Len() {
		w := p.At(i)
		b := back.Get(w.Name())
		if b == nil || !slices.Equal(b.Shape(), w.Shape()) || !slices.Equal(b.Value().Float32s(), w.Value().Float32s()) {
			t.Errorf("%s: %s is not what it was", c.name, w.Name())
		}
	}
}

const recordedPairs = "testdata/pairs/recorded.safetensors"

// Every layer that PyTorch has takes our weights under our names and computes the same, and its state dict brings them back.
func TestPairsInPyTorch(t *testing.T) {
	python := testutil.Python(t, "UNROLL_PYTHON", "import torch")
	type array struct {
		Shape []int     `json:"shape"`
		Ints  bool      `json:"ints"`
		Data  []float64 `json:"data"`
	}
	type job struct {
		Module string  `json:"module"`
		Call   string  `json:"call"`
		State  string  `json:"state"`
		Runs   []array `json:"runs"`
	}
	var jobs []job
	var stores []*graph.Params
	for i, c := range pairs() {
		p := c.filled(t)
		stores = append(stores, p)
		j := job{Module: c.module, Call: c.call, State: filepath.Join(t.TempDir(), fmt.Sprint(i, ".pt"))}
		if err := torch.Write(j.State, p.Tensors("")); err != nil {
			t.Fatal(err)
		}
		for _, size := range pairSizes {
			x := c.in(size)
			j.Runs = append(j.Runs, array{x.Shape(), c.ids, graphtest.Float64s(x)})
		}
		jobs = append(jobs, j)
	}
	input, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-W", "ignore", "testdata/run_modules.py")
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
	for i, c := range pairs() {
		for k, size := range pairSizes {
			got := graphtest.Float32(graph.Floats64(results[i][k].Data, results[i][k].Shape...))
			c.compare(t, stores[i], size, got, 1e-6)
			values = append(values, graph.Named{Name: fmt.Sprint(c.name, size), Value: got})
		}
		c.sameWeights(t, stores[i], jobs[i].State+".again.pt")
	}
	if *update && !t.Failed() {
		if err := graph.WriteSafetensors(recordedPairs, values, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// Where PyTorch is missing: its outputs are still ours, and a state dict still brings the weights back.
func TestPairsAreThoseOfPyTorch(t *testing.T) {
	rec, _ := graphtest.Golden(t, recordedPairs)
	for _, c := range pairs() {
		p := c.filled(t)
		for _, size := range pairSizes {
			c.compare(t, p, size, rec[fmt.Sprint(c.name, size)], 1e-5)
		}
		if p.Len() == 0 {
			continue
		}
		path := filepath.Join(t.TempDir(), "state.pt")
		if err := torch.Write(path, p.Tensors("")); err != nil {
			t.Fatal(err)
		}
		c.sameWeights(t, p, path)
	}
}
