package onnx

import "github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"

// Embedding looks ids up, as nn.Embedding: ids [...] give [..., E]. Weight: scope.weight [V, E].
func (b *Builder) Embedding(ids Value, scope string) Value {
	table, shape := b.weight(in(scope, "weight"), 2)
	if !b.usable("Embedding "+scope, ids) {
		return Value{}
	}
	if !ids.ints {
		return b.failf("Embedding %s: %q holds floats; want ids", scope, ids.name)
	}
	out := b.node(scope, "Gather", 1, []string{table, ids.name})
	return Value{name: out[0], dims: append(append([]Dim{}, ids.dims...), Dim{Size: shape[1]})}
}

// Dense maps the last axis, as nn.Dense and nn.Head: x [..., I] gives [..., O]. Weights: scope.weight [O, I] and, if
// the store has it, scope.bias [O].
func (b *Builder) Dense(x Value, scope string) Value { return b.dense(x, scope, in(scope, "weight")) }

// Tied is Dense with the weight of an embedding, as nn.Head with Tied.
func (b *Builder) Tied(x Value, scope, embedding string) Value {
	return b.dense(x, scope, in(embedding, "weight"))
}

func (b *Builder) dense(x Value, scope, matrix string) Value {
	weight, shape := b.weight(matrix, 2)
	if !b.floats("Dense "+scope, x) {
		return Value{}
	}
	last := len(x.dims) - 1
	if x.dims[last].Size != shape[1] {
		return b.failf("Dense %s: parameter %s has shape %v, the input's last dimension is %d", scope, matrix, shape, x.dims[last].Size)
	}
	dims := append([]Dim{}, x.dims...)
	dims[last] = Dim{Size: shape[0]}
	turned := b.node(scope, "Transpose", 1, []string{weight}, attrInts("perm", 1, 0))
	y := b.node(scope, "MatMul", 1, []string{x.name, turned[0]})
	if b.params.Get(in(scope, "bias")) != nil {
		bias, shape := b.weight(in(scope, "bias"), 1)
		if b.err == nil && shape[0] != dims[last].Size {
			return b.failf("Dense %s: the bias has %d elements; want %d", scope, shape[0], dims[last].Size)
		}
		y = b.node(scope, "Add", 1, []string{y[0], bias})
	}
	return Value{name: y[0], dims: dims}
}

// Softmax turns the logits of the last axis into probabilities.
func (b *Builder) Softmax(x Value) Value { return b.function("Softmax", x, attrInt("axis", -1)) }

// LogSoftmax is the logarithm of Softmax.
func (b *Builder) LogSoftmax(x Value) Value { return b.function("LogSoftmax", x, attrInt("axis", -1)) }

// Tanh is the hyperbolic tangent, element by element.
func (b *Builder) Tanh(x Value) Value { return b.function("Tanh", x) }

// Sigmoid is 1/(1+exp(-x)), element by element.
func (b *Builder) Sigmoid(x Value) Value { return b.function("Sigmoid", x) }

// ReLU is max(x, 0), element by element.
func (b *Builder) ReLU(x Value) Value { return b.function("Relu", x) }

func (b *Builder) function(op string, x Value, attributes ...*onnxpb.AttributeProto) Value {
	if !b.floats(op, x) {
		return Value{}
	}
	return Value{name: b.node("", op, 1, []string{x.name}, attributes...)[0], dims: x.dims}
}

// floats reports a value that is not there or holds whole numbers.
func (b *Builder) floats(what string, x Value) bool {
	if b.usable(what, x) && x.ints {
		b.failf("%s: %q holds whole numbers; want floats", what, x.name)
	}
	return b.err == nil
}
