package onnx

import (
	"fmt"
	"math"

	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	rnn "github.com/unroll-go/unroll/recurrent"
)

// Pool writes recurrent.Pooling: one vector of the outputs of layers, [batch, H], as recurrent.ManyToOne makes it, whose
// scope for it is "pool". lengths is from Builder.Lengths, the same that the layers have; the zero Value is for sequences
// that are all as long as the input. PoolAttention has its weights in the scope: weight [H, H], bias [H], query [1, H].
func (b *Builder) Pool(p rnn.Pooling, r Recurrent, scope string, lengths Value) Value {
	y := r.Y
	if !b.floats("Pool "+scope, y) {
		return Value{}
	}
	if len(y.dims) != 3 {
		return b.failf("Pool %s: outputs of %d dimensions; want [time, batch, width]", scope, len(y.dims))
	}
	w := &pool{b: b, scope: scope, y: y.name}
	if lengths.name != "" {
		if !b.usable("Pool "+scope, lengths) {
			return Value{}
		}
		if !lengths.ints || len(lengths.dims) != 1 {
			return b.failf("Pool %s: %q is no input made by Lengths", scope, lengths.name)
		}
		w.masks(lengths.name)
	}
	out := Value{dims: y.dims[1:]}
	switch p {
	case rnn.PoolLast:
		if !b.floats("Pool "+scope, r.Last) {
			return Value{}
		}
		out.name = w.notEmpty(r.Last.name)
	case rnn.PoolMax:
		out.name = w.notEmpty(w.node("ReduceMax", []string{w.inside(y.name, -math.MaxFloat32)}, attrInts("axes", 0), attrInt("keepdims", 0)))
	case rnn.PoolMean:
		out.name = w.mean()
	case rnn.PoolAttention:
		u := b.Tanh(b.Dense(y, scope))
		query, shape := b.weight(in(scope, "query"), 2)
		if b.err == nil && (shape[0] != 1 || shape[1] != y.dims[2].Size) {
			return b.failf("Pool %s: parameter %s has shape %v; want [1 %d]", scope, query, shape, y.dims[2].Size)
		}
		out.name = w.attention(u.name, query)
	default:
		return b.failf("Pool %s: unknown pooling %d", scope, p)
	}
	if b.err != nil {
		return Value{}
	}
	return out
}

// pool is a pooling that is being written. The masks are "" where all sequences are as long as the input.
type pool struct {
	b        *Builder
	scope, y string
	mask     string // [time, batch, 1]: true at the steps that belong to a sequence
	first    string // [batch, 1]: true for sequences that have a step
}

// node adds an operator with one output.
func (w *pool) node(op string, in []string, attributes ...*onnxpb.AttributeProto) string {
	return w.b.node(w.scope, op, 1, in, attributes...)[0]
}

// masks compares the numbers of the steps with the lengths.
func (w *pool) masks(lengths string) {
	b := w.b
	nought := b.scalar(onnxpb.TensorProto_INT64, 0)
	steps := w.node("Gather", []string{w.node("Shape", []string{w.y}), nought})
	numbers := w.node("Range", []string{nought, steps, b.scalar(onnxpb.TensorProto_INT64, 1)})
	column := w.node("Unsqueeze", []string{numbers, b.numbers(1)}) // [time, 1]
	wide := w.node("Cast", []string{lengths}, attrInt("to", int(onnxpb.TensorProto_INT64)))
	mask := w.node("Less", []string{column, wide}) // [time, batch]
	first := w.node("Slice", []string{mask, b.numbers(0), b.numbers(1), b.numbers(0)})
	w.first = w.node("Transpose", []string{first}, attrInts("perm", 1, 0))
	w.mask = w.node("Unsqueeze", []string{mask, b.numbers(2)})
}

// inside is x [time, batch, ...], with another number at padding.
func (w *pool) inside(x string, otherwise float64) string {
	if w.mask == "" {
		return x
	}
	return w.node("Where", []string{w.mask, x, w.b.scalar(w.b.kind, otherwise)})
}

// notEmpty is x [batch, ...], with zeros for sequences without steps.
func (w *pool) notEmpty(x string) string {
	if w.first == "" {
		return x
	}
	return w.node("Where", []string{w.first, x, w.b.scalar(w.b.kind, 0)})
}

// sum adds up the steps of x [time, batch, ...].
func (w *pool) sum(x string) string {
	return w.node("ReduceSum", []string{x, w.b.numbers(0)}, attrInt("keepdims", 0))
}

// mean divides the sum of the steps by their number, and by 1 where there are none.
func (w *pool) mean() string {
	if w.mask == "" {
		return w.node("ReduceMean", []string{w.y}, attrInts("axes", 0), attrInt("keepdims", 0))
	}
	number := attrInt("to", int(w.b.kind))
	steps := w.sum(w.node("Cast", []string{w.mask}, number)) // [batch, 1]
	none := w.node("Sub", []string{w.b.scalar(w.b.kind, 1), w.node("Cast", []string{w.first}, number)})
	return w.node("Div", []string{w.sum(w.inside(w.y, 0)), w.node("Add", []string{steps, none})})
}

// attention is the mean of the steps with the weights softmax(q·u), u [time, batch, H] and q [1, H].
func (w *pool) attention(u, query string) string {
	if w.b.err != nil {
		return ""
	}
	scores := w.node("MatMul", []string{u, w.node("Transpose", []string{query}, attrInts("perm", 1, 0))})
	weights := w.node("Softmax", []string{w.inside(scores, -math.MaxFloat32)}, attrInt("axis", 0))
	return w.notEmpty(w.sum(w.node("Mul", []string{weights, w.inside(w.y, 0)})))
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
