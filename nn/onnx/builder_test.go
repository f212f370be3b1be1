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

// export is a model of ours, with the inputs that its file has.
type export struct {
	name   string
	build  graph.Build
	inputs []onnx.Port
	in     func(T, B int) []*tensor.Dense
}

// The dimensions of inputs that vary.
var time, batch = onnx.Dim{Size: -1, Name: "time"}, onnx.Dim{Size: -1, Name: "batch"}

// Inputs of ids [time, batch], of lengths [batch], and of numbers.
var idsPort, lengthsPort = onnx.Port{Name: "ids", Ints: true, Dims: []onnx.Dim{time, batch}}, onnx.Port{Name: "lengths", Ints: true, Dims: []onnx.Dim{batch}}

func numbersPort(name string, dims ...onnx.Dim) onnx.Port { return onnx.Port{Name: name, Dims: dims} }

// write adds the export's inputs, what it computes, and its outputs, y0 and so on.
func (e export) write(b *onnx.Builder) {
	var in []onnx.Value
	for _, p := range e.inputs {
		switch {
		case !p.Ints:
			in = append(in, b.Numbers(p.Name, p.Dims...))
		case len(p.Dims) == 1:
			in = append(in, b.LengthsOf(p.Name, p.Dims[0].Name))
		default:
			in = append(in, b.IDs(p.Name, p.Dims[0].Name, p.Dims[1].Name))
		}
	}
	for i, v := range b.Apply(e.build, in...) {
		b.Output(fmt.Sprint("y", i), v)
	}
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

var plainModels = []export{
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
		inputs: []onnx.Port{idsPort, numbersPort("h0", onnx.Dim{Size: 2}, batch, onnx.Dim{Size: 5}), numbersPort("c0", onnx.Dim{Size: 2}, batch, onnx.Dim{Size: 5})},
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
		inputs: []onnx.Port{idsPort, lengthsPort},
		in:     func(T, B int) []*tensor.Dense { return []*tensor.Dense{ids(T, B), lengths(T, B)} },
	},
	{
		name: "classifier",
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			_, last := bidirectional(g.Scope("rnn"), 1, recurrent.LSTM{Hidden: 3}, in[0], in[1])
			return []graph.Node{g.LogSoftmax(nn.Dense{Units: 2, NoBias: true}.Apply(g.Scope("head"), last), -1)}
		},
		inputs: []onnx.Port{numbersPort("x", time, batch, onnx.Dim{Size: 4}), lengthsPort},
		in:     func(T, B int) []*tensor.Dense { return []*tensor.Dense{features(T, B), lengths(T, B)} },
	},
	{
		name: "backwards",
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, s := recurrent.Unroll(g.Scope("a"), recurrent.RNN{Hidden: 3, ReLU: true}, in[0], recurrent.Options{Reverse: true})
			z, _ := recurrent.Unroll(g.Scope("b"), recurrent.GRU{Hidden: 3, ResetBefore: true}, y, recurrent.Options{})
			return []graph.Node{g.Tanh(nn.Dense{Units: 1}.Apply(g.Scope("head"), z)), g.Sigmoid(s[0])}
		},
		inputs: []onnx.Port{numbersPort("x", time, batch, onnx.Dim{Size: 4})},
		in:     func(T, B int) []*tensor.Dense { return []*tensor.Dense{features(T, B)} },
	},
}

// writtenModels are whole models.
func writtenModels() []export {
	out := plainModels
	for _, of := range []struct {
		name string
		pool recurrent.Pooling
	}{{"attention", recurrent.PoolAttention}, {"last", recurrent.PoolLast}, {"max", recurrent.PoolMax}, {"mean", recurrent.PoolMean}} {
		out = append(out, pooled("pool "+of.name, of.pool, true), pooled("pool "+of.name+" of all", of.pool, false))
	}
	return append(out, translatorEncoder(), decoderOf("decoder general", recurrent.LuongGeneral), decoderOf("decoder dot", recurrent.LuongDot))
}

// pooled is a classifier of sequences of different lengths, of which some are empty, or of sequences of one length.
func pooled(name string, pool recurrent.Pooling, lengths bool) export {
	model := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: 9, Size: 4}, Classes: 3, Pool: pool,
		Layer: recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 3}})}
	inputs := []onnx.Port{idsPort}
	if lengths {
		inputs = append(inputs, lengthsPort)
	}
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
		inputs: inputs,
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
		inputs: []onnx.Port{idsPort, lengthsPort},
		in:     func(T, B int) []*tensor.Dense { return []*tensor.Dense{ids(T, B), lengths(T, B)} },
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
		inputs: []onnx.Port{idsPort, numbersPort("h0", onnx.Dim{Size: 2}, batch, onnx.Dim{Size: 6}), numbersPort("c0", onnx.Dim{Size: 2}, batch, onnx.Dim{Size: 6}),
			numbersPort("memory", onnx.Dim{Size: -1, Name: "source"}, batch, onnx.Dim{Size: 6}), lengthsPort},
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
	e := plainModels[0]
	for want, write := range map[string]func(b *onnx.Builder, p *graph.Params){
		"two values are called \"x\"": func(b *onnx.Builder, _ *graph.Params) {
			b.Sequence("x", 4)
			b.Sequence("x", 5)
		},
		"two values are called \"ids\"": func(b *onnx.Builder, _ *graph.Params) {
			b.Tokens("ids")
			b.LengthsOf("ids", "row")
		},
		"Output: \"ids\" holds whole numbers": func(b *onnx.Builder, _ *graph.Params) { b.Output("y", b.Tokens("ids")) },
		"the model has no outputs":            func(b *onnx.Builder, _ *graph.Params) { b.Sequence("x", 4) },
		"the store has no parameter none":     func(b *onnx.Builder, _ *graph.Params) { b.Weight("none") },
		"input \"x\": a dimension of size -2; want at least 1": func(b *onnx.Builder, _ *graph.Params) {
			b.Numbers("x", onnx.Dim{Size: -2})
		},
		"the value is not one of this model": func(b *onnx.Builder, p *graph.Params) {
			b.Output("y", onnx.NewBuilder(p).Sequence("other", 3))
		},
		"Apply: the value is not one of this model": func(b *onnx.Builder, p *graph.Params) {
			b.Apply(e.build, onnx.NewBuilder(p).Sequence("other", 3))
		},
		"Apply: want a build function": func(b *onnx.Builder, _ *graph.Params) { b.Apply(nil, b.Sequence("x", 4)) },
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
