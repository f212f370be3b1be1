// Package onnx reads and writes ONNX files of recurrent models: what PyTorch and others export runs and trains here,
// and what was trained here runs in ONNX Runtime and wherever else ONNX is read.
//
//	model, err := onnx.Read("tagger.onnx")
//	params, err := model.Params(1)                // its weights, under PyTorch's names
//	tagger := graph.NewFunc(params, model.Build)  // any batch size and number of steps
//	out, err := tagger.Run(ids)
//
// A model that was read is a graph like any other: it has gradients, can be trained further, and be saved again with
// Model.Write. Builder writes models that were made in this library.
//
// The package knows the operators RNN, LSTM and GRU with all of their attributes and inputs, and those of the networks around
// them: convolutions, pools, normalisations, resizing, element-wise functions, comparisons, reductions, products, places and
// sorting, the ones that handle shapes, and branches, loops and sequences; docs/onnx-operators.md lists them. Floats of one type
// are computed when the model runs. Whole numbers, such as shapes, are computed when a graph is built if they are known then, and
// else when it runs. What is true or false when it runs is a float, 1 or 0. Numbers of 16 bits are widened to float32. Whole numbers
// of 8 bits, of quantised models, are floats that hold them; sums of their products are exact. A model with any other operator,
// attribute or type is refused by its name; nothing is left out or approximated.
package onnx

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
	"gorgonia.org/tensor"
)

// Model is an ONNX model that was read and found to be one that this library can compute.
type Model struct {
	proto     *onnxpb.ModelProto
	opset     int
	size      int64                       // bytes of the file, and of those beside it
	kind      onnxpb.TensorProto_DataType // of the floats: FLOAT or DOUBLE
	inputs    []Port
	outputs   []Port
	nodes     []*node
	order     []string                       // of the initialisers in the file
	constants map[string]*constant           // initialisers that are not weights
	places    map[*onnxpb.TensorProto]string // the names here of tensors of the file: initialisers, and what Constants hold

	weights    []*weight            // all, in the order of the store
	held       map[string]bool      // tensors of Constant nodes
	names      map[string]int       // of the weights, with the number that the next of that name gets
	plain      map[string]*weight   // by initialiser, as they are in the file
	transposed map[string]*weight   // by initialiser, matrices in PyTorch's order
	split      map[string][]*weight // by initialiser, weights of recurrent operators

	integers integerWeights // that products of whole numbers read
}

// Port is an input or output of a model.
type Port struct {
	Name  string
	Ints  bool  // whole numbers, such as token ids and lengths, instead of floats
	Bools bool  // what is true or false: floats, 1 and 0; whatever is not 0 is taken as true
	Dims  []Dim // the shape; nil when the file leaves it open

	kind  dataType // in the file
	bytes dataType // UINT8 or INT8: whole numbers of 8 bits, as floats; 0 for others
}

// Dim is one dimension of a port.
type Dim struct {
	Size int    // -1 when it may vary
	Name string // what the file calls it if it may vary, such as "batch"; may be empty
}

func (p Port) String() string {
	dims := make([]string, len(p.Dims))
	if p.Dims == nil {
		dims = []string{"..."}
	}
	for i, d := range p.Dims {
		switch {
		case d.Size >= 0:
			dims[i] = fmt.Sprint(d.Size)
		case d.Name != "":
			dims[i] = d.Name
		default:
			dims[i] = "?"
		}
	}
	kind := "float"
	if p.Ints {
		kind = "int"
	} else if p.Bools {
		kind = "bool"
	} else if p.bytes != 0 {
		kind = strings.ToLower(p.bytes.String())
	}
	return fmt.Sprintf("%s %s [%s]", p.Name, kind, strings.Join(dims, ", "))
}

// Read reads a model from an ONNX file, and from the files beside it that it keeps weights in: regular files below its
// folder, which links may not lead out of. The error names the operator, attribute or node that this library has no
// equal of.
func Read(path string) (*Model, error) {
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "onnx")
	}
	m, err := parse(data, newFiles(filepath.Dir(path)))
	return m, errors.Wrapf(err, "onnx: %s", path)
}

// Parse is Read for the bytes of a file, which must hold all of its weights.
func Parse(data []byte) (*Model, error) {
	m, err := parse(data, noFiles())
	return m, errors.Wrap(err, "onnx")
}

func parse(data []byte, beside *files) (*Model, error) {
	file := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(data, file); err != nil {
		return nil, errors.Wrap(err, "it is no ONNX model")
	}
	return newModel(file, beside)
}

// Inputs lists what Build and a function made of it take, in order.
func (m *Model) Inputs() []Port {
	if m == nil {
		return nil
	}
	return append([]Port{}, m.inputs...)
}

// Outputs lists what Build and a function made of it give, in order.
func (m *Model) Outputs() []Port {
	if m == nil {
		return nil
	}
	return append([]Port{}, m.outputs...)
}

// empty is what is wrong with a model that was not read.
const empty = "the model is empty; want one that Read, Parse or a Builder made"

func (m *Model) empty() bool { return m == nil || m.proto == nil }

// Params returns a new store, of the model's element type, with its weights. The weights of RNN, LSTM and GRU nodes
// have PyTorch's names, shapes and order of gates, so that recurrent's own cells can take them:
//
//	weight_ih_l0 [G·H, I], weight_hh_l0 [G·H, H], bias_ih_l0, bias_hh_l0 [G·H], with _reverse for the second direction
//
// after the node's path: a node /encoder/lstm/LSTM_1 gives encoder.lstm.weight_ih_l1 when it is the second with that
// path. Peepholes are weight_ch_l0 [3H], in the order i, f, o. A node without B has no biases; a cell of recurrent's
// that is to use its weights needs them as zeros. The matrices that PyTorch's exporter transposes and renames, such as
// onnx::MatMul_12, get back their name and order; all others keep them.
func (m *Model) Params(seed uint64) (*graph.Params, error) {
	if m.empty() {
		return nil, errors.New("onnx: " + empty)
	}
	p := graph.NewParams(seed)
	if m.kind == onnxpb.TensorProto_DOUBLE {
		p = graph.NewParams64(seed)
	}
	for _, w := range m.weights {
		data := make([]float64, sizeOf(w.shape))
		for i := range data {
			data[i] = w.source.floats[w.at(i)]
		}
		if _, err := p.Add(w.name, dense(p.Dtype(), data, w.shape)); err != nil {
			return nil, errors.Wrapf(err, "onnx: %q", w.file)
		}
	}
	return p, nil
}

func dense(kind tensor.Dtype, data []float64, shape []int) *tensor.Dense {
	if kind == tensor.Float64 {
		return graph.Floats64(data, shape...)
	}
	rounded := make([]float32, len(data))
	for i, v := range data {
		rounded[i] = float32(v)
	}
	return graph.Floats(rounded, shape...)
}

// String lists the inputs, nodes and outputs.
func (m *Model) String() string {
	if m.empty() {
		return empty
	}
	var b strings.Builder
	for _, p := range m.inputs {
		fmt.Fprintln(&b, "input ", p)
	}
	for _, n := range m.nodes {
		fmt.Fprintf(&b, "%s = %s(%s)\n", strings.Join(n.out, ", "), n.op, strings.Join(n.in, ", "))
	}
	for _, p := range m.outputs {
		fmt.Fprintln(&b, "output", p)
	}
	return b.String()
}
