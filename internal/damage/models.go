package main

import (
	"archive/zip"
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// largestInput is the most elements of an input that a damaged model is run with; one that asks for more is only read.
const largestInput = 1 << 16

// useONNX reads a model, runs it with small inputs, and writes it.
func useONNX(path string, _ []byte) error {
	m, err := onnx.Read(path)
	if err != nil {
		return err
	}
	p, err := m.Params(1)
	if err != nil {
		return err
	}
	if err := m.Write(path+".out", p); err != nil {
		return err
	}
	var in []*tensor.Dense
	for _, port := range m.Inputs() {
		v, ok := given(port, p.Dtype())
		if !ok {
			return nil
		}
		in = append(in, v)
	}
	_, err = graph.NewFunc(p, m.Build).Run(in...)
	return err
}

// given is an input for a port, with 3 for every open dimension, of ones: operators may divide by them.
func given(p onnx.Port, kind tensor.Dtype) (*tensor.Dense, bool) {
	shape, n := []int{}, 1
	for _, d := range p.Dims {
		if d.Size < 0 {
			d.Size = 3
		}
		if d.Size == 0 || d.Size > largestInput/n {
			return nil, false
		}
		n *= d.Size
		shape = append(shape, d.Size)
	}
	switch {
	case len(shape) == 0 && p.Ints:
		return tensor.New(tensor.FromScalar(1)), true
	case len(shape) == 0 && kind == tensor.Float64:
		return tensor.New(tensor.FromScalar(1.0)), true
	case len(shape) == 0:
		return tensor.New(tensor.FromScalar(float32(1))), true
	case p.Ints:
		ids := make([]int, n)
		for i := range ids {
			ids[i] = i % 2
		}
		return graph.Ints(ids, shape...), true
	case kind == tensor.Float64:
		return graph.Floats64(slices.Repeat([]float64{1}, n), shape...), true
	}
	return graph.Floats(slices.Repeat([]float32{1}, n), shape...), true
}

// kerasModels are those that the files of nn/keras hold.
var kerasModels = []keras.Model{
	{{Path: "layers/lstm", Kind: keras.LSTM, Scope: "rnn"}},
	{{Path: "layers/gru", Kind: keras.GRU, Scope: "rnn"}},
	{{Path: "layers/gru", Kind: keras.GRU, Scope: "rnn", ResetBefore: true}},
	{{Path: "layers/simple_rnn", Kind: keras.SimpleRNN, Scope: "rnn"}},
	{{Path: "layers/lstm", Kind: keras.LSTM, Scope: "rnn", NoBias: true},
		{Path: "layers/dense", Kind: keras.Dense, Scope: "head", NoBias: true}},
	{{Path: "layers/embedding", Kind: keras.Embedding, Scope: "embedding"},
		{Path: "layers/bidirectional", Kind: keras.LSTM, Bidirectional: true, Scope: "rnn"},
		{Path: "layers/bidirectional_1", Kind: keras.GRU, Bidirectional: true, Scope: "second"},
		{Path: "layers/dense", Kind: keras.Dense, Scope: "head"}},
}

// kerasFiles are those that Keras wrote, and one of this library's, which keeps what Keras has no place for.
func kerasFiles() ([][]byte, error) {
	out, err := testdata("nn/keras/testdata/*.h5")()
	if err != nil {
		return nil, err
	}
	own, err := made(func(path string) error {
		p := graph.NewParams(1)
		_, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Unroll(g.Scope("rnn"), recurrent.LSTM{Hidden: 2}, in[0], recurrent.Options{})
			return []graph.Node{y}
		}).Run(graph.Floats(make([]float32, 3), 1, 1, 3))
		if err != nil {
			return err
		}
		return kerasModels[0].Write(p, path)
	})
	return append(out, own...), err
}

// useKeras reads a file as each of the models, runs the recurrent layer of those that fit, and writes them.
func useKeras(path string, _ []byte) error {
	if _, err := keras.Paths(path); err != nil {
		return err
	}
	err := errors.New("no model fits")
	for _, m := range kerasModels {
		p := graph.NewParams(1)
		if m.Read(p, path) != nil {
			continue
		}
		if err = m.Write(p, path+".out"); err != nil {
			return err
		}
		if err = runKeras(m, p); err != nil {
			return err
		}
	}
	return err
}

func runKeras(m keras.Model, p *graph.Params) error {
	l := m[0]
	if l.Kind == keras.Embedding {
		l = m[1]
	}
	hh, ih := p.Get("rnn.weight_hh_l0").Shape(), p.Get("rnn.weight_ih_l0").Shape()
	if ih[1] > largestInput {
		return nil
	}
	cell := map[keras.Kind]recurrent.Cell{
		keras.LSTM:      recurrent.LSTM{Hidden: hh[1]},
		keras.GRU:       recurrent.GRU{Hidden: hh[1], ResetBefore: l.ResetBefore},
		keras.SimpleRNN: recurrent.RNN{Hidden: hh[1]},
	}[l.Kind]
	p.Seal()
	_, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g.Scope("rnn"), cell, in[0], recurrent.Options{})
		return []graph.Node{y}
	}).Run(graph.Floats(make([]float32, 2*ih[1]), 2, 1, ih[1]))
	return err
}

// kerasModelFiles are whole models that Keras saved.
func kerasModelFiles() ([][]byte, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	z, err := zip.OpenReader(filepath.Join(root, "nn", "keras", "testdata", "models.zip"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = z.Close() }()
	var out [][]byte
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, ".json") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

// useKerasModel opens a model and runs it.
func useKerasModel(path string, _ []byte) error {
	n, err := keras.Open(path, keras.Options{})
	if err != nil {
		return err
	}
	p, err := n.Params(1)
	if err != nil {
		return err
	}
	in := []*tensor.Dense{}
	for _, port := range n.Inputs() {
		shape, size := slices.Clone(port.Shape), 1
		for i := range shape {
			if shape[i] < 0 {
				shape[i] = 6
			}
			if size *= shape[i]; size > largestInput {
				return nil
			}
		}
		ids, floats := make([]int, size), make([]float32, size)
		for i := range size { // not zeros, which are masked
			ids[i], floats[i] = 1, 0.5
		}
		if port.Ints {
			in = append(in, graph.Ints(ids, shape...))
		} else {
			in = append(in, graph.Floats(floats, shape...))
		}
	}
	_, err = graph.NewFunc(p, n.Build).Run(in...)
	return err
}

func safetensors() ([][]byte, error) {
	list := []graph.Named{{Name: "a.weight", Value: graph.Floats(make([]float32, 120), 8, 15)},
		{Name: "b", Value: graph.Floats([]float32{1}, 1)}}
	whole := []graph.Named{{Name: "x", Value: graph.Ints([]int{1, -2, 3})}, {Name: "y", Value: graph.Floats64([]float64{1, 2}, 2, 1)}}
	return made(func(path string) error {
		return graph.WriteSafetensors(path, list, map[string]string{"format": "pt", "n": "1"})
	},
		func(path string) error { return graph.WriteSafetensors(path, append(whole, list...), nil) })
}

// useSafetensors reads a file, writes it, and loads it into a store.
func useSafetensors(path string, _ []byte) error {
	list, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return err
	}
	if err := graph.WriteSafetensors(path+".out", list, metadata); err != nil {
		return err
	}
	p := graph.NewParams(1)
	if _, err := p.Load(path); err == nil {
		_ = p.String()
	}
	return nil
}

// loop trains a small model: with averages, the best weights and a schedule, all of which a checkpoint holds.
func loop(path string) (*train.Loop, error) {
	sequences, labels := make([][]int, 12), make([]int, 12)
	for i := range sequences {
		sequences[i], labels[i] = []int{i % 5, i % 3, (i + 1) % 5}, i%2
	}
	data, err := datasets.LabelledBatches(sequences[:8], labels[:8], datasets.Batching{Size: 4})
	if err != nil {
		return nil, err
	}
	check, err := datasets.LabelledBatches(sequences[8:], labels[8:], datasets.Batching{Size: 4})
	if err != nil {
		return nil, err
	}
	p := graph.NewParams(1)
	model := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: 5, Size: 3}, Layer: recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 4}},
		Classes: 2}
	loss := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		b := train.BatchOf(g, in)
		logits, _ := model.Apply(g, b.Inputs, recurrent.Options{Lengths: b.Lengths})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, b.Labels)}
	})
	return &train.Loop{Loss: loss, Data: train.FromBatches(data), Optimizer: &optim.Adam{},
		Schedule: &optim.Plateau{Current: 0.01, Factor: 0.5, Patience: 1}, Average: 0.9, Steps: 3,
		Validation: train.Validation{Data: train.FromBatches(check), KeepBest: true},
		Saving:     train.Saving{Path: path, Metadata: map[string]string{"config": `{"layers":1,"hidden":4}`}}}, nil
}

func checkpoints() ([][]byte, error) {
	return made(func(path string) error {
		l, err := loop(path)
		if err == nil {
			_, err = l.Run(context.Background())
		}
		return err
	})
}

// useCheckpoint puts a checkpoint's weights into a store, and goes on with its run for a step.
func useCheckpoint(path string, _ []byte) error {
	c, err := train.ReadCheckpoint(path)
	if err != nil {
		return err
	}
	if err := c.Weights(graph.NewParams(2)); err != nil {
		return err
	}
	c.History()
	l, err := loop(filepath.Join(filepath.Dir(path), "next"))
	if err != nil {
		return err
	}
	if err := l.Resume(c); err != nil {
		return err
	}
	l.Steps = c.Step() + 1
	_, err = l.Run(context.Background())
	return err
}
