package onnx

import (
	"reflect"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/op"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	rnn "github.com/unroll-go/unroll/recurrent"
)

// known is a recurrence that ONNX has an operator for.
type known struct {
	op         string
	attributes []*attribute
	weights    map[string]string // full names of the parameters, by their local ones
	hidden     int
}

// operatorOf tells which operator a recurrence is, if one: a plain cell, whose step reads its parameters as they are.
func (w *writer) operatorOf(l *recurrence) (known, bool) {
	k := known{weights: map[string]string{}}
	needs := []string{"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
	switch c := l.What.(type) {
	case rnn.RNN:
		k.op, k.hidden = "RNN", c.Hidden
		if c.ReLU {
			k.attributes = append(k.attributes, attrStrings("activations", "Relu"))
		}
	case rnn.GRU:
		if c.LayerNorm {
			return k, false
		}
		k.op, k.hidden = "GRU", c.Hidden
		if !c.ResetBefore {
			k.attributes = append(k.attributes, attrInt("linear_before_reset", 1))
		}
	case rnn.LSTM:
		if c.Projection != 0 || c.Coupled || c.NoForget || c.LayerNorm {
			return k, false
		}
		k.op, k.hidden = "LSTM", c.Hidden
		if c.Peepholes {
			needs = append(needs, "weight_ch")
		}
	default:
		return k, false
	}
	for _, i := range l.inside {
		for _, operand := range w.list[i].In {
			if name := w.parameter(operand); name != "" {
				local, _, _ := strings.Cut(name[strings.LastIndex(name, ".")+1:], "_l")
				k.weights[local] = name
			}
		}
	}
	for _, local := range needs {
		if k.weights[local] == "" {
			return k, false
		}
	}
	return k, true
}

// parameter names the parameter that a node is, or is a part of; "" if it is none.
func (w *writer) parameter(i int) string {
	for {
		n := w.list[i]
		switch {
		case n.Leaf != nil && n.Leaf.Kind == compile.FromWeight:
			return n.Leaf.Name
		case n.Leaf != nil:
			return ""
		}
		switch n.Op.(type) {
		case op.Slice, op.Reshape, *op.Transpose:
			i = n.In[0]
		default:
			return ""
		}
	}
}

// known writes a recurrence that ONNX has an operator for; two that read the same in both directions as one.
func (w *writer) known(i int, l *recurrence) bool {
	k, ok := w.operatorOf(l)
	if !ok || l.results != nil {
		return ok
	}
	loops, kinds := []*recurrence{l}, []known{k}
	for j := i + 1; j < len(w.list) && !l.Reverse; j++ {
		other := w.loops[j]
		if other == nil || !other.Reverse || other.results != nil || other.sequences[0] != l.sequences[0] ||
			other.lengths != l.lengths || !reflect.DeepEqual(other.What, l.What) || !w.ready(other.states) {
			continue
		}
		if k2, ok := w.operatorOf(other); ok && k2.weights["weight_ih"] == k.weights["weight_ih"]+"_reverse" {
			loops, kinds = append(loops, other), append(kinds, k2)
			break
		}
	}
	w.operator(i, loops, kinds)
	return true
}

// ready tells whether nodes are written, or need not be: zeros are what states are unless they are given.
func (w *writer) ready(nodes []int) bool {
	return !slices.ContainsFunc(nodes, func(i int) bool { return w.names[i] == "" && !w.isZero(i) })
}

func (w *writer) isZero(i int) bool {
	l := w.list[i].Leaf
	return l != nil && l.Kind == compile.FromConstant && l.Uniform && l.Number == 0
}

// operator writes the operator of one direction or of two.
func (w *writer) operator(i int, loops []*recurrence, kinds []known) {
	k, l := kinds[0], loops[0]
	order := gateOrder[k.op]
	in := []string{w.names[l.sequences[0]], w.stacked("W", k, kinds, order, "weight_ih"), w.stacked("R", k, kinds, order, "weight_hh"),
		w.stacked("B", k, kinds, order, "bias_ih", "bias_hh"), "", "", "", ""}
	if l.lengths >= 0 {
		in[4] = w.node(i, "Cast", []string{w.names[l.lengths]}, attrInt("to", int(onnxpb.TensorProto_INT32)))
	}
	for s := range l.states {
		in[5+s] = w.firstStates(i, loops, s)
	}
	if k.weights["weight_ch"] != "" {
		in[7] = w.stacked("P", k, kinds, peepholeOrder, "weight_ch")
	}
	for in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	ways := attrString("direction", direction(len(loops), l.Reverse))
	attributes := append([]*attribute{attrInt("hidden_size", k.hidden), ways}, k.attributes...)
	for _, a := range attributes {
		if len(a.Strings) > 0 {
			a.Strings = slices.Repeat(a.Strings, len(loops))
		}
	}
	scope := strings.TrimSuffix(k.weights["weight_ih"][:strings.LastIndex(k.weights["weight_ih"], ".")+1], ".")
	out := w.b.node(scope, k.op, 1+len(l.states), in, attributes...)
	for d, each := range loops {
		at := w.b.scalar(onnxpb.TensorProto_INT64, float64(d))
		each.results = []string{w.node(i, "Gather", []string{out[0], at}, attrInt("axis", 1))}
		for s, name := range out[1:] {
			final := w.node(i, "Gather", []string{name, at}, attrInt("axis", 0))
			if l.lengths >= 0 && !w.isZero(each.states[s]) {
				final = w.node(i, "Where", []string{w.empty(i, l.lengths), w.names[each.states[s]], final})
			}
			each.results = append(each.results, final)
		}
	}
}

// empty tells which sequences have no steps, [B, 1]: for them ONNX Runtime gives zeros, where the state stays what it was.
func (w *writer) empty(i, lengths int) string {
	none := w.node(i, "Equal", []string{w.wide(i, w.names[lengths]), w.b.scalar(onnxpb.TensorProto_INT64, 0)})
	return w.node(i, "Unsqueeze", []string{none, w.b.numbers(1)})
}

// firstStates joins state s of all directions, [D, B, H]; "" if all are zeros.
func (w *writer) firstStates(i int, loops []*recurrence, s int) string {
	zero := true
	var parts []string
	for _, l := range loops {
		zero = zero && w.isZero(l.states[s])
		if w.names[l.states[s]] == "" { // zeros that come later in the list
			w.names[l.states[s]] = w.write(l.states[s])
		}
		parts = append(parts, w.node(i, "Unsqueeze", []string{w.names[l.states[s]], w.b.numbers(0)}))
	}
	switch {
	case zero:
		return ""
	case len(parts) == 1:
		return parts[0]
	}
	return w.node(i, "Concat", parts, attrInt("axis", 0))
}

// stacked writes the initialiser W, R, B or P: the parameters of all directions, in ONNX's order of gates.
func (w *writer) stacked(name string, k known, kinds []known, order []int, locals ...string) string {
	first := w.b.params.Get(k.weights[locals[0]])
	rows, cols := first.Shape()[0], sizeOf(first.Shape()[1:])
	shape := append([]int{len(kinds), len(locals) * rows}, first.Shape()[1:]...)
	c := &constant{kind: w.b.kind, shape: shape, floats: make([]float64, sizeOf(shape))}
	for d, each := range kinds {
		for i, local := range locals {
			at := place(order, k.hidden, d*shape[1]+i*rows, cols)
			for j, v := range floats64(weights.Of(w.b.params.Get(each.weights[local]))) {
				c.floats[at(j)] = v
			}
		}
	}
	full := k.weights[locals[0]]
	full = strings.Replace(full, locals[0]+"_l", name+"_l", 1)
	for w.b.taken[full] { // the same layers used twice
		full += "_again"
	}
	w.b.taken[full] = true
	w.b.file.Initializer = append(w.b.file.Initializer, c.tensorProto(full))
	return full
}

func direction(directions int, reverse bool) string {
	switch {
	case directions == 2:
		return "bidirectional"
	case reverse:
		return "reverse"
	}
	return "forward"
}
