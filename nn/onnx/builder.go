package onnx

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"gorgonia.org/tensor"
)

// Builder writes a model of this library as ONNX: the same layers in the same order as in the model's build function,
// each with the scope that its weights have in the store.
//
//	b := onnx.NewBuilder(params)
//	x := b.Embedding(b.Tokens("ids"), "embedding")
//	y := b.LSTM(x, "lstm", onnx.Layers{}).Y
//	b.Output("logits", b.Dense(y, "head"))
//	err := b.Write("model.onnx")
//
// Number of steps and batch size stay open. How many layers and directions a recurrent part has, and all widths, are
// those of the weights. The first mistake sticks, and comes out of Write or Model.
type Builder struct {
	params *graph.Params
	kind   onnxpb.TensorProto_DataType
	file   *onnxpb.GraphProto
	taken  map[string]bool // names of values and initialisers
	err    error
}

// The versions that files are written in: those of ONNX 1.9, which every runtime in use reads.
const writtenOpset, writtenIR = 14, 7

// Value is something that a model computes or is given.
type Value struct {
	name string
	ints bool
	dims []Dim
}

// timeDim and batchDim are the dimensions of a sequence that vary.
var timeDim, batchDim = Dim{Size: -1, Name: "time"}, Dim{Size: -1, Name: "batch"}

// NewBuilder returns an empty model over a store of weights.
func NewBuilder(p *graph.Params) *Builder {
	if p == nil {
		return &Builder{err: errors.New("NewBuilder: the store of weights is nil")}
	}
	b := &Builder{params: p, kind: onnxpb.TensorProto_FLOAT, file: &onnxpb.GraphProto{Name: "unroll"}, taken: map[string]bool{}}
	if p.Dtype() == tensor.Float64 {
		b.kind = onnxpb.TensorProto_DOUBLE
	}
	return b
}

// Tokens declares an input of ids, int64 [time, batch].
func (b *Builder) Tokens(name string) Value {
	return b.input(name, onnxpb.TensorProto_INT64, timeDim, batchDim)
}

// Sequence declares an input of features, [time, batch, width].
func (b *Builder) Sequence(name string, width int) Value {
	return b.input(name, b.kind, timeDim, batchDim, Dim{Size: width})
}

// Lengths declares an input for the lengths of the sequences in a batch, int32 [batch].
func (b *Builder) Lengths(name string) Value {
	return b.input(name, onnxpb.TensorProto_INT32, batchDim)
}

// States declares an input for initial states, [rows, batch, width]: one row for each layer and direction.
func (b *Builder) States(name string, rows, width int) Value {
	return b.input(name, b.kind, Dim{Size: rows}, batchDim, Dim{Size: width})
}

// Output gives a value out under a name.
func (b *Builder) Output(name string, v Value) {
	if !b.floats("Output", v) || !b.take(name) {
		return
	}
	b.file.Node = append(b.file.Node, &onnxpb.NodeProto{Name: "/" + name, OpType: "Identity", Input: []string{v.name}, Output: []string{name}})
	b.file.Output = append(b.file.Output, valueInfo(name, b.kind, v.dims))
}

// Model returns what was built, as Read would from the file.
func (b *Builder) Model() (*Model, error) {
	file, err := b.whole()
	if err != nil {
		return nil, errors.Wrap(err, "onnx")
	}
	m, err := newModel(file, noFiles())
	return m, errors.Wrap(err, "onnx")
}

// whole is the file, without what no output needs.
func (b *Builder) whole() (*onnxpb.ModelProto, error) {
	if !b.made() {
		return nil, b.err
	}
	if len(b.file.Output) == 0 {
		return nil, errors.New("the model has no outputs")
	}
	b.prune()
	return &onnxpb.ModelProto{IrVersion: writtenIR, ProducerName: "unroll", Graph: b.file,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: writtenOpset}}}, nil
}

// Write writes the model to a file, replacing one that is there. The file appears whole or not at all.
func (b *Builder) Write(path string) error {
	file, err := b.whole()
	var data []byte
	if err == nil {
		data, err = encoded(file)
	}
	if err == nil {
		err = atomicfile.WriteBytes(path, data)
	}
	return errors.Wrapf(err, "onnx: write %s", path)
}

// prune drops nodes and initialisers that no output needs: the final states of a model that gives out none.
func (b *Builder) prune() {
	needed := map[string]bool{}
	for _, o := range b.file.Output {
		needed[o.Name] = true
	}
	for i, n := range slices.Backward(b.file.Node) {
		if !slices.ContainsFunc(n.Output, func(name string) bool { return needed[name] }) {
			b.file.Node = slices.Delete(b.file.Node, i, i+1)
			continue
		}
		eachInput(n, func(name string) { needed[name] = true })
	}
	b.file.Initializer = slices.DeleteFunc(b.file.Initializer, func(t *onnxpb.TensorProto) bool { return !needed[t.Name] })
}

// eachInput goes through the names that a node reads, those inside of its graphs included.
func eachInput(n *onnxpb.NodeProto, f func(name string)) {
	for _, name := range n.Input {
		f(name)
	}
	for _, a := range n.Attribute {
		for _, inner := range a.G.GetNode() {
			eachInput(inner, f)
		}
	}
}

func (b *Builder) failf(format string, args ...any) Value {
	if b.err == nil {
		b.err = errors.Errorf(format, args...)
	}
	return Value{}
}

// made tells whether the builder is one of NewBuilder's, without a mistake so far.
func (b *Builder) made() bool {
	if b.file == nil {
		b.failf("the builder is empty; want one that NewBuilder made")
	}
	return b.err == nil
}

// usable reports a value that an earlier mistake or another builder left invalid.
func (b *Builder) usable(what string, v Value) bool {
	if b.made() && !b.taken[v.name] {
		b.failf("%s: the value is not one of this model", what)
	}
	return b.err == nil
}

// take reserves a name.
func (b *Builder) take(name string) bool {
	switch {
	case !b.made():
	case name == "":
		b.failf("an input or output has no name")
	case !utf8.ValidString(name):
		b.failf("the name %q is not UTF-8", name)
	case b.taken[name]:
		b.failf("two values are called %q", name)
	default:
		b.taken[name] = true
	}
	return b.err == nil
}

func (b *Builder) input(name string, kind onnxpb.TensorProto_DataType, dims ...Dim) Value {
	for _, d := range dims {
		if d.Size == 0 || d.Size < -1 {
			return b.failf("input %q: a dimension of size %d; want at least 1", name, d.Size)
		}
	}
	if !b.take(name) {
		return Value{}
	}
	b.file.Input = append(b.file.Input, valueInfo(name, kind, dims))
	return Value{name: name, ints: !isFloat(kind), dims: dims}
}

func valueInfo(name string, kind onnxpb.TensorProto_DataType, dims []Dim) *onnxpb.ValueInfoProto {
	shape := &onnxpb.TensorShapeProto{}
	for _, d := range dims {
		to := &onnxpb.TensorShapeProto_Dimension{}
		if d.Size >= 0 {
			to.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d.Size)}
		} else {
			to.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: d.Name}
		}
		shape.Dim = append(shape.Dim, to)
	}
	return &onnxpb.ValueInfoProto{Name: name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: int32(kind), Shape: shape}}}}
}

// node adds an operator named after its scope, "/encoder/lstm/LSTM", and returns the names of its outputs.
func (b *Builder) node(scope, op string, outputs int, in []string, attributes ...*onnxpb.AttributeProto) []string {
	path := "/"
	if scope != "" {
		path += strings.ReplaceAll(scope, ".", "/") + "/"
	}
	name := path + op
	for k := 1; b.taken[name+"_output_0"]; k++ {
		name = fmt.Sprintf("%s%s_%d", path, op, k)
	}
	n := &onnxpb.NodeProto{Name: name, OpType: op, Input: in, Attribute: attributes}
	for i := range outputs {
		n.Output = append(n.Output, fmt.Sprintf("%s_output_%d", name, i))
		b.taken[n.Output[i]] = true
	}
	b.file.Node = append(b.file.Node, n)
	return n.Output
}

// numbers gives the name of an initialiser with known whole numbers.
func (b *Builder) numbers(v ...int) string {
	name := strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ","), "[]")
	name = "ints " + name
	if !b.taken[name] {
		b.taken[name] = true
		b.file.Initializer = append(b.file.Initializer, ints64(v...).tensorProto(name))
	}
	return name
}

// weight gives the name of an initialiser with a parameter of the store, as it is, and its shape.
func (b *Builder) weight(name string, rank int) (string, []int) {
	if !b.made() {
		return "", nil
	}
	p := b.params.Get(name)
	switch {
	case !utf8.ValidString(name):
		b.failf("the name %q of a parameter is not UTF-8", name)
		return "", nil
	case p == nil:
		b.failf("the store has no parameter %s", name)
		return "", nil
	case len(p.Shape()) != rank:
		b.failf("parameter %s has shape %v; want %d dimensions", name, p.Shape(), rank)
		return "", nil
	}
	if !b.taken[name] {
		b.taken[name] = true
		c := &constant{kind: b.kind, shape: p.Shape(), floats: floats64(weights.Of(p))}
		b.file.Initializer = append(b.file.Initializer, c.tensorProto(name))
	}
	return name, p.Shape()
}

// in is the name of a parameter in a scope.
func in(scope, local string) string {
	if scope == "" {
		return local
	}
	return scope + "." + local
}

func attrInt(name string, v int) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_INT, I: int64(v)}
}

func attrInts(name string, v ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_INTS, Ints: v}
}

func attrString(name, v string) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_STRING, S: []byte(v)}
}

func attrStrings(name string, v ...string) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_STRINGS}
	for _, s := range v {
		a.Strings = append(a.Strings, []byte(s))
	}
	return a
}
