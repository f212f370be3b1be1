package onnx

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
)

// The versions of ONNX's operators that were read for this package. What the operators in the table compute has
// changed between them only where the builds say so.
const oldestOpset, newestOpset = 7, 28

// newModel checks a file and sorts its weights.
func newModel(file *onnxpb.ModelProto, beside *files) (*Model, error) {
	m := &Model{proto: file, names: map[string]int{}, kind: onnxpb.TensorProto_UNDEFINED, constants: map[string]*constant{},
		plain: map[string]*weight{}, transposed: map[string]*weight{}, split: map[string][]*weight{},
		held: map[string]bool{}, places: map[*onnxpb.TensorProto]string{}}
	g := file.Graph
	switch {
	case g == nil || len(g.Node) == 0 && len(g.Output) == 0:
		return nil, errors.New("it has no graph")
	}
	for _, o := range file.OpsetImport {
		if o.Domain == "" || o.Domain == "ai.onnx" {
			m.opset = int(o.Version)
		}
	}
	if m.opset < oldestOpset || m.opset > newestOpset {
		return nil, errors.Errorf("it uses version %d of ONNX's operators; want %d to %d", m.opset, oldestOpset, newestOpset)
	}
	if err := unknown(g); err != nil {
		return nil, err
	}
	r := newReader(m, beside)
	top := &names{own: map[string]string{}}
	if err := r.initialisers(g, top); err != nil {
		return nil, err
	}
	if err := m.readPorts(g, r.tensors); err != nil {
		return nil, err
	}
	if m.kind == onnxpb.TensorProto_UNDEFINED {
		m.kind = floatKind
	}
	if err := r.main(g, top); err != nil {
		return nil, err
	}
	if err := m.claim(r.tensors); err != nil {
		return nil, err
	}
	m.size = int64(proto.Size(file)) + beside.size()
	for name, c := range r.tensors {
		if m.split[name] == nil && m.plain[name] == nil && m.transposed[name] == nil {
			m.constants[name] = c
		}
	}
	return m, nil
}

// setKind notes a float type of the model's. A model of both types computes in the larger one.
func (m *Model) setKind(kind dataType) {
	if kind = computes(kind); m.kind != onnxpb.TensorProto_DOUBLE {
		m.kind = kind
	}
}

// readPorts reads the inputs, without those that an initialiser gives, and the outputs.
func (m *Model) readPorts(g *onnxpb.GraphProto, initialisers map[string]*constant) error {
	for _, v := range g.Input {
		if initialisers[v.Name] != nil {
			continue
		}
		p, err := m.readPort(v)
		if err != nil {
			return errors.Wrapf(err, "input %q", v.Name)
		}
		m.inputs = append(m.inputs, p)
	}
	for _, v := range g.Output {
		p, err := m.readPort(v)
		if err != nil {
			return errors.Wrapf(err, "output %q", v.Name)
		}
		m.outputs = append(m.outputs, p)
	}
	return nil
}

func (m *Model) readPort(v *onnxpb.ValueInfoProto) (Port, error) {
	p := Port{Name: v.Name}
	t := v.GetType().GetTensorType()
	if t == nil {
		return p, errors.New("it is not a tensor")
	}
	switch kind := onnxpb.TensorProto_DataType(t.ElemType); {
	case isFloat(kind):
		m.setKind(kind)
	case kind == onnxpb.TensorProto_BOOL:
		p.Bools = true
	case isByte(kind):
		p.bytes = kind
	case isInt(kind):
		p.Ints = true
	default:
		return p, errors.Errorf("its elements are %v; want %s", kind, knownTypes)
	}
	p.kind = onnxpb.TensorProto_DataType(t.ElemType)
	if t.Shape != nil {
		p.Dims = []Dim{}
	}
	for _, d := range t.GetShape().GetDim() {
		dim := Dim{Size: -1, Name: d.GetDimParam()}
		if fixed, ok := d.Value.(*onnxpb.TensorShapeProto_Dimension_DimValue); ok {
			dim.Size = int(fixed.DimValue)
		}
		p.Dims = append(p.Dims, dim)
	}
	return p, nil
}

// unknown names all operators that are not in the table, with the number of their nodes.
func unknown(g *onnxpb.GraphProto) error {
	count := map[string]int{}
	if err := countUnknown(g, count, 0); err != nil || len(count) == 0 {
		return err
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		list = append(list, fmt.Sprintf("%s (%d)", name, count[name]))
	}
	return errors.Errorf("operators that are not supported, with the number of their nodes: %s", strings.Join(list, ", "))
}

// countUnknown looks at a graph, and at those that its nodes run.
func countUnknown(g *onnxpb.GraphProto, count map[string]int, depth int) error {
	if depth > deepest {
		return errors.Errorf("its branches and loops lie in each other more than %d deep", deepest)
	}
	for _, n := range g.Node {
		if name := operatorName(n); operators[name] == nil {
			count[name]++
		}
		for _, a := range n.Attribute {
			if a.G == nil {
				continue
			}
			if err := countUnknown(a.G, count, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// operatorName is what the table calls a node's operator: by its domain, if that is not ONNX's own.
func operatorName(n *onnxpb.NodeProto) string {
	if n.Domain == "" || n.Domain == "ai.onnx" {
		return n.OpType
	}
	return n.Domain + "." + n.OpType
}

func (m *Model) readNode(n *node, from *onnxpb.NodeProto, beside *files) error {
	n.def = operators[operatorName(from)]
	if err := n.setAttributes(n.def.attributes, from.Attribute); err != nil {
		return err
	}
	if len(n.in) < n.def.in[0] || len(n.in) > n.def.in[1] {
		return errors.Errorf("%d inputs; want %d to %d", len(n.in), n.def.in[0], n.def.in[1])
	}
	if len(n.out) == 0 {
		return errors.New("it has no outputs")
	}
	for i, name := range n.out {
		if i >= n.def.out && name != "" {
			return errors.Errorf("its output %d, %q, is not supported", i, name)
		}
	}
	for field := range strings.FieldsSeq(n.def.attributes) {
		if name, letter, _ := strings.Cut(field, ":"); letter == "g" && n.attr[name].GetG() == nil {
			return errors.Errorf("it has no graph %s", name)
		}
	}
	if a := n.attr["value"]; a != nil {
		var err error
		if n.tensor, err = readTensor(a.T, beside); err != nil {
			return errors.Wrap(err, "its value")
		}
		if n.op == "ConstantOfShape" && n.tensor.len() != 1 {
			return errors.Errorf("its value has shape %v; want one number", n.tensor.shape)
		}
	}
	if _, ok := gateOrder[n.op]; ok {
		for i := range 3 {
			if n.in[i] == "" {
				return errors.Errorf("its input %d is missing", i)
			}
		}
		var err error
		n.rec, err = readRecurrent(n)
		return err
	}
	return nil
}
