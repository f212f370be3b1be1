package onnx_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/linear"
	"gorgonia.org/tensor"
)

// applied is an export of what a build function computes of features [T, B, 4] and lengths [B].
func applied(name string, build func(g *graph.Graph, x, lengths graph.Node) []graph.Node) export {
	whole := func(g *graph.Graph, in []graph.Node) []graph.Node { return build(g, in[0], in[1]) }
	return export{
		name: name, build: whole, inputs: []onnx.Port{numbersPort("x", time, batch, onnx.Dim{Size: 4}), lengthsPort},
		in: func(T, B int) []*tensor.Dense {
			n := lengths(T, B)
			n.Ints()[B-1] = max(0, n.Ints()[B-1]-2) // an empty one among the short
			return []*tensor.Dense{features(T, B), n}
		},
	}
}

// walked has a cell read in one direction or in both, with lengths.
func walked(name string, cell recurrent.Cell) export {
	return applied("cell "+name, func(g *graph.Graph, x, n graph.Node) []graph.Node {
		y, s := recurrent.Unroll(g.Scope("forward"), cell, x, recurrent.Options{Lengths: n})
		z, _ := recurrent.Unroll(g.Scope("backward"), cell, y, recurrent.Options{Lengths: n, Reverse: true})
		return append([]graph.Node{z}, s...)
	})
}

// module has a layer of nn in a scope.
func module(name string, m nn.Module) export {
	return applied("layer "+name, func(g *graph.Graph, x, n graph.Node) []graph.Node {
		return []graph.Node{m.Apply(g.Scope("layer"), x)}
	})
}

func writtenCells() []export {
	const h = 6
	return []export{
		walked("rnn", recurrent.RNN{Hidden: h}),
		walked("rnn relu", recurrent.RNN{Hidden: h, ReLU: true}),
		walked("lstm", recurrent.LSTM{Hidden: h}),
		walked("lstm peepholes", recurrent.LSTM{Hidden: h, Peepholes: true}),
		walked("lstm projection", recurrent.LSTM{Hidden: h, Projection: 3}),
		walked("lstm coupled", recurrent.LSTM{Hidden: h, Coupled: true}),
		walked("lstm no forget", recurrent.LSTM{Hidden: h, NoForget: true}),
		walked("lstm norm", recurrent.LSTM{Hidden: h, LayerNorm: true}),
		walked("lstm all", recurrent.LSTM{Hidden: h, Peepholes: true, LayerNorm: true, Projection: 2, Coupled: true}),
		walked("gru", recurrent.GRU{Hidden: h}),
		walked("gru reset before", recurrent.GRU{Hidden: h, ResetBefore: true}),
		walked("gru norm", recurrent.GRU{Hidden: h, LayerNorm: true}),
		walked("mgu", recurrent.MGU{Hidden: h}),
		walked("ligru", recurrent.LiGRU{Hidden: h}),
		walked("ligru norm", recurrent.LiGRU{Hidden: h, LayerNorm: true}),
		walked("indrnn", recurrent.IndRNN{Hidden: h, Tanh: true, Limit: 0.6}),
		walked("cornn", recurrent.CoRNN{Hidden: h, Interval: 0.3}),
		walked("sru", recurrent.SRU{Hidden: h, Peepholes: true, HighwayBias: -1}),
		walked("qrnn", recurrent.QRNN{Hidden: h, Window: 3}),
		walked("min gru", recurrent.MinGRU{Hidden: h}),
		walked("min lstm", recurrent.MinLSTM{Hidden: h}),
		walked("lru", recurrent.LRU{Hidden: h, State: h + 2}),
		walked("slstm", recurrent.SLSTM{Hidden: h, Heads: 2, Exponential: true}),
		walked("mlstm", recurrent.MLSTM{Hidden: h, Heads: 2}),
		walked("conv lstm", recurrent.ConvLSTM{Places: 2, Channels: 3, Kernel: 3, Peepholes: true}),
		walked("stack", recurrent.Stack{Cells: []recurrent.Cell{recurrent.GRU{Hidden: h}, recurrent.StackOf(2, recurrent.RNN{Hidden: h})}}),
		walked("multiplicative lstm", recurrent.MultiplicativeLSTM{Hidden: h}),
		walked("mamba", linear.Mamba{Hidden: h, Inner: 5, State: 3}),
		walked("mamba2", linear.Mamba2{Hidden: h, Inner: 4, Heads: 2, State: 3}),
		walked("griffin", linear.Griffin{Hidden: h, Heads: 2}),
		walked("hgrn", linear.HGRN{Hidden: h, State: 3}),
		walked("hgrn2", linear.HGRN2{Hidden: h, Heads: 2, Key: 2}),
		walked("s4d", linear.S4D{Hidden: 4, State: 3}),
		walked("s5", linear.S5{Hidden: h, State: 3}),
		walked("complex lru", linear.ComplexLRU{Hidden: h, State: 3}),
		walked("linoss", linear.LinOSS{Hidden: h, State: 3}),
		walked("retnet", linear.RetNet{Hidden: h, Heads: 2, Key: 2}),
		walked("gla", linear.GLA{Hidden: h, Heads: 2, Rank: 2}),
		walked("lightning", linear.LightningAttention{Hidden: h, Heads: 2}),
		walked("delta net", linear.DeltaNet{Hidden: h, Heads: 2, Key: 2}),
		walked("gated delta net", linear.GatedDeltaNet{Hidden: h, Heads: 2, Key: 2}),
		walked("rwkv4", linear.RWKV4TimeMix{Hidden: 4}),
		walked("rwkv4 channels", linear.RWKV4ChannelMix{Hidden: 4, Inner: 3}),
		walked("rwkv7", linear.RWKV7{Hidden: 4, Head: 2, Forward: 3, DecayRank: 2, RateRank: 2, ValueRank: 2, GateRank: 2}),
		walked("xlstm", linear.XLSTM{Hidden: 4}),
		walked("mlstm block", linear.MLSTMBlock{Hidden: 4}),
		walked("slstm block", recurrent.SLSTMBlock{Hidden: 4}),
		applied("cell selective scan", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			wide := graph.GlorotUniform()
			delta, b, c := g.Softplus(x), g.Slice(x, 2, 0, 3), g.Slice(x, 2, 1, 4)
			y, last := g.SelectiveScan(x, delta, g.Neg(g.Exp(g.Param("rates", wide, 4, 3))), b, c, g.Full(0.5, x.Dim(1), 12), true)
			return []graph.Node{y, last}
		}),
		walked("zoneout", recurrent.Zoneout{Cell: recurrent.MGU{Hidden: h}, HiddenRate: 0.3}),
		applied("cell gru d", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			y, s := recurrent.Unroll(g, recurrent.GRUD{Hidden: h, Features: 2}, g.Concat(2, x, g.Sigmoid(g.Slice(x, 2, 1, 3))), recurrent.Options{Lengths: n})
			return append([]graph.Node{y}, s...)
		}),
		applied("cell lstm both ways", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			d := recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 3}})
			y, s := d.Apply(g.Scope("rnn"), x, recurrent.Options{Lengths: n})
			return append([]graph.Node{y}, s...)
		}),
		applied("cell gru carried", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			first := recurrent.State{g.Add(g.Mean(x, 0), g.Full(1))}
			y, s := recurrent.Unroll(g.Scope("rnn"), recurrent.GRU{Hidden: 4}, x, recurrent.Options{Lengths: n, Initial: first})
			z, r := recurrent.Bidirectional{Cell: recurrent.RNN{Hidden: 4, ReLU: true}}.Apply(g.Scope("both"), y, recurrent.Options{Initial: recurrent.State{s[0], first[0]}})
			return append([]graph.Node{z, y}, append(r, s...)...)
		}),
		applied("cell scan", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			y, s := recurrent.Scan(g, recurrent.LRU{Hidden: h}, x, recurrent.Options{Lengths: n, Reverse: true})
			return append([]graph.Node{y}, s...)
		}),
		applied("cell bidirectional", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			d := recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.MGU{Hidden: 2}, Merge: recurrent.MergeConcat})
			d.Residual = true
			y, s := d.Apply(g, x, recurrent.Options{Lengths: n})
			return append([]graph.Node{y}, s...)
		}),
		applied("cell highway", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			d := recurrent.DeepOf(2, recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: 4}})
			d.Highway = true
			y, s := d.Apply(g, x, recurrent.Options{Lengths: n, LearnInitial: true})
			return append([]graph.Node{y}, s...)
		}),
	}
}

func writtenLayers() []export {
	return []export{
		module("dense", nn.Dense{Units: 3}),
		module("layer norm", nn.LayerNorm{}),
		module("rms norm", nn.RMSNorm{}),
		module("batch norm", nn.BatchNorm{}),
		module("gelu", nn.GELU{}),
		module("gelu tanh", nn.GELU{Tanh: true}),
		module("silu", nn.SiLU{}),
		module("conv same", nn.Conv1D{Channels: 3, Kernel: 4, Padding: nn.PadSame}),
		module("conv causal", nn.Conv1D{Channels: 3, Kernel: 3, Padding: nn.PadCausal, Dilation: 2}),
		module("conv stride", nn.Conv1D{Channels: 3, Kernel: 3, Pad: 2, Stride: 2, WeightNorm: true}),
		applied("layer windows", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			long := g.Concat(0, x, g.Full(0.5, 2, x.Dim(1), 4)) // of three steps at least
			picture := g.Reshape(g.Transpose(long, 1, 2, 0), x.Dim(1), 2, 2, long.Dim(0))
			w := g.Param("weight", graph.GlorotUniform(), 3, 2, 2, 3)
			return []graph.Node{
				nn.MaxPool1D{Size: 2}.Apply(g, long), nn.MaxPool1D{Size: 3, Stride: 2}.Apply(g, long),
				nn.AvgPool1D{Size: 3}.Apply(g, long), nn.AvgPool1D{Size: 2, Stride: 1}.Apply(g, long),
				g.Conv(picture, w, g.Param("bias", graph.Constant(0), 3), graph.Window{Stride: []int{1, 2}, After: []int{1, 0}}),
			}
		}),
		applied("layer embedding", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			return []graph.Node{nn.Embedding{Tokens: 4, Size: 3}.Apply(g.Scope("embedding"), g.ArgMax(x))}
		}),
		module("tcn", nn.TCN{Channels: []int{3, 5}, Kernel: 2}),
		module("positions", nn.SinusoidalPositions{}),
		module("learned positions", nn.LearnedPositions{Max: 2000}),
		module("attention", nn.MultiHeadAttention{Heads: 2}),
		module("causal attention", nn.MultiHeadAttention{Heads: 2, Causal: true}),
		module("transformer", nn.TransformerEncoder{Layer: nn.TransformerEncoderLayer{Heads: 2, Causal: true}, Layers: 2}),
		applied("layer adaptive head", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			return []graph.Node{nn.AdaptiveHead{Classes: 9, Cutoffs: []int{3, 6}, DivValue: 2}.Apply(g, x)}
		}),
		applied("layer padded", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			return []graph.Node{
				nn.MultiHeadAttention{Heads: 2}.ApplyPadded(g.Scope("attention"), x, n),
				nn.TransformerEncoder{Layer: nn.TransformerEncoderLayer{Heads: 2, PostNorm: true, Activation: nn.GELU{}}, Layers: 1, NoNorm: true}.ApplyPadded(g.Scope("encoder"), x, n),
				nn.BatchNorm{}.ApplyPadded(g.Scope("norm"), x, n),
				nn.GlobalMaxPool{}.ApplyPadded(g, x, n),
				nn.GlobalMeanPool{}.ApplyPadded(g, x, n),
				nn.ClearPadding(g, x, n),
			}
		}),
		applied("layer decoder", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			memory := nn.Dense{Units: 4}.Apply(g.Scope("memory"), x)
			return []graph.Node{nn.TransformerDecoder{Layer: nn.TransformerDecoderLayer{Heads: 2}, Layers: 2}.Apply(g.Scope("decoder"), x, memory, n, n)}
		}),
		applied("layer operations", func(g *graph.Graph, x, n graph.Node) []graph.Node {
			B := x.Dim(1)
			y := g.Transpose(x, 1, 2, 0)                           // [B, 4, T]
			w := g.Param("weight", graph.GlorotUniform(), 6, 2, 2) // of two groups
			c := g.Conv(y, w, g.Param("bias", graph.Constant(1), 6), graph.Window{Groups: 2, Before: []int{1}, After: []int{2}, Stride: []int{2}})
			return []graph.Node{
				c, g.MaxPool(y, graph.Window{Size: []int{2}, Before: []int{1}}), g.SumPool(y, graph.Window{Size: []int{2}, After: []int{1}}),
				g.LogSumExp(x, 0), g.Softmax(x, 0), g.Max(x), g.Sum(x, 0, 2), g.Mean(x, 1), g.LogSoftmax(x, 2),
				g.Pow(g.Abs(x), g.Full(1.5)), g.Less(x, g.Full(0)), g.Clamp(x, -0.5, 0.5), g.Softplus(x), g.Erf(x), g.Square(x), g.Sqrt(g.Exp(x)),
				g.OneHotMax(x), g.Reshape(x, -1, 2), g.Reshape(x, 2, -1, B), g.Gather(g.Param("table", graph.GlorotUniform(), 4, 3), g.ArgMax(x)),
			}
		}),
	}
}

// written are all exports.
func written() []export { return slices.Concat(writtenModels(), writtenCells(), writtenLayers()) }

// writtenFile writes an export of calm weights.
func writtenFile(t *testing.T, e export) (*graph.Params, string) {
	t.Helper()
	p := calm(filled(t, e))
	b := onnx.NewBuilder(p)
	e.write(b)
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := b.Write(path); err != nil {
		t.Fatal(err)
	}
	return p, path
}

// digest tells files apart.
func digest(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// recordedRuns has what ONNX Runtime gave for the files of Apply, and the files' digests.
const recordedRuns = "testdata/applied.safetensors"

// What Apply writes gives the same in ONNX Runtime, for every number of steps and batch size.
func TestAppliedRunsInONNXRuntime(t *testing.T) {
	if testing.Short() {
		t.Skip("ONNX Runtime runs a hundred files")
	}
	interpreter := python(t)
	var values []graph.Named
	digests := map[string]string{}
	for _, e := range written() {
		t.Run(e.name, func(t *testing.T) {
			p, path := writtenFile(t, e)
			digests[e.name] = digest(t, path)
			var runs [][]*tensor.Dense
			for _, size := range sizes {
				runs = append(runs, e.in(size[0], size[1]))
			}
			for i, got := range inRuntime(t, interpreter, path, e.inputs, runs) {
				want, err := graph.NewFunc(p, e.build).Run(runs[i]...)
				if err != nil {
					t.Fatal(err)
				}
				for k := range want {
					name := fmt.Sprint(e.name, " y", k, sizes[i])
					within(t, name, got[k], want[k], 1e-6)
					values = append(values, graph.Named{Name: name, Value: graphtest.Float32(got[k])})
				}
			}
		})
	}
	if *update && !t.Failed() {
		if err := graph.WriteSafetensors(recordedRuns, values, digests); err != nil {
			t.Fatal(err)
		}
	}
}

// Where ONNX Runtime is missing: the files are still those that it ran, and its outputs still ours.
func TestAppliedIsWhatONNXRuntimeRan(t *testing.T) {
	rec, digests := graphtest.Golden(t, recordedRuns)
	for _, e := range written() {
		p, path := writtenFile(t, e)
		if digest(t, path) != digests[e.name] {
			t.Errorf("%s is not the file that was recorded; run TestAppliedRunsInONNXRuntime with -update where ONNX Runtime is", e.name)
		}
		for _, size := range sizes {
			want, err := graph.NewFunc(p, e.build).Run(e.in(size[0], size[1])...)
			if err != nil {
				t.Fatal(err)
			}
			for k := range want {
				name := fmt.Sprint(e.name, " y", k, size)
				within(t, name, rec[name], want[k], 1e-5)
			}
		}
	}
}

// calm halves the weights, with which a recurrence of many steps would make much of every rounding, and gives variances that are
// none above 0.
func calm(p *graph.Params) *graph.Params {
	for i := range p.Len() {
		for k, v := range p.At(i).Value().Float32s() {
			p.At(i).Value().Float32s()[k] = v / 2
			if strings.HasSuffix(p.At(i).Name(), "running_var") {
				p.At(i).Value().Float32s()[k] = 0.5 + v*v
			}
		}
	}
	return p
}

// within compares to a share of the largest value.
func within(t *testing.T, name string, got, want *tensor.Dense, share float64) {
	t.Helper()
	if got == nil || want.Size() != got.Size() || want.Dims() > 0 && !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("%s has not the shape %v", name, want.Shape())
		return
	}
	a, b, largest, worst := graphtest.Float64s(got), graphtest.Float64s(want), 1e-3, 0.0
	for i := range a {
		largest, worst = max(largest, math.Abs(b[i])), max(worst, math.Abs(a[i]-b[i]))
	}
	if !(worst <= share*largest) {
		t.Errorf("%s differs by %.2g, the largest value is %.2g", name, worst, largest)
	}
}

// What Apply writes comes back and computes the same, for every number of steps and batch size. Not so the positions, whose angles are
// of 64 bits: they make it a model of float64.
func TestAppliedComesBack(t *testing.T) {
	for _, e := range written() {
		if e.name == "layer positions" {
			continue
		}
		p, path := writtenFile(t, e)
		m, err := onnx.Read(path)
		if err != nil {
			t.Errorf("%s: %v", e.name, err)
			continue
		}
		back, err := m.Params(1)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(plainModels, func(plain export) bool { return plain.name == e.name }) {
			sameStores(t, back, p)
		}
		for _, size := range sizes {
			in := e.in(size[0], size[1])
			want, err := graph.NewFunc(p, e.build).Run(in...)
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Inputs()) == 1 { // it has no use for lengths
				in = in[:1]
			}
			got, err := graph.NewFunc(back, m.Build).Run(in...)
			if err != nil {
				t.Errorf("%s: %v", e.name, err)
				break
			}
			for k := range want {
				within(t, fmt.Sprint(e.name, " y", k, size), got[k], want[k], 1e-6)
			}
		}
	}
}

// What ONNX has no operator for, or one file cannot say for all sizes, is refused, all of it at once.
func TestApplyRefuses(t *testing.T) {
	for _, c := range []struct {
		build func(g *graph.Graph, x graph.Node) graph.Node
		want  []string
	}{
		{func(g *graph.Graph, x graph.Node) graph.Node {
			return g.Add(g.LogGamma(x), g.Mul(g.RandomMask(0.5, 4), x))
		},
			[]string{"log gamma", "random mask"}},
		{func(g *graph.Graph, x graph.Node) graph.Node {
			return g.Add(x, g.Param("missing", graph.Constant(0), 4))
		},
			[]string{"the store has no parameter missing"}},
		{func(g *graph.Graph, x graph.Node) graph.Node { return g.Add(x, g.Input("other", 4)) }, []string{"an input of its own"}},
		{func(g *graph.Graph, x graph.Node) graph.Node {
			for range x.Dim(0) {
				x = g.Tanh(x)
			}
			return x
		}, []string{"other operations for other sizes of time and batch"}},
		{func(g *graph.Graph, x graph.Node) graph.Node {
			return g.MaxPool(g.Transpose(x, 1, 2, 0), graph.Window{Size: []int{x.Dim(0)}})
		}, []string{"a window that depends on sizes"}},
		{func(g *graph.Graph, x graph.Node) graph.Node { return g.MatMul(x, x) }, []string{"sizes"}},
		{func(*graph.Graph, graph.Node) graph.Node { return graph.Node{} }, []string{"want nodes"}},
	} {
		b := onnx.NewBuilder(graph.NewParams(1))
		for _, v := range b.Apply(func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{c.build(g, in[0])} }, b.Sequence("x", 4)) {
			b.Output("y", v)
		}
		err := b.Write(filepath.Join(t.TempDir(), "m.onnx"))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v; want %q", err, want)
			}
		}
	}
}
