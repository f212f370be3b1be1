package onnx

import (
	"slices"
	"strings"

	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// Layers says how recurrent layers walk their input. The zero value walks all of it from states of zero.
type Layers struct {
	Lengths     Value   // from Builder.Lengths; the zero Value for sequences that are all as long as the input
	Initial     []Value // h and, for an LSTM, c before the first step, from Builder.States; nil for zeros
	Reverse     bool    // one direction, from the last step to the first
	ReLU        bool    // RNN: relu instead of tanh
	ResetBefore bool    // GRU: the reset gate applied before the product

	// Memory is what a decoder looks at, from Builder.Memory or an encoder's Y; the zero Value for layers without attention.
	// They are then those of a recurrent.Attentive with LuongGeneral or LuongDot and without input feeding, whose weights are
	// in the same scope. MemoryLengths are the lengths of its sources, from Builder.Lengths.
	Memory, MemoryLengths Value
}

// Recurrent is what recurrent layers give. D is the number of directions.
type Recurrent struct {
	Y    Value // outputs of the last layer, [time, batch, D·H]
	H, C Value // final states of all layers, [layers·D, batch, H]; C of an LSTM only
	Last Value // final h of the last layer, both directions side by side, [batch, D·H]
	// Attention has the weights of Layers.Memory, [batch, time, source]; Y then has the attentional vectors, [time, batch,
	// Units]. The zero Value without a memory.
	Attention Value
}

// RNN writes the layers of recurrent.RNN whose weights are in a scope: weight_ih_l0 and so on, and with _reverse for a
// second direction.
func (b *Builder) RNN(x Value, scope string, o Layers) Recurrent { return b.layers("RNN", x, scope, o) }

// GRU writes the layers of recurrent.GRU whose weights are in a scope.
func (b *Builder) GRU(x Value, scope string, o Layers) Recurrent { return b.layers("GRU", x, scope, o) }

// LSTM writes the layers of recurrent.LSTM whose weights are in a scope.
func (b *Builder) LSTM(x Value, scope string, o Layers) Recurrent {
	return b.layers("LSTM", x, scope, o)
}

// stack is the recurrent part that is being written.
type stack struct {
	op, scope  string
	layers     int
	directions int
	hidden     int
}

func (b *Builder) layers(op string, x Value, scope string, o Layers) Recurrent {
	what := op + " " + scope
	if !b.floats(what, x) {
		return Recurrent{}
	}
	if len(x.dims) != 3 {
		b.failf("%s: an input of %d dimensions; want [time, batch, width]", what, len(x.dims))
		return Recurrent{}
	}
	s, ok := b.measure(op, scope, o)
	if !ok {
		return Recurrent{}
	}
	var out Recurrent
	var finals [2][]string
	for k := range s.layers {
		y := b.layer(s, k, x, o)
		if b.err != nil {
			return Recurrent{}
		}
		for i, name := range y[1:] {
			finals[i] = append(finals[i], name)
		}
		x = Value{name: b.merged(s, y[0]), dims: []Dim{x.dims[0], x.dims[1], {Size: s.directions * s.hidden}}}
	}
	all := func(parts []string) Value {
		dims := []Dim{{Size: s.layers * s.directions}, x.dims[1], {Size: s.hidden}}
		if len(parts) == 1 {
			return Value{name: parts[0], dims: dims}
		}
		return Value{name: b.node(scope, "Concat", 1, parts, attrInt("axis", 0))[0], dims: dims}
	}
	out.Y, out.H = x, all(finals[0])
	if op == "LSTM" {
		out.C = all(finals[1])
	}
	turned := b.node(scope, "Transpose", 1, []string{finals[0][s.layers-1]}, attrInts("perm", 1, 0, 2)) // [N, D, H]
	last := b.node(scope, "Reshape", 1, []string{turned[0], b.numbers(0, -1)})
	out.Last = Value{name: last[0], dims: x.dims[1:]}
	if o.Memory.name != "" {
		out.Y, out.Attention = b.attend(s, x, o)
	}
	return out
}

// measure reads the number of layers and directions and the width off the weights, and refuses weights that ONNX's
// operator has no place for.
func (b *Builder) measure(op, scope string, o Layers) (stack, bool) {
	s := stack{op: op, scope: scope, directions: 1}
	has := func(local string, k int, reverse bool) bool {
		return b.params.Get(in(scope, layered(local, k, reverse))) != nil
	}
	for has("weight_ih", s.layers, false) {
		s.layers++
	}
	if s.layers == 0 {
		b.failf("%s %s: the store has no parameter %s", op, scope, in(scope, "weight_ih_l0"))
		return s, false
	}
	if has("weight_ih", 0, true) {
		s.directions = 2
	}
	recurrent := b.params.Get(in(scope, "weight_hh_l0"))
	if recurrent == nil || len(recurrent.Shape()) != 2 {
		b.failf("%s %s: the store has no matrix %s", op, scope, in(scope, "weight_hh_l0"))
		return s, false
	}
	s.hidden = recurrent.Shape()[1]
	if o.Reverse && s.directions == 2 {
		b.failf("%s %s: Reverse with weights for two directions", op, scope)
	}
	if o.ReLU && op != "RNN" || o.ResetBefore && op != "GRU" {
		b.failf("%s %s: ReLU is for an RNN and ResetBefore for a GRU", op, scope)
	}
	states := 1
	known := []string{"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
	if op == "LSTM" {
		states, known = 2, append(known, "weight_ch")
	}
	if o.Initial != nil && len(o.Initial) != states {
		b.failf("%s %s: %d initial states; want %d", op, scope, len(o.Initial), states)
	}
	if o.Memory.name != "" {
		known = append(known, attentionWeights...)
	}
	b.refuseStrangers(s, known)
	return s, b.err == nil
}

// refuseStrangers fails on a parameter in the scope that is not one of the known ones.
func (b *Builder) refuseStrangers(s stack, known []string) {
	var names []string
	for k := range s.layers {
		for _, local := range known {
			names = append(names, in(s.scope, layered(local, k, false)))
			if s.directions == 2 {
				names = append(names, in(s.scope, layered(local, k, true)))
			}
		}
	}
	for i := 0; i < b.params.Len() && s.scope != ""; i++ {
		if name := b.params.At(i).Name(); strings.HasPrefix(name, s.scope+".") && !slices.Contains(names, name) {
			b.failf("%s %s: ONNX's %s has no place for the parameter %s", s.op, s.scope, s.op, name)
		}
	}
}

// layer writes one operator. Its outputs are Y [T, D, N, H], Y_h and, for an LSTM, Y_c [D, N, H].
func (b *Builder) layer(s stack, k int, x Value, o Layers) []string {
	G, H, D := len(gateOrder[s.op]), s.hidden, s.directions
	width := x.dims[2].Size
	W := b.gathered(s, k, "W", []int{D, G * H, width}, gateOrder[s.op], "weight_ih")
	R := b.gathered(s, k, "R", []int{D, G * H, H}, gateOrder[s.op], "weight_hh")
	inputs := []string{x.name, W, R, "", "", "", "", ""}
	if b.params.Get(in(s.scope, layered("bias_ih", k, false))) != nil {
		inputs[3] = b.gathered(s, k, "B", []int{D, 2 * G * H}, gateOrder[s.op], "bias_ih", "bias_hh")
	}
	if o.Lengths.name != "" && b.usable("Lengths", o.Lengths) {
		if !o.Lengths.ints || len(o.Lengths.dims) != 1 {
			b.failf("%s %s: %q is no input made by Lengths", s.op, s.scope, o.Lengths.name)
		}
		inputs[4] = o.Lengths.name
	}
	for i, v := range o.Initial {
		inputs[5+i] = b.firstState(s, k, v)
	}
	if b.params.Get(in(s.scope, layered("weight_ch", k, false))) != nil {
		inputs[7] = b.gathered(s, k, "P", []int{D, 3 * H}, peepholeOrder, "weight_ch")
	}
	if b.err != nil {
		return nil
	}
	for inputs[len(inputs)-1] == "" {
		inputs = inputs[:len(inputs)-1]
	}
	attributes := []*onnxpb.AttributeProto{attrInt("hidden_size", H), attrString("direction", direction(D, o.Reverse))}
	if s.op == "GRU" && !o.ResetBefore {
		attributes = append(attributes, attrInt("linear_before_reset", 1))
	}
	if o.ReLU {
		attributes = append(attributes, attrStrings("activations", slices.Repeat([]string{"Relu"}, D)...))
	}
	return b.node(s.scope, s.op, operators[s.op].out, inputs, attributes...)
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

// gathered writes the initialiser W, R, B or P of a layer: its parameters of both directions, in ONNX's order.
func (b *Builder) gathered(s stack, k int, name string, shape, order []int, locals ...string) string {
	c := &constant{kind: b.kind, shape: shape, floats: make([]float64, sizeOf(shape))}
	rows, cols := shape[1]/len(locals), sizeOf(shape[2:])
	for d := range s.directions {
		for i, local := range locals {
			full := in(s.scope, layered(local, k, d == 1))
			p := b.params.Get(full)
			want := append([]int{rows}, shape[2:]...)
			if p == nil {
				b.failf("%s %s: the store has no parameter %s", s.op, s.scope, full)
				return ""
			}
			if !slices.Equal(p.Shape(), want) {
				b.failf("%s %s: parameter %s has shape %v; want %v", s.op, s.scope, full, p.Shape(), want)
				return ""
			}
			at := place(order, s.hidden, d*shape[1]+i*rows, cols)
			for j, v := range floats64(weights.Of(p)) {
				c.floats[at(j)] = v
			}
		}
	}
	full := in(s.scope, layered(name, k, false))
	for b.taken[full] { // the same layers used twice
		full += "_again"
	}
	b.taken[full] = true
	b.file.Initializer = append(b.file.Initializer, c.tensorProto(full))
	return full
}

// firstState takes layer k's rows of an input [layers·D, N, H].
func (b *Builder) firstState(s stack, k int, v Value) string {
	if !b.floats(s.op+" "+s.scope, v) {
		return ""
	}
	if rows := s.layers * s.directions; len(v.dims) != 3 || v.dims[0].Size != rows || v.dims[2].Size != s.hidden {
		b.failf("%s %s: initial states %q; want [%d, batch, %d]", s.op, s.scope, Port{Name: v.name, Dims: v.dims}, rows, s.hidden)
		return ""
	}
	if s.layers == 1 {
		return v.name
	}
	return b.node(s.scope, "Slice", 1, []string{v.name, b.numbers(k * s.directions), b.numbers((k + 1) * s.directions), b.numbers(0)})[0]
}

// merged turns Y [T, D, N, H] into [T, N, D·H].
func (b *Builder) merged(s stack, y string) string {
	if s.directions == 1 {
		return b.node(s.scope, "Squeeze", 1, []string{y, b.numbers(1)})[0]
	}
	turned := b.node(s.scope, "Transpose", 1, []string{y}, attrInts("perm", 0, 2, 1, 3))
	return b.node(s.scope, "Reshape", 1, []string{turned[0], b.numbers(0, 0, -1)})[0]
}
