package misuse

import (
	"math/bits"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// world is what the arguments of one call are drawn from: a graph with some nodes in it, a store of weights, another
// graph, files. Every call has a world of its own.
type world struct {
	*rand.Rand
	t       *testing.T
	hostile float64    // the share of wrong values
	bad     *rand.Rand // decides where they are, so that a right call can be made again with a few wrong values in it
	depth   int        // of draw
	making  string     // what draw calls of the library

	pkg      string // of what is called: which files are right
	fixtures string // the folder of right files, never given away
	folder   string // for the files of this call
	files    int

	params  *graph.Params
	g       *graph.Graph
	inputs  []*tensor.Dense // values of the inputs of g, in order
	floats  []graph.Node    // of g
	ids     []graph.Node
	lengths []graph.Node

	other        *graph.Graph // another graph over the same store
	otherInputs  []*tensor.Dense
	others       []graph.Node // of the other graph
	usedSeparate bool         // the other graph itself is an argument

	begins interface {
		Begin(*graph.Graph, int) recurrent.State
	} // the last cell or layer that was drawn
	program bool // the receiver takes the inputs of g
	stream  bool // the receiver takes those of a step
	like    int  // 0 for sequences, 1 for batches
	builder *onnx.Builder
	closers []func()
}

func newWorld(t *testing.T, r, bad *rand.Rand, hostile float64, pkg, fixtures, folder string) *world {
	w := &world{Rand: r, bad: bad, hostile: hostile, t: t, pkg: pkg, fixtures: fixtures, folder: folder}
	w.params = newStore()
	w.g = graph.New(w.params)
	if w.IntN(2) == 0 {
		w.g = graph.NewTraining(w.params)
	}
	input := func(name string, shape ...int) graph.Node {
		v := filled(shape...)
		if w.wrong() {
			v.Float32s()[0] = float32(pick(w, wrongFloats))
		}
		w.inputs = append(w.inputs, v)
		return w.g.Input(name, shape...)
	}
	integers := func(name string, v []int, shape ...int) graph.Node {
		if w.wrong() {
			v[0] = int(pick(w, wrongInts))
		}
		w.inputs = append(w.inputs, graph.Ints(v, shape...))
		return w.g.InputIDs(name, shape...)
	}
	w.floats = []graph.Node{input("x", 4, 2, 3), input("y", 4, 2, 3), input("h", 2, 3), input("k", 2, 3), input("m", 3, 3), input("v", 3), input("one", 1, 1, 1), input("z", 4, 2)}
	w.ids = []graph.Node{integers("ids", []int{0, 1, 2, 1, 0, 2, 1, 1}, 4, 2), integers("id", []int{1, 2}, 2), integers("marks", []int{1, 2, 2, 1}, 2, 2)}
	w.like = w.IntN(2)
	w.lengths = []graph.Node{integers("lengths", []int{4, 3}, 2)}
	w.other = graph.New(w.params)
	w.others = []graph.Node{w.other.Input("x", 4, 2, 3), w.other.Input("h", 2, 3), w.other.InputIDs("ids", 4, 2), w.other.InputIDs("lengths", 2)}
	w.otherInputs = []*tensor.Dense{filled(4, 2, 3), filled(2, 3), graph.Ints(make([]int, 8), 4, 2), graph.Ints([]int{4, 3})}
	return w
}

// newWorldForTypes is one to ask for the types of values only.
func newWorldForTypes() *world {
	return newWorld(nil, rand.New(rand.NewPCG(0, 0)), nil, 0, "", "", "")
}

// wrong tells whether the next value is to be a wrong one.
func (w *world) wrong() bool { return w.hostile > 0 && w.bad.Float64() < w.hostile }

// newStore has the weights that onnx.Builder, losses.CRF and others look for.
func newStore() *graph.Params {
	p := graph.NewParams(1)
	for _, e := range []struct {
		name  string
		shape []int
	}{{"w", []int{3}}, {"transitions", []int{3, 3}}, {"start_transitions", []int{3}}, {"end_transitions", []int{3}},
		{"embedding.weight", []int{5, 3}}, {"dense.weight", []int{4, 3}}, {"dense.bias", []int{4}},
		{"lstm.weight_ih_l0", []int{12, 3}}, {"lstm.weight_hh_l0", []int{12, 3}}, {"lstm.bias_ih_l0", []int{12}}, {"lstm.bias_hh_l0", []int{12}}} {
		if _, err := p.Add(e.name, filled(e.shape...)); err != nil {
			panic(err)
		}
	}
	return p
}

// filled is a tensor of small numbers.
func filled(shape ...int) *tensor.Dense {
	n := 1
	for _, d := range shape {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%7)/8 - 0.25
	}
	return graph.Floats(v, shape...)
}

// node draws a node of the graph: ids where the parameter's name asks for them.
func (w *world) node(name string) graph.Node {
	if w.wrong() {
		switch w.IntN(4) {
		case 0:
			return graph.Node{}
		case 1:
			return pick(w, w.others)
		}
		return pick(w, append(append(append([]graph.Node(nil), w.floats...), w.ids...), w.lengths...))
	}
	switch name {
	case "lengths", "frames", "memoryLengths", "Lengths":
		if w.IntN(3) == 0 {
			return graph.Node{} // all steps count
		}
		return w.lengths[0]
	case "ids", "targets", "tags", "tokens", "token", "labels":
		return pick(w, w.ids)
	case "table":
		return w.floats[4]
	}
	// Most calls are about sequences [T, B, F], or else about a batch [B, F].
	if w.IntN(4) > 0 {
		return pick(w, w.floats[2*w.like:][:2])
	}
	return pick(w, w.floats)
}

// state draws the state of the cell that was drawn before.
func (w *world) state() recurrent.State {
	if w.begins == nil || w.wrong() {
		s := make(recurrent.State, w.IntN(4))
		for i := range s {
			s[i] = w.node("")
		}
		return s
	}
	w.making = describe(reflect.ValueOf(w.begins), 4) + ".Begin(g, 2)"
	return w.begins.Begin(w.g, 2)
}

// trains tells whether functions of the package take loss functions and batches, as a train.Loop does.
func (w *world) trains() bool { return slices.Contains([]string{"train", "flow", "search"}, w.pkg) }

// build draws a description of a computation: a right one takes any inputs and returns a scalar loss and its float
// inputs, as the loss function of a train.Loop does.
func (w *world) build() graph.Build {
	right := func(g *graph.Graph, in []graph.Node) []graph.Node {
		loss := g.Mean(g.Param("w", graph.Constant(1), 3))
		var floats []graph.Node
		for _, n := range in {
			if !n.IsIDs() {
				loss, floats = g.Add(loss, g.Mean(n)), append(floats, n)
			}
		}
		return append([]graph.Node{loss}, floats...)
	}
	if w.trains() {
		right = taggerLoss
	}
	if !w.wrong() {
		return right
	}
	wrong, foreign := w.IntN(7), pick(w, w.others)
	if wrong == 0 {
		return nil
	}
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		switch wrong {
		case 1:
			return nil
		case 2:
			return []graph.Node{{}}
		case 3:
			return []graph.Node{foreign}
		case 4:
			return in
		case 5:
			return append(right(g, in), g.Full(0, 5, 5))
		default:
			return []graph.Node{g.Mean(nn.Dense{Units: -1}.Apply(g, g.Full(0, 2, 2)))}
		}
	}
}

// shape draws the dimensions of a tensor.
func (w *world) shape() []int {
	if w.wrong() {
		return pick(w, [][]int{nil, {0}, {-1}, {2, 0}, {4, -1, 3}, {half, half}, {maxInt/2 + 1, 4}, {maxInt, 3, maxInt}, {maxInt}, {minInt, 2},
			{1 << 16, 1 << 16, 1 << 16, 1 << 16}, {-1, half, half}, {-1, -1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {5, 7}, {99, 99}})
	}
	return pick(w, [][]int{{4, 2, 3}, {2, 3}, {3}, {3, 3}, {2, 4, 3}, {8, 3}, {4, 6}, {24}, {1}, {}})
}

const (
	maxInt = int(^uint(0) >> 1)
	minInt = -maxInt - 1
	half   = 1 << (bits.UintSize / 2) // half times half is 0
)

// release closes what the call has opened, and removes its files: the call may be made again, with some values wrong.
func (w *world) release() {
	for _, f := range w.closers {
		f()
	}
	os.RemoveAll(w.folder)
}

// arguments draws the arguments of a target, the receiver first.
func (w *world) arguments(x *target) []reflect.Value {
	t, names := x.call.Type(), x.parameters
	args := make([]reflect.Value, t.NumIn())
	for i := range args {
		name := ""
		switch {
		case x.method && i == 0:
			args[0] = w.receiver(t.In(0))
			continue
		case x.method && i <= len(names):
			name = names[i-1]
		case !x.method && i < len(names):
			name = names[i]
		}
		args[i] = w.draw(t.In(i), name)
		w.note(args[i])
	}
	return args
}

// receiver draws what a method is called on; see exceptions for the ones that are left out.
func (w *world) receiver(t reflect.Type) reflect.Value {
	v := w.draw(t, "")
	for v.Kind() == reflect.Pointer && v.IsNil() {
		v = w.draw(t, "")
	}
	w.note(v)
	w.program, w.stream = t == reflect.TypeFor[*graph.Program](), t == reflect.TypeFor[*graph.Stream]()
	return v
}

// note remembers cells, whose states later arguments may be.
func (w *world) note(v reflect.Value) {
	if v.CanInterface() && !(v.Kind() == reflect.Interface && v.IsNil()) {
		if b, ok := v.Interface().(interface {
			Begin(*graph.Graph, int) recurrent.State
		}); ok {
			w.begins = b
		}
	}
}

// invoke calls the target.
func (x *target) invoke(args []reflect.Value) []reflect.Value {
	if x.call.Type().IsVariadic() {
		return x.call.CallSlice(args)
	}
	return x.call.Call(args)
}
