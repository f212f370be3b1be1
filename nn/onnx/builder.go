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

// Builder writes a model of this library as ONNX: its inputs, what a build function computes of them, and the names that this
// goes out by.
//
//	b := onnx.NewBuilder(params)
//	y := b.Apply(build, b.Tokens("ids"))
//	b.Output("logits", y[0])
//	err := b.Write("model.onnx")
//
// Number of steps and batch size stay open. The first mistake sticks, and comes out of Write or Model.
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

// floats reports a value that is not there or holds whole numbers.
func (b *Builder) floats(what string, x Value) bool {
	if b.usable(what, x) && x.ints {
		b.failf("%s: %q holds whole numbers; want floats", what, x.name)
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

// scalar gives the name of an initialiser with one number.
func (b *Builder) scalar(kind onnxpb.TensorProto_DataType, v float64) string {
	name := fmt.Sprint("number ", v)
	c := &constant{kind: kind, shape: []int{}, floats: []float64{v}}
	if !isFloat(kind) {
		name, c.floats, c.ints = fmt.Sprint("int ", v), nil, []int{int(v)}
	}
	if !b.taken[name] {
		b.taken[name] = true
		b.file.Initializer = append(b.file.Initializer, c.tensorProto(name))
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
