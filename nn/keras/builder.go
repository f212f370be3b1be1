package keras

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Builder writes a whole model of this library as a .keras file, which keras.models.load_model of Keras 3 opens: layers in the order in
// which they are applied, each with the scope that its weights have in the store.
//
//	b := keras.NewBuilder(params)
//	x := b.Module(b.IDs("ids"), "embedding", nn.Embedding{Tokens: 9, Size: 4})
//	x = b.Recurrent(x, "lstm", recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 5}}, false)
//	b.Output(b.Module(x, "head", nn.Dense{Units: 3}))
//	err := b.Write("tagger.keras")
//
// The batch comes first in Keras, [B, T, F]. All that Keras has no equal of comes out of Write, or Model, in one error that
// lists it.
type Builder struct {
	params   *graph.Params
	layers   []*written
	inputs   []int
	outputs  []int
	problems []string
	taken    map[string]bool
}

// Value is something that a model of a Builder computes or is given.
type Value struct {
	layer int   // its number, from 1
	shape []int // with -1 for the batch and the time
	owner *Builder
}

// written is a layer of a model that is being written.
type written struct {
	class, name string
	config      map[string]any
	in          []int // numbers of the layers that it reads, from 1
	shape       []int
	listed      bool // its input is a list of tensors
	known       *Layer
	arrays      func(w *writer, path string) error
}

// NewBuilder returns an empty model over a store of weights.
func NewBuilder(p *graph.Params) *Builder {
	b := &Builder{params: p, taken: map[string]bool{}}
	if p == nil {
		b.problem("the store of weights is nil")
	}
	return b
}

// IDs declares an input of ids, [batch, time].
func (b *Builder) IDs(name string) Value { return b.input(name, "int32", -1, -1) }

// Sequence declares an input of features, [batch, time, width].
func (b *Builder) Sequence(name string, width int) Value {
	return b.input(name, b.dtype(), -1, -1, width)
}

// Output makes a value an output of the model.
func (b *Builder) Output(v Value) {
	if b.usable("Output", v) {
		b.outputs = append(b.outputs, v.layer)
	}
}

func (b *Builder) input(name, dtype string, shape ...int) Value {
	if !b.made() {
		return Value{}
	}
	if name == "" || strings.Contains(name, "/") || b.taken[name] {
		b.problem("the input's name %q; want one of its own without a slash", name)
		return Value{}
	}
	b.taken[name] = true
	config := map[string]any{"batch_shape": openShape(shape), "dtype": dtype, "name": name}
	v := b.add(&written{class: "InputLayer", name: name, config: config, shape: shape})
	b.inputs = append(b.inputs, v.layer)
	return v
}

// dtype is the element type as Keras calls it.
func (b *Builder) dtype() string {
	if b.params != nil && b.params.Dtype() == tensor.Float64 {
		return "float64"
	}
	return "float32"
}

// openShape writes a shape with nothing where it varies.
func openShape(shape []int) []any {
	out := make([]any, len(shape))
	for i, d := range shape {
		if d >= 0 {
			out[i] = d
		}
	}
	return out
}

func (b *Builder) problem(format string, args ...any) Value {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.problems, text) {
		b.problems = append(b.problems, text)
	}
	return Value{}
}

// made tells whether the builder is one of NewBuilder's.
func (b *Builder) made() bool {
	if b.taken == nil {
		b.problem("the builder is empty; want one that NewBuilder made")
		return false
	}
	return b.params != nil
}

// usable reports a value of another builder. One that an earlier mistake left invalid is passed over: the mistake is known.
func (b *Builder) usable(what string, v Value) bool {
	if !b.made() || v.layer == 0 && len(b.problems) > 0 {
		return false
	}
	if v.owner != b {
		b.problem("%s: the value is not one of this model", what)
	}
	return v.owner == b
}

// layer adds a layer that is named after its scope.
func (b *Builder) layer(class, scope string, config map[string]any, shape []int, in ...Value) *written {
	name := strings.NewReplacer(".", "_", "/", "_").Replace(scope)
	if name == "" {
		name = snake(class)
	}
	for k, plain := 1, name; b.taken[name]; k++ {
		name = fmt.Sprint(plain, "_", k)
	}
	b.taken[name] = true
	config["name"], config["dtype"], config["trainable"] = name, b.dtype(), true
	l := &written{class: class, name: name, config: config, shape: shape}
	for _, v := range in {
		l.in = append(l.in, v.layer)
	}
	return l
}

func (b *Builder) add(l *written) Value {
	b.layers = append(b.layers, l)
	return Value{layer: len(b.layers), shape: l.shape, owner: b}
}

// Model lists the layers with weights that Model.Read and Model.Write know, with their places in the file.
func (b *Builder) Model() (Model, error) {
	order, err := b.ordered()
	if err != nil {
		return nil, errors.Wrap(err, "keras")
	}
	var m Model
	for i, path := range b.paths(order) {
		if l := b.layers[order[i]-1]; l.known != nil {
			known := *l.known
			known.Path = path
			m = append(m, known)
		}
	}
	return m, nil
}

// ordered puts the layers in the order in which Keras keeps them: those that are farthest from an output first, and among equals
// those that a walk from the outputs to the inputs meets first (keras.src.ops.function.map_graph). Layers that no output
// needs are left out.
func (b *Builder) ordered() ([]int, error) {
	switch {
	case len(b.problems) > 0:
		return nil, errors.Errorf("what cannot be written: %s", strings.Join(b.problems, "; "))
	case len(b.outputs) == 0:
		return nil, errors.New("the model has no outputs")
	}
	depth, met := map[int]int{}, []int{}
	var walk func(i, far int)
	walk = func(i, far int) {
		if !slices.Contains(met, i) {
			met = append(met, i)
		} else if depth[i] >= far {
			return
		}
		depth[i] = max(depth[i], far)
		for _, k := range b.layers[i-1].in {
			walk(k, far+1)
		}
	}
	for _, o := range b.outputs {
		walk(o, 0)
	}
	order := slices.Clone(met)
	slices.SortStableFunc(order, func(x, y int) int { return depth[y] - depth[x] })
	return order, nil
}

// paths are where layers have their arrays: they are named after their class and counted.
func (b *Builder) paths(order []int) []string {
	counts, out := map[string]int{}, make([]string, len(order))
	for i, k := range order {
		class := b.layers[k-1].class
		out[i] = "layers/" + snake(class)
		if n := counts[class]; n > 0 {
			out[i] += "_" + itoa(n)
		}
		counts[class]++
	}
	return out
}
