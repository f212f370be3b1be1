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
		plain: map[string]*weight{}, transposed: map[string]*weight{}, split: map[string][]*weight{}}
	g := file.Graph
	switch {
	case g == nil || len(g.Node) == 0 && len(g.Output) == 0:
		return nil, errors.New("it has no graph")
	case len(g.SparseInitializer) > 0:
		return nil, errors.New("it has sparse initialisers, which are not supported")
	}
	for _, o := range file.OpsetImport {
		if o.Domain == "" || o.Domain == "ai.onnx" {
			m.opset = int(o.Version)
		}
	}
	if m.opset < oldestOpset || m.opset > newestOpset {
		return nil, errors.Errorf("it uses version %d of ONNX's operators; want %d to %d", m.opset, oldestOpset, newestOpset)
	}
	initialisers := map[string]*constant{}
	for _, t := range g.Initializer {
		c, err := readTensor(t, beside)
		if err != nil {
			return nil, errors.Wrapf(err, "initialiser %q", t.Name)
		}
		if initialisers[t.Name] != nil {
			return nil, errors.Errorf("two initialisers are called %q", t.Name)
		}
		if isFloat(c.kind) && len(c.shape) > 0 {
			if err := m.setKind(c.kind, t.Name); err != nil {
				return nil, err
			}
		}
		initialisers[t.Name] = c
		m.order = append(m.order, t.Name)
	}
	if err := m.readPorts(g, initialisers); err != nil {
		return nil, err
	}
	if m.kind == onnxpb.TensorProto_UNDEFINED {
		m.kind = floatKind
	}
	if err := m.readNodes(g, initialisers, beside); err != nil {
		return nil, err
	}
	if err := m.claim(initialisers); err != nil {
		return nil, err
	}
	m.size = int64(proto.Size(file)) + beside.size()
	for name, c := range initialisers {
		if m.split[name] == nil && m.plain[name] == nil && m.transposed[name] == nil {
			m.constants[name] = c
		}
	}
	return m, nil
}

// setKind sets the model's float type, of which there may be one.
func (m *Model) setKind(kind onnxpb.TensorProto_DataType, name string) error {
	if kind = computes(kind); m.kind != onnxpb.TensorProto_UNDEFINED && m.kind != kind {
		return errors.Errorf("%q holds %v, other tensors %v; want one float type", name, kind, m.kind)
	}
	m.kind = kind
	return nil
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
		if err := m.setKind(kind, v.Name); err != nil {
			return p, err
		}
	case kind == onnxpb.TensorProto_INT64 || kind == onnxpb.TensorProto_INT32:
		p.Ints = true
	case kind == onnxpb.TensorProto_BOOL:
		p.Bools = true
	case isByte(kind):
		p.bytes = kind
	default:
		return p, errors.Errorf("its elements are %v; want FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT64, INT32, INT8, UINT8 or BOOL", kind)
	}
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

// readNodes checks every node: that its operator and attributes are known, and its inputs computed before.
func (m *Model) readNodes(g *onnxpb.GraphProto, initialisers map[string]*constant, beside *files) error {
	if err := unknown(g); err != nil {
		return err
	}
	there := map[string]bool{"": true}
	for name := range initialisers {
		there[name] = true
	}
	for _, p := range m.inputs {
		there[p.Name] = true
	}
	for _, from := range g.Node {
		n := &node{name: from.Name, op: from.OpType, in: from.Input, out: from.Output}
		if err := m.readNode(n, from, beside); err != nil {
			return errors.Wrapf(err, "%v", n)
		}
		for _, name := range n.in {
			if !there[name] {
				return errors.Errorf("%v: its input %q is not computed by a node before it", n, name)
			}
		}
		for _, name := range n.out {
			if there[name] && name != "" {
				return errors.Errorf("%v: its output %q has been there already", n, name)
			}
			there[name] = true
		}
		m.nodes = append(m.nodes, n)
	}
	for _, p := range m.outputs {
		if !there[p.Name] || p.Name == "" {
			return errors.Errorf("the output %q is not computed by any node", p.Name)
		}
	}
	return nil
}

// unknown names all operators that are not in the table, with the number of their nodes.
func unknown(g *onnxpb.GraphProto) error {
	count := map[string]int{}
	for _, n := range g.Node {
		if name := operatorName(n); operators[name] == nil {
			count[name]++
		}
	}
	if len(count) == 0 {
		return nil
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		list = append(list, fmt.Sprintf("%s (%d)", name, count[name]))
	}
	return errors.Errorf("operators that are not supported, with the number of their nodes: %s", strings.Join(list, ", "))
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
