package onnx

import (
	"fmt"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// node is an operator of the model with its checked attributes.
type node struct {
	name, op string
	in, out  []string
	attr     map[string]*onnxpb.AttributeProto
	tensor   *constant  // the attribute "value" of Constant and ConstantOfShape
	rec      *recurrent // of RNN, LSTM and GRU
	def      *operator
	blocks   map[string]*block // graphs that it runs, by attribute
}

// String names the node in messages.
func (n *node) String() string {
	if n.name == "" {
		return fmt.Sprintf("%s, which gives %q", n.op, strings.Join(n.out, ", "))
	}
	return fmt.Sprintf("%s node %s", n.op, n.name)
}

// input returns the name of the i-th input, "" when it is left out.
func (n *node) input(i int) string {
	if i < len(n.in) {
		return n.in[i]
	}
	return ""
}

// attributeKinds are the letters by which the table of operators gives the types of attributes.
var attributeKinds = map[string]onnxpb.AttributeProto_AttributeType{
	"i": onnxpb.AttributeProto_INT, "is": onnxpb.AttributeProto_INTS,
	"f": onnxpb.AttributeProto_FLOAT, "fs": onnxpb.AttributeProto_FLOATS,
	"s": onnxpb.AttributeProto_STRING, "ss": onnxpb.AttributeProto_STRINGS,
	"t": onnxpb.AttributeProto_TENSOR, "g": onnxpb.AttributeProto_GRAPH,
}

// setAttributes checks a node's attributes against those that its operator knows, "axis:i perm:is", and keeps them.
// An attribute that is not known is refused: it may change what the node computes.
func (n *node) setAttributes(known string, given []*onnxpb.AttributeProto) error {
	kinds := map[string]onnxpb.AttributeProto_AttributeType{}
	for k := range strings.FieldsSeq(known) {
		name, letter, _ := strings.Cut(k, ":")
		kinds[name] = attributeKinds[letter]
	}
	n.attr = map[string]*onnxpb.AttributeProto{}
	for _, a := range given {
		kind, ok := kinds[a.Name]
		switch {
		case !ok:
			return errors.Errorf("the attribute %q is not supported", a.Name)
		case a.RefAttrName != "":
			return errors.Errorf("the attribute %q refers to a function's, which is not supported", a.Name)
		case a.Type != kind:
			return errors.Errorf("the attribute %q is of type %v; want %v", a.Name, a.Type, kind)
		case n.attr[a.Name] != nil:
			return errors.Errorf("the attribute %q is given twice", a.Name)
		}
		n.attr[a.Name] = a
	}
	return nil
}

func (n *node) has(name string) bool { return n.attr[name] != nil }

func (n *node) int(name string, otherwise int) int {
	if a := n.attr[name]; a != nil {
		return int(a.I)
	}
	return otherwise
}

// float gives a float attribute: a float32 of the file, widened.
func (n *node) float(name string, otherwise float64) float64 {
	if a := n.attr[name]; a != nil {
		return float64(a.F)
	}
	return otherwise
}

func (n *node) ints(name string) []int {
	a := n.attr[name]
	if a == nil {
		return nil
	}
	out := make([]int, len(a.Ints))
	for i, v := range a.Ints {
		out[i] = int(max(math.MinInt, min(math.MaxInt, v)))
	}
	return out
}

func (n *node) floats(name string) []float64 {
	var out []float64
	if a := n.attr[name]; a != nil {
		for _, v := range a.Floats {
			out = append(out, float64(v))
		}
	}
	return out
}

func (n *node) string(name, otherwise string) string {
	if a := n.attr[name]; a != nil {
		return string(a.S)
	}
	return otherwise
}

func (n *node) strings(name string) []string {
	var out []string
	if a := n.attr[name]; a != nil {
		for _, v := range a.Strings {
			out = append(out, string(v))
		}
	}
	return out
}
