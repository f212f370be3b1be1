package keras

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras/internal/hdf5"
)

// Network is a whole model that Keras saved, built from its configuration. Its weights are in a store, from which it runs
// and trains like any model of this library:
//
//	network, err := keras.Open("tagger.keras", keras.Options{})
//	params, err := network.Params(1)
//	tagger := graph.NewFunc(params, network.Build)
//	out, err := tagger.Run(ids) // [B, T], as in Keras: the batch is the first axis
//
// Weights have the layer's name and PyTorch's names, shapes and order of gates behind it: lstm.weight_ih_l0, dense.weight,
// batch_normalization.running_mean. A recurrent layer has one bias where Keras has one, bias_ih_l0.
type Network struct {
	inputs, outputs []Port
	body            *body
	notes           []string
	double          bool // some weights are float64
	size            int  // bytes of the file
	version         string
}

// Port is an input or output of a network.
type Port struct {
	Name  string
	Ints  bool  // ids, which go to an Embedding, instead of floats
	Shape []int // as the file has it, with -1 for the batch and all that may vary; nil for an output's, which is not in the file
}

func (p Port) String() string {
	kind := "float"
	if p.Ints {
		kind = "int"
	}
	if p.Shape == nil {
		return fmt.Sprintf("%s %s [...]", p.Name, kind)
	}
	dims := make([]string, len(p.Shape))
	for i, d := range p.Shape {
		if dims[i] = fmt.Sprint(d); d < 0 {
			dims[i] = "?"
		}
	}
	return fmt.Sprintf("%s %s [%s]", p.Name, kind, strings.Join(dims, ", "))
}

// Function computes a layer whose class is not Keras's own. The graph is in the layer's scope, where arrays has the names
// of its arrays, for Graph.Param; config is the layer's configuration, in the types of encoding/json. Inputs are batch first.
type Function func(g *graph.Graph, config map[string]any, arrays []string, in []graph.Node) graph.Node

// Options say what a file does not. The zero value is for files that say all.
type Options struct {
	// Config is a model's configuration, as model.to_json() writes it, for an HDF5 file that holds weights alone. It comes
	// before the file's own.
	Config string
	// Classes are functions for classes of others, by the name of the class. They take no part in masks.
	Classes map[string]Function
}

// IsModel tells whether a file holds a whole model that Open builds, and not weights alone.
func IsModel(path string) (bool, error) {
	a, err := open(path)
	if err != nil {
		return false, errors.Wrapf(err, "keras: read %s", path)
	}
	return a.config != nil, nil
}

// Open reads a model: a .keras archive of Keras 3, or an HDF5 file (.h5, .hdf5) of Keras 2 or 3 that model.save wrote. The
// error names all layers, settings and classes that this library has no equal of.
func Open(path string, o Options) (*Network, error) {
	n, err := load(path, o)
	return n, errors.Wrapf(err, "keras: open %s", path)
}

func load(path string, o Options) (*Network, error) {
	a, err := open(path)
	if err != nil {
		return nil, err
	}
	if o.Config != "" {
		a.config = []byte(o.Config)
	}
	if a.config == nil {
		return nil, errors.New("it holds weights alone, without a model; give the model's configuration in Options.Config, " +
			"as model.to_json() writes it")
	}
	n := &Network{version: a.version, size: a.size}
	r := &parser{archive: a, options: o, notes: &n.notes, problems: new([]string)}
	if n.body, err = r.model(a.config); err != nil {
		return nil, err
	}
	if len(*r.problems) > 0 {
		return nil, errors.Errorf("it has what is not supported: %s", strings.Join(*r.problems, "; "))
	}
	if err := r.weights(n.body); err != nil {
		return nil, err
	}
	n.double = r.double
	n.inputs, n.outputs = n.body.ports()
	return n, n.distinct()
}

// distinct refuses names that come twice.
func (n *Network) distinct() error {
	seen := map[string]bool{}
	for _, w := range n.body.tensors("") {
		if seen[w.Name] {
			return errors.Errorf("two weights are called %s", w.Name)
		}
		seen[w.Name] = true
	}
	return nil
}

// Inputs lists what Build and a function made of it take, in order.
func (n *Network) Inputs() []Port {
	if n == nil {
		return nil
	}
	return slices.Clone(n.inputs)
}

// Outputs lists what Build and a function made of it give, in order.
func (n *Network) Outputs() []Port {
	if n == nil {
		return nil
	}
	return slices.Clone(n.outputs)
}

// Version is that of the Keras that wrote the file; empty if the file does not say.
func (n *Network) Version() string {
	if n == nil {
		return ""
	}
	return n.version
}

// Notes says what of the file has no effect here, such as stateful=True.
func (n *Network) Notes() []string {
	if n == nil {
		return nil
	}
	return slices.Clone(n.notes)
}

// Params returns a new store with the network's weights, of float64 if the file has any of that type.
func (n *Network) Params(seed uint64) (*graph.Params, error) {
	if n == nil || n.body == nil {
		return nil, errors.New("keras: the network is empty; want one that Open read")
	}
	p := graph.NewParams(seed)
	if n.double {
		p = graph.NewParams64(seed)
	}
	for _, w := range n.body.tensors("") {
		if _, err := p.Add(w.Name, dense(p.Dtype(), w.data, w.shape)); err != nil {
			return nil, errors.Wrap(err, "keras")
		}
	}
	return p, nil
}

// Build adds the network to a graph: a graph.Build. in are the inputs in order, batch first, [B, T] of ids or [B, T, F]. Any
// batch size will do, and any number of steps unless a layer needs the file's, such as Flatten before a Dense.
// Weights are taken from the graph's store, below its scope; those that it lacks are put there with the file's numbers.
func (n *Network) Build(g *graph.Graph, in []graph.Node) []graph.Node {
	if n == nil || n.body == nil {
		return []graph.Node{g.Failf("Keras", "the network is empty; want one that Open read")}
	}
	if len(in) != len(n.inputs) {
		return []graph.Node{g.Failf("Keras", "%d inputs; want %d: %v", len(in), len(n.inputs), n.inputs)}
	}
	values := make([]value, len(in))
	for i, x := range in {
		p := n.inputs[i]
		if x.Valid() && x.IsIDs() != p.Ints {
			return []graph.Node{g.Failf("Keras", "input %s is %v; want %v", p.Name, x, p)}
		}
		if rank := len(p.Shape); x.Valid() && p.Shape != nil && x.Rank() != rank {
			return []graph.Node{g.Failf("Keras", "input %s has shape %v; want %v", p.Name, x.Shape(), p)}
		}
		values[i] = value{x: x}
	}
	room := resultsFixed + resultsTimes*n.size
	for _, x := range in {
		if x.Valid() {
			room += resultsTimes * size(x.Shape())
		}
	}
	out := n.body.run(g, values, &room)
	nodes := make([]graph.Node, len(out))
	for i, v := range out {
		nodes[i] = v.x
	}
	return nodes
}

// What the layers of a network give together may have so many elements, and so many times the bytes of the file and the
// elements of the input: a file from elsewhere cannot take any amount of memory.
const (
	resultsFixed = 16 << 20
	resultsTimes = 1024
)

// String lists inputs, layers and outputs.
func (n *Network) String() string {
	if n == nil || n.body == nil {
		return "an empty network"
	}
	var b strings.Builder
	for _, p := range n.inputs {
		fmt.Fprintf(&b, "input  %v\n", p)
	}
	n.body.describe(&b, "")
	for _, p := range n.outputs {
		fmt.Fprintf(&b, "output %v\n", p)
	}
	return b.String()
}

// weight is one array of a layer, as this library has it.
type weight struct {
	Name   string
	shape  []int
	data   []float64
	buffer bool // not trained
}

// init starts a parameter that a store lacks with the file's numbers.
func (w *weight) init(dst []float64, shape []int, _ *rand.Rand) error {
	if len(dst) != len(w.data) {
		return errors.Errorf("keras: %s has shape %v; want %v", w.Name, shape, w.shape)
	}
	copy(dst, w.data)
	return nil
}

// taker hands a layer its arrays, in Keras's order, and collects what it makes of them.
type taker struct {
	arrays []hdf5.Dataset
	layer  *layer
	err    error
}

// next takes an array of a given shape, in which -1 is any size.
func (t *taker) next(what string, shape ...int) hdf5.Dataset {
	if t.err != nil {
		return hdf5.Dataset{Shape: make([]int, len(shape))}
	}
	if len(t.arrays) == 0 {
		t.err = errors.Errorf("the file has no %s for it", what)
		return hdf5.Dataset{Shape: make([]int, len(shape))}
	}
	d := t.arrays[0]
	fits := len(d.Shape) == len(shape)
	for i := range shape {
		fits = fits && d.Shape[i] > 0 && (shape[i] < 0 || shape[i] == d.Shape[i])
	}
	if !fits {
		t.err = errors.Errorf("its %s, %s, has shape %v; want %v", what, d.Path, d.Shape, shape)
		return hdf5.Dataset{Shape: make([]int, len(shape))}
	}
	t.arrays = t.arrays[1:]
	return d
}

// rank is the number of dimensions of the array that comes next, and its last size; 0 without one.
func (t *taker) rank() (rank, last int) {
	if len(t.arrays) == 0 || len(t.arrays[0].Shape) == 0 {
		return 0, 0
	}
	s := t.arrays[0].Shape
	return len(s), s[len(s)-1]
}

// put gives the layer a weight that is somewhere in an array.
func (t *taker) put(name string, from hdf5.Dataset, p place) {
	if t.err != nil {
		return
	}
	data := make([]float64, product(p.ours))
	for i := range data {
		data[i] = from.Data[p.at(i)]
	}
	t.layer.weights = append(t.layer.weights, &weight{Name: name, shape: p.ours, data: data})
}

// buffer is put for what is not trained.
func (t *taker) buffer(name string, from hdf5.Dataset) {
	t.put(name, from, same(from.Shape))
	if t.err == nil {
		t.layer.weights[len(t.layer.weights)-1].buffer = true
	}
}
