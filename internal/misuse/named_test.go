package misuse

import (
	"reflect"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/losses/distribution"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// named is a right value for a parameter or field of a name and a type, in all packages or in one: what chance would
// hardly find.
type named struct {
	pkg, name string // "" for all
	value     func(w *world) any
}

var namedValues map[reflect.Type][]named

func namedMakers() {
	namedValues = byType([]named{
		{"", "shape", func(w *world) any { return w.shape() }},
		{"", "axes", func(w *world) any { return pick(w, [][]int{nil, {0, 1, 2}, {1, 0, 2}, {1, 0}, {0, 2, 1}}) }},
		{"", "labels", func(w *world) any { return []int{0, 1, 0} }},
		{"decode", "tokens", func(w *world) any { return []int{1, 2} }},
		{"decode", "parents", func(w *world) any { return pick(w, [][]int{nil, {1, 0}}) }},
		{"datasets", "", func(w *world) any { return [][]int{{1, 2}, {2}, {1, 1, 1}} }},
		{"decode", "", func(w *world) any { return [][]int{{1, 2}, {2}, {1, 1, 1}} }},
		{"datasets", "sequences", func(w *world) any { return [][]float32{{1, 2}, {0.5}, {1, 2, 3}} }},
		{"datasets", "features", func(w *world) any { return 1 }},
		{"chart", "weights", func(w *world) any { return [][]float64{{0.5, 0.5}, {1, 0}} }},
		{"chart", "source", func(w *world) any { return []string{"a", "b"} }},
		{"chart", "target", func(w *world) any { return []string{"c", "d"} }},
		{"datasets", "columns", func(w *world) any { return []string{"a", "b"} }},
		{"datasets", "field", func(w *world) any { return pick(w, []string{"a", "b"}) }},
		{"graph", "name", func(w *world) any { return pick(w, []string{"w", "w", "new"}) }},
		{"", "scope", func(w *world) any { return pick(w, []string{"", "lstm", "dense", "embedding"}) }},
		{"", "emissions", func(w *world) any { return filled(4, 2, 3) }},
		{"losses", "lengths", func(w *world) any { return pick(w, [][]int{nil, {4, 3}}) }},
		{"", "state", func(w *world) any { return []*tensor.Dense{filled(2, 3)} }},
		{"decode", "context", func(w *world) any { return []decode.Context(nil) }},
		{"", "", func(w *world) any { return losses.Quantile{Levels: []float64{0.1, 0.5, 0.9}} }},
		{"", "loss", func(w *world) any { return w.g.Mean(w.floats[0]) }},
		{"", "wrt", func(w *world) any { return w.floats[:1+w.IntN(2)] }},
		{"", "buffer", func(w *world) any { return w.g.Shared().Buffer("b", graph.Constant(0), 2, 3) }},
		{"onnx", "in", func(w *world) any { return w.ids[:1] }},
		{"recurrent", "in", func(w *world) any { return []graph.Node{w.ids[0], w.lengths[0]} }},
		{"recurrent", "source", func(w *world) any { return w.ids[0] }},
		{"recurrent", "target", func(w *world) any { return w.ids[0] }},
		{"recurrent", "thing", func(w *world) any { return w.floats[2] }},
		{"", "", func(w *world) any { return pick(w, distribution.Families()) }},
		{"distribution", "", func(w *world) any { return pick(w, [][]float64{{0.5}, {0.5, 2}, {1, 2, 3}}) }},
		{"losses", "labels", func(w *world) any { return w.ids[1] }},
		{"optim", "state", func(w *world) any { return w.optimiserState() }},

		{"", "", func(w *world) any { return nn.Embedding{Tokens: 5 * w.IntN(2), Size: 3} }},
		{"", "", func(w *world) any { return recurrent.Trace{} }},
		{"", "", func(w *world) any { return decode.Search{Start: 1, End: 2, Max: 3, Beam: w.IntN(3)} }},
		{"", "", func(w *world) any { return datasets.BPETrainer{Size: 260} }},
		{"", "", func(w *world) any {
			return datasets.Series{Values: make([]float64, 40), Features: 2, Window: 3, Horizon: 2}
		}},
		{"", "", func(w *world) any { return datasets.Scaler{Mean: []float64{0, 1}, Deviation: []float64{1, 2}} }},
		{"", "", func(w *world) any { return datasets.Batching{Size: 2, Shuffle: w.IntN(2) == 0} }},
		{"", "", func(w *world) any {
			return flow.State{Name: "rnn.state_0_l0", Norms: []float64{1, 0.5, 0.2}, Factor: 0.5, Ratio: 0.2}
		}},
		{"", "", func(w *world) any {
			b := datasets.VocabularyBuilder{Kind: pick(w, []string{"", datasets.Word, datasets.Label})}
			_ = b.Add(text)
			return b
		}},
	})
}

func byType(list []named) map[reflect.Type][]named {
	m := map[reflect.Type][]named{}
	w := newWorldForTypes()
	for _, n := range list {
		t := reflect.TypeOf(n.value(w))
		m[t] = append(m[t], n)
	}
	return m
}

// named is a right value for a name, if there is one.
func (w *world) named(t reflect.Type, name string) (reflect.Value, bool) {
	for _, n := range namedValues[t] {
		if (n.pkg == "" || n.pkg == w.pkg) && (n.name == "" || n.name == name) {
			return valueOf(n.value(w), t), true
		}
	}
	return reflect.Value{}, false
}

// optimiserState is what an optimiser of some kind remembers after a step.
func (w *world) optimiserState() []graph.Named {
	o := pick(w, []optim.Optimizer{&optim.SGD{Momentum: 0.5}, &optim.Adam{}, &optim.AdaGrad{}, &optim.RMSProp{}})
	if err := o.Step(newStore(), 0.1); err != nil {
		panic(err)
	}
	return o.State()
}
