// Package keras opens the models that Keras saves, and reads and writes weights.
//
// Open builds a whole model, of Keras 2 or 3, from its configuration; see Network. Model is for weights alone: it reads what
// Keras 3's save_weights writes into a model of this library, and writes weights that Keras loads:
//
//	model := keras.Model{
//		{Path: "layers/embedding", Kind: keras.Embedding, Scope: "embedding"},
//		{Path: "layers/bidirectional", Kind: keras.LSTM, Bidirectional: true, Scope: "lstm"},
//		{Path: "layers/dense", Kind: keras.Dense, Scope: "head"},
//	}
//	err := model.Read(params, "tagger.weights.h5") // after model.save_weights("tagger.weights.h5") in Python
//
// The list says which layer of the file is which part of the store; the same list serves Write. The model itself is
// built with this library's layers: Embedding is nn.Embedding, Dense is nn.Dense, SimpleRNN, LSTM and GRU are
// recurrent.RNN, LSTM and GRU, with the activations that Keras has by default.
//
// Keras keeps matrices transposed, and a GRU's gates in the order z, r, h. Its LSTM, SimpleRNN and GRU without
// reset_after add one bias where PyTorch and this library add two. Write gives Keras their sum, and keeps both in a
// part of the file that Keras passes over; Read takes them from there as long as their sum is still Keras's bias.
package keras

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/nn/keras/internal/hdf5"
	"gorgonia.org/tensor"
)

// Kind is the class of a Keras layer.
type Kind string

// The classes that can be read and written.
const (
	Embedding Kind = "Embedding"
	Dense     Kind = "Dense"
	SimpleRNN Kind = "SimpleRNN"
	LSTM      Kind = "LSTM"
	GRU       Kind = "GRU"
)

// Layer is one layer of a Keras model and its part of a store.
type Layer struct {
	Path  string // of the layer in the file, such as "layers/lstm_1"; Paths lists what a file has
	Kind  Kind   // for a Bidirectional layer, the class of what it wraps
	Scope string // of the parameters in the store; empty for none
	Index int    // number of the recurrent layer in its scope: 1 for weight_ih_l1

	Bidirectional bool // two directions: the parameters of the second end in _reverse
	NoBias        bool // use_bias=False
	ResetBefore   bool // a GRU with reset_after=False, which is recurrent.GRU with ResetBefore
}

// Model lists the layers that have weights.
type Model []Layer

// Paths lists the arrays of a .weights.h5 file: the path of a layer, followed by "/vars/0" or "/cell/vars/0" and so on. Those of
// a whole model, which Open builds, it lists too.
func Paths(path string) ([]string, error) {
	a, err := open(path)
	if err != nil {
		return nil, errors.Wrapf(err, "keras: read %s", path)
	}
	return a.file.Paths(), nil
}

// Read reads a .weights.h5 file, or the weights of a .keras file, into a store: parameters that exist are replaced, others are
// added, and nothing changes if anything in the file does not fit. Arrays of the listed layers that have no place are refused by name.
func (m Model) Read(p *graph.Params, path string) error {
	if p == nil {
		return errors.Errorf("keras: read %s: the store of weights is nil", path)
	}
	a, err := open(path)
	if err != nil {
		return errors.Wrapf(err, "keras: read %s", path)
	}
	r := &reader{file: a.file, params: p, used: map[string]bool{}}
	for _, l := range m {
		if err := r.layer(l); err != nil {
			return errors.Wrapf(err, "keras: read %s: layer %s", path, l.Path)
		}
	}
	return errors.Wrapf(p.SetAll(r.found), "keras: read %s", path)
}

// Write writes the layers' parameters to a .weights.h5 file, which the load_weights of a Keras model with the same
// layers reads. The file appears whole or not at all, replacing one that is there.
func (m Model) Write(p *graph.Params, path string) error {
	if p == nil {
		return errors.Errorf("keras: write %s: the store of weights is nil", path)
	}
	w := &writer{params: p}
	for _, l := range m {
		if err := w.layer(l); err != nil {
			return errors.Wrapf(err, "keras: write %s: layer %s", path, l.Path)
		}
	}
	data, err := hdf5.Bytes(w.out)
	if err == nil {
		err = atomicfile.WriteBytes(path, data)
	}
	return errors.Wrapf(err, "keras: write %s", path)
}

// place says where a parameter's numbers are in an array of Keras: element i of the parameter, of shape ours, is
// element at(i) of the array, of shape theirs.
type place struct {
	ours, theirs []int
	at           func(i int) int
}

// same is for arrays of one order.
func same(shape []int) place { return place{shape, shape, func(i int) int { return i }} }

// kernel is the place of a weight [G·H, I] in a kernel [I, G·H], whose gates have another order. A Dense layer's is
// one gate.
func kernel(order []int, hidden, input int) place {
	n := len(order) * hidden
	return place{[]int{n, input}, []int{input, n}, func(i int) int {
		row, col := i/input, i%input
		return col*n + order[row/hidden]*hidden + row%hidden
	}}
}

// bias is the place of a bias [G·H] in row r of an array of one row, of shape [G·H], or of two, [2, G·H].
func bias(order []int, hidden, r, rows int) place {
	n := len(order) * hidden
	theirs := []int{n}
	if rows == 2 {
		theirs = []int{2, n}
	}
	return place{[]int{n}, theirs, func(i int) int { return r*n + order[i/hidden]*hidden + i%hidden }}
}

// gateOrder maps our gates to their places in Keras: i, f, n, o to i, f, c, o, and r, z, n to z, r, h.
var gateOrder = map[Kind][]int{SimpleRNN: {0}, LSTM: {0, 1, 2, 3}, GRU: {1, 0, 2}}

// direction is one direction of a recurrent layer.
type direction struct {
	cell   string // path of its arrays
	suffix string // of its parameters
}

func (l Layer) directions() []direction {
	suffix := "_l" + itoa(l.Index)
	if !l.Bidirectional {
		return []direction{{l.Path + "/cell/vars/", suffix}}
	}
	return []direction{{l.Path + "/forward_layer/cell/vars/", suffix}, {l.Path + "/backward_layer/cell/vars/", suffix + "_reverse"}}
}

// name is a parameter's full name.
func (l Layer) name(local string) string {
	if l.Scope == "" {
		return local
	}
	return l.Scope + "." + local
}

// check refuses settings that contradict each other.
func (l Layer) check() error {
	_, recurrent := gateOrder[l.Kind]
	switch {
	case !recurrent && l.Kind != Embedding && l.Kind != Dense:
		return errors.Errorf("the kind %q; want Embedding, Dense, SimpleRNN, LSTM or GRU", l.Kind)
	case l.Path == "" || strings.HasSuffix(l.Path, "/"):
		return errors.Errorf("the path %q; want one such as layers/lstm", l.Path)
	case !recurrent && (l.Bidirectional || l.Index != 0) || l.Index < 0:
		return errors.Errorf("Bidirectional %v and Index %d for %s", l.Bidirectional, l.Index, l.Kind)
	case l.ResetBefore && l.Kind != GRU:
		return errors.Errorf("ResetBefore for %s; want GRU", l.Kind)
	case l.NoBias && l.Kind == Embedding:
		return errors.New("NoBias for an Embedding, which has none")
	}
	return nil
}

// twoRows tells whether Keras keeps both biases.
func (l Layer) twoRows() bool { return l.Kind == GRU && !l.ResetBefore }

// keptPath is where Write keeps a bias that Keras has no place for.
func (l Layer) keptPath(local string) string { return "unroll/" + l.name(local) }

// dense makes a tensor of a store's element type.
func dense(kind tensor.Dtype, data []float64, shape []int) *tensor.Dense {
	if kind == tensor.Float64 {
		return graph.Floats64(data, slices.Clone(shape)...)
	}
	rounded := make([]float32, len(data))
	for i, v := range data {
		rounded[i] = float32(v)
	}
	return graph.Floats(rounded, slices.Clone(shape)...)
}

// floats widens a parameter's numbers.
func floats(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return t.Float64s()
	}
	out := make([]float64, len(t.Float32s()))
	for i, v := range t.Float32s() {
		out[i] = float64(v)
	}
	return out
}
