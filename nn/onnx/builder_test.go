package onnx_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// export is a model of ours, and the lines that write it.
type export struct {
	name  string
	build graph.Build
	write func(b *onnx.Builder)
	in    func(T, B int) []*tensor.Dense
}

func ids(T, B int) *tensor.Dense { return graphtest.RandomIDs(7, 9, T, B) }

func features(T, B int) *tensor.Dense { return graphtest.Float32(graphtest.Random(8, T, B, 4)) }

// lengths are T, T-1, T-2 and so on, not below 1.
func lengths(T, B int) *tensor.Dense {
	n := make([]int, B)
	for i := range n {
		n[i] = max(1, T-i)
	}
	return graph.Ints(n, B)
}

// bidirectional is a stack of layers in both directions, with the names of PyTorch.
func bidirectional(g *graph.Graph, layers int, cell recurrent.Cell, x graph.Node, lengths graph.Node) (y graph.Node, last graph.Node) {
	for k := range layers {
		a, sa := recurrent.Unroll(recurrent.InLayer(g, k), cell, x, recurrent.Options{Lengths: lengths})
		b, sb := recurrent.Unroll(recurrent.InReverse(recurrent.InLayer(g, k)), cell, x, recurrent.Options{Lengths: lengths, Reverse: true})
		x, last = g.Concat(2, a, b), g.Concat(1, sa[0], sb[0])
	}
	return x, last
}

var exports = []export{
	{
		name: "language model",
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			x := nn.Embedding{Tokens: 9, Size: 4}.Apply(g.Scope("embedding"), in[0])
			h := g.Split(in[1], 0, 2)
			c := g.Split(in[2], 0, 2)
			B := in[0].Dim(1)
			flat := func(n graph.Node) graph.Node { return g.Reshape(n, B, 5) }
			y, s := recurrent.Unroll(g.Scope("lstm"), recurrent.StackOf(2, recurrent.LSTM{Hidden: 5}), x,
				recurrent.Options{Initial: recurrent.State{flat(h[0]), flat(c[0]), flat(h[1]), flat(c[1])}})
			return []graph.Node{nn.Head{Classes: 9}.Apply(g.Scope("head"), y), g.Stack(s[0], s[2]), g.Stack(s[1], s[3])}
		},
		write: func(b *onnx.Builder) {
			x := b.Embedding(b.Tokens("ids"), "embedding")
			r := b.LSTM(x, "lstm", onnx.Layers{Initial: []onnx.Value{b.States("h0", 2, 5), b.States("c0", 2, 5)}})
			b.Output("logits", b.Dense(r.Y, "head"))
			b.Output("h", r.H)
			b.Output("c", r.C)
		},
		in: func(T, B int) []*tensor.Dense {
			state := func(seed uint64) *tensor.Dense { return graphtest.Float32(graphtest.Random(seed, 2, B, 5)) }
			return []*tensor.Dense{ids(T, B), state(1), state(2)}
		},
	},
	{
		name: "tagger",
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			e := nn.Embedding{Tokens: 9, Size: 6}
			table := e.Weight(g.Scope("embedding"))
			y, _ := bidirectional(g.Scope("encoder").Scope("gru"), 2, recurrent.GRU{Hidden: 3}, e.Lookup(g, table, in[0]), in[1])
			return []graph.Node{nn.Head{Classes: 9, Tied: table}.Probabilities(g.Scope("head"), y)}
		},
		write: func(b *onnx.Builder) {
			x := b.Embedding(b.Tokens("ids"), "embedding")
			y := b.GRU(x, "encoder.gru", onnx.Layers{Lengths: b.Lengths("lengths")}).Y
			b.Output("p", b.Softmax(b.Tied(y, "head", "embedding")))
		},
		in: func(T, B int) []*tensor.Dense { return []*tensor.Dense{ids(T, B), lengths(T, B)} },
	},
	{
		name: "classifier",
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			_, last := bidirectional(g.Scope("rnn"), 1, recurrent.LSTM{Hidden: 3}, in[0], in[1])
			return []graph.Node{g.LogSoftmax(nn.Dense{Units: 2, NoBias: true}.Apply(g.Scope("head"), last), -1)}
		},
		write: func(b *onnx.Builder) {
			r := b.LSTM(b.Sequence("x", 4), "rnn", onnx.Layers{Lengths: b.Lengths("lengths")})
			b.Output("p", b.LogSoftmax(b.Dense(r.Last, "head")))
		},
		in: func(T, B int) []*tensor.Dense { return []*tensor.Dense{features(T, B), lengths(T, B)} },
	},
	{
		name: "backwards",
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, s := recurrent.Unroll(g.Scope("a"), recurrent.RNN{Hidden: 3, ReLU: true}, in[0], recurrent.Options{Reverse: true})
			z, _ := recurrent.Unroll(g.Scope("b"), recurrent.GRU{Hidden: 3, ResetBefore: true}, y, recurrent.Options{})
			return []graph.Node{g.Tanh(nn.Dense{Units: 1}.Apply(g.Scope("head"), z)), g.Sigmoid(s[0])}
		},
		write: func(b *onnx.Builder) {
			r := b.RNN(b.Sequence("x", 4), "a", onnx.Layers{Reverse: true, ReLU: true})
			z := b.GRU(r.Y, "b", onnx.Layers{ResetBefore: true}).Y
			b.Output("y", b.Tanh(b.Dense(z, "head")))
			b.Output("s", b.Sigmoid(r.Last))
		},
		in: func(T, B int) []*tensor.Dense { return []*tensor.Dense{features(T, B)} },
	},
}

func init() {
	for name, pool := range map[string]recurrent.Pooling{"last": recurrent.PoolLast, "max": recurrent.PoolMax, "mean": recurrent.PoolMean,
		"attention": recurrent.PoolAttention} {
		exports = append(exports, pooled("pool "+name, pool, true), pooled("pool "+name+" of all", pool, false))
	}
	for name, a := range map[string]recurrent.Attention{"general": recurrent.LuongGeneral, "dot": recurrent.LuongDot} {
		exports = append(exports, decoderOf("decoder "+name, a))
	}
	exports = append(exports, translatorEncoder())
	slices.SortFunc(exports[4:], func(a, b export) int { return strings.Compare(a.name, b.name) })
}

// pooled is a classifier of sequences of different lengths, of which some are empty, or of sequences of one length.
func pooled(name string, pool recurrent.Pooling, lengths bool) export {
	model := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: 9, Size: 4}, Classes: 3, Pool: pool,
		Layer: recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 3}})}
	return export{
		name: name,
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			o := recurrent.Options{}
			if lengths {
				o.Lengths = in[1]
			}
			logits, _ := model.Apply(g, in[0], o)
			return []graph.Node{logits}
		},
		write: func(b *onnx.Builder) {
			x, o := b.Embedding(b.Tokens("ids"), "embedding"), onnx.Layers{}
			if lengths {
				o.Lengths = b.Lengths("lengths")
			}
			b.Output("logits", b.Dense(b.Pool(pool, b.GRU(x, "rnn", o), "pool", o.Lengths), "head"))
		},
		in: func(T, B int) []*tensor.Dense {
			in := []*tensor.Dense{ids(T, B)}
			if lengths {
				n := make([]int, B)
				for i := range n {
					n[i] = max(0, T-3*i)
				}
				in = append(in, graph.Ints(n))
			}
			return in
		},
	}
}

// translator is an encoder-decoder of two layers, with one table for both sides.
func translator(a recurrent.Attention) recurrent.Seq2Seq {
	table := nn.Embedding{Tokens: 9, Size: 4}
	return recurrent.Seq2Seq{Source: table, Target: table, Shared: true, Attention: a,
		Encoder: recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 3}}),
		Decoder: recurrent.StackOf(2, recurrent.LSTM{Hidden: 6})}
}

// translatorEncoder reads sources of different lengths, and gives the memory and the decoder's first states, h and c.
func translatorEncoder() export {
	model := translator(recurrent.NoAttention)
	return export{
		name: "encoder",
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			x := nn.Embedding{Tokens: 9, Size: 4}.Apply(g.Scope("embedding"), in[0])
			y, final := model.Encoder.Apply(g.Scope("encoder"), x, recurrent.Options{Lengths: in[1]})
			s := model.Bridge.Apply(g.Scope("bridge"), model.Encoder, final, model.Decoder)
			return []graph.Node{y, g.Stack(s[0], s[2]), g.Stack(s[1], s[3])}
		},
		write: func(b *onnx.Builder) {
			r := b.LSTM(b.Embedding(b.Tokens("ids"), "embedding"), "encoder", onnx.Layers{Lengths: b.Lengths("lengths")})
			b.Output("memory", r.Y)
			b.Output("h", b.SideBySide(r.H))
			b.Output("c", b.SideBySide(r.C))
		},
		in: func(T, B int) []*tensor.Dense { return []*tensor.Dense{ids(T, B), lengths(T, B)} },
	}
}

// decoderOf looks at a memory that is longer than the target, and of which the last sources have less, or nothing.
func decoderOf(name string, a recurrent.Attention) export {
	model := translator(a)
	return export{
		name: name,
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			decoder := recurrent.Attentive{Cell: model.Decoder, Attention: a, Units: 5}.Remember(g.Scope("decoder"), in[3], in[4])
			h, c := g.Split(in[1], 0, 2), g.Split(in[2], 0, 2)
			B := in[0].Dim(1)
			flat := func(n graph.Node) graph.Node { return g.Reshape(n, B, 6) }
			x := nn.Embedding{Tokens: 9, Size: 4}.Apply(g.Scope("embedding"), in[0])
			first := recurrent.State{g.Full(0, B, 5), flat(h[0]), flat(c[0]), flat(h[1]), flat(c[1])}
			y, s := recurrent.Unroll(g.Scope("decoder"), decoder, x, recurrent.Options{Initial: first})
			return []graph.Node{nn.Head{Classes: 9}.Apply(g.Scope("head"), y), g.Stack(s[1], s[3]), g.Stack(s[2], s[4])}
		},
		write: func(b *onnx.Builder) {
			x := b.Embedding(b.Tokens("ids"), "embedding")
			o := onnx.Layers{Initial: []onnx.Value{b.States("h0", 2, 6), b.States("c0", 2, 6)}}
			o.Memory, o.MemoryLengths = b.Memory("memory", 6), b.Lengths("lengths")
			r := b.LSTM(x, "decoder", o)
			b.Output("logits", b.Dense(r.Y, "head"))
			b.Output("h", r.H)
			b.Output("c", r.C)
		},
		in: func(T, B int) []*tensor.Dense {
			n := make([]int, B)
			for i := range n {
				n[i] = max(0, T+2-4*i)
			}
			random := func(seed uint64, shape ...int) *tensor.Dense {
				return graphtest.Float32(graphtest.Random(seed, shape...))
			}
			return []*tensor.Dense{ids(T, B), random(1, 2, B, 6), random(2, 2, B, 6), random(3, T+2, B, 6), graph.Ints(n)}
		},
	}
}

// sizes are the steps and batches that every exported model runs with: the file leaves both open.
var sizes = [][2]int{{5, 3}, {1, 1}, {7, 2}}

// filled returns a store with weights of which no two are alike, biases included.
func filled(t *testing.T, e export) *graph.Params {
	t.Helper()
	p := graph.NewParams(3)
	if _, err := graph.NewFunc(p, e.build).Run(e.in(2, 2)...); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < p.Len(); i++ {
		copy(p.At(i).Value().Float32s(), graphtest.Float32(graphtest.Random(uint64(50+i), p.At(i).Len())).Float32s())
	}
	return p
}

func TestExportsComeBack(t *testing.T) {
	for _, e := range exports {
		t.Run(e.name, func(t *testing.T) {
			p := filled(t, e)
			b := onnx.NewBuilder(p)
			e.write(b)
			path := filepath.Join(t.TempDir(), "model.onnx")
			if err := b.Write(path); err != nil {
				t.Fatal(err)
			}
			m, err := onnx.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			back, err := m.Params(1)
			if err != nil {
				t.Fatal(err)
			}
			sameStores(t, back, p)
			for _, size := range sizes {
				in := e.in(size[0], size[1])
				want, err := graph.NewFunc(p, e.build).Run(in...)
				if err != nil {
					t.Fatal(err)
				}
				got, err := graph.NewFunc(back, m.Build).Run(in...)
				if err != nil {
					t.Fatal(err)
				}
				for i, port := range m.Outputs() {
					graphtest.Close(t, fmt.Sprint(port.Name, size), got[i], want[i], 1e-6)
				}
			}
		})
	}
}

// sameStores compares names, shapes and bits.
func sameStores(t *testing.T, got, want *graph.Params) {
	t.Helper()
	for i := 0; i < want.Len(); i++ {
		w := want.At(i)
		p := got.Get(w.Name())
		switch {
		case p == nil:
			t.Errorf("no parameter %s", w.Name())
		case !slices.Equal(p.Shape(), w.Shape()):
			t.Errorf("%s has shape %v; want %v", w.Name(), p.Shape(), w.Shape())
		case !slices.Equal(p.Value().Float32s(), w.Value().Float32s()):
			t.Errorf("%s has changed", w.Name())
		}
	}
	if got.Len() != want.Len() {
		t.Errorf("%d parameters; want %d", got.Len(), want.Len())
	}
}

func TestBuilderRefuses(t *testing.T) {
	e := exports[0]
	for want, write := range map[string]func(b *onnx.Builder, p *graph.Params){
		"the store has no parameter nothing.weight": func(b *onnx.Builder, _ *graph.Params) {
			b.Embedding(b.Tokens("ids"), "nothing")
		},
		"ONNX's LSTM has no place for the parameter lstm.weight_hr_l0": func(b *onnx.Builder, p *graph.Params) {
			p.Add("lstm.weight_hr_l0", graph.Floats(make([]float32, 10), 2, 5))
			b.LSTM(b.Sequence("x", 4), "lstm", onnx.Layers{})
		},
		"GRU lstm: parameter lstm.weight_ih_l0 has shape [20 4]; want [15 4]": func(b *onnx.Builder, _ *graph.Params) {
			b.GRU(b.Sequence("x", 4), "lstm", onnx.Layers{})
		},
		"LSTM lstm: parameter lstm.weight_ih_l0 has shape [20 4]; want [20 3]": func(b *onnx.Builder, _ *graph.Params) {
			b.LSTM(b.Sequence("x", 3), "lstm", onnx.Layers{})
		},
		"initial states \"h0 float [2, batch, 4]\"; want [2, batch, 5]": func(b *onnx.Builder, _ *graph.Params) {
			b.LSTM(b.Sequence("x", 4), "lstm", onnx.Layers{Initial: []onnx.Value{b.States("h0", 2, 4), b.States("c0", 2, 5)}})
		},
		"two values are called \"x\"": func(b *onnx.Builder, _ *graph.Params) {
			b.Sequence("x", 4)
			b.Sequence("x", 5)
		},
		"Softmax: \"ids\" holds whole numbers": func(b *onnx.Builder, _ *graph.Params) { b.Softmax(b.Tokens("ids")) },
		"the model has no outputs":             func(b *onnx.Builder, _ *graph.Params) { b.Sequence("x", 4) },
		"ReLU is for an RNN": func(b *onnx.Builder, _ *graph.Params) {
			b.LSTM(b.Sequence("x", 4), "lstm", onnx.Layers{ReLU: true})
		},
		"Pool pool: \"other\" is no input made by Lengths": func(b *onnx.Builder, _ *graph.Params) {
			b.Pool(recurrent.PoolMax, b.LSTM(b.Sequence("x", 4), "lstm", onnx.Layers{}), "pool", b.Tokens("other"))
		},
		"Pool pool: unknown pooling 9": func(b *onnx.Builder, _ *graph.Params) {
			b.Pool(9, b.LSTM(b.Sequence("x", 4), "lstm", onnx.Layers{}), "pool", onnx.Value{})
		},
		"the store has no parameter pool.weight": func(b *onnx.Builder, _ *graph.Params) {
			b.Pool(recurrent.PoolAttention, b.LSTM(b.Sequence("x", 4), "lstm", onnx.Layers{}), "pool", onnx.Value{})
		},
		"parameter pool.query has shape [1 4]; want [1 5]": func(b *onnx.Builder, p *graph.Params) {
			p.Add("pool.weight", graph.Floats(make([]float32, 20), 4, 5))
			p.Add("pool.query", graph.Floats(make([]float32, 4), 1, 4))
			b.Pool(recurrent.PoolAttention, b.LSTM(b.Sequence("x", 4), "lstm", onnx.Layers{}), "pool", onnx.Value{})
		},
		"the value is not one of this model": func(b *onnx.Builder, p *graph.Params) {
			b.Output("y", onnx.NewBuilder(p).Sequence("other", 3))
		},
	} {
		p := filled(t, e)
		b := onnx.NewBuilder(p)
		write(b, p)
		path := filepath.Join(t.TempDir(), "model.onnx")
		err := b.Write(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) > 0 {
			t.Errorf("%v was written", left)
		}
	}
}
