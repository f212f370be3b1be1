package misuse

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/modules"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// makers draw values of types that cannot be put together from their fields, or whose parts must fit each other. All
// other types are drawn by their kind, or come from a constructor of the registry.
var makers map[reflect.Type]func(w *world, name string) any

func maker[T any](f func(w *world, name string) T) {
	makers[reflect.TypeFor[T]()] = func(w *world, name string) any { return f(w, name) }
}

func init() {
	makers = map[reflect.Type]func(*world, string) any{}
	graphMakers()
	trainingMakers()
	modelMakers()
	datasetMakers()
	outsideMakers()
	namedMakers()
}

func graphMakers() {
	maker(func(w *world, name string) *graph.Graph {
		if w.wrong() && w.IntN(3) == 0 {
			w.usedSeparate = true
			return w.other
		}
		return pick(w, []*graph.Graph{w.g, w.g, w.g.Scope("s"), w.g.Shared(), recurrent.InLayer(w.g, 1), recurrent.InReverse(w.g)})
	})
	maker(func(w *world, name string) graph.Suffix { return recurrent.InLayer(w.g, 2).Suffix() })
	maker(func(w *world, name string) graph.Node { return w.node(name) })
	maker(func(w *world, name string) recurrent.State { return w.state() })
	maker(func(w *world, name string) graph.Build { return w.build() })
	maker(func(w *world, name string) *graph.Params {
		if !w.wrong() {
			return w.params
		}
		sealed := newStore()
		sealed.Seal()
		return pick(w, []*graph.Params{graph.NewParams(2), graph.NewParams64(3), sealed, sealed.Replica()})
	})
	maker(func(w *world, name string) *graph.Param {
		return w.params.At(w.IntN(w.params.Len()))
	})
	maker(func(w *world, name string) *graph.Func {
		p, _ := w.draw(reflect.TypeFor[*graph.Params](), "").Interface().(*graph.Params)
		return graph.NewFunc(p, w.build())
	})
	maker(func(w *world, name string) *graph.Program {
		p, err := w.g.Compile(w.g.Mean(w.floats[0]), w.floats[2])
		if err != nil { // the graph is refused
			return nil
		}
		return p
	})
	maker(func(w *world, name string) *graph.Stream {
		s, err := graph.NewFunc(w.params, w.build()).Stream([]*tensor.Dense{filled(2, 3)}, graph.Ints([]int{1, 2}))
		if err != nil { // the description is refused
			return nil
		}
		return s
	})
	maker(func(w *world, name string) *tensor.Dense { return w.tensor(name) })
	maker(func(w *world, name string) []*tensor.Dense { return w.tensors(name) })
	maker(func(w *world, name string) tensor.Dtype {
		return pick(w, []tensor.Dtype{tensor.Float32, tensor.Float64, tensor.Int, {}})
	})
	maker(func(w *world, name string) *gorgonia.Node {
		if w.wrong() {
			free := gorgonia.NewMatrix(gorgonia.NewGraph(), gorgonia.Float32, gorgonia.WithShape(2, 3), gorgonia.WithName("m"))
			return pick(w, []*gorgonia.Node{{}, free, pick(w, w.others).Gorgonia()})
		}
		return pick(w, w.floats).Gorgonia()
	})
}

// tensor draws numbers: ids where the name asks for them.
func (w *world) tensor(name string) *tensor.Dense {
	var right *tensor.Dense
	switch name {
	case "ids", "targets":
		right = graph.Ints([]int{0, 1, 2, 1, 0, 2, 1, 1}, 4, 2)
	case "lengths":
		right = graph.Ints([]int{4, 3}, 2)
	default:
		right = pick(w, []func() *tensor.Dense{
			func() *tensor.Dense { return filled(4, 2, 3) }, func() *tensor.Dense { return filled(2, 3) },
			func() *tensor.Dense { return filled(3) }, func() *tensor.Dense { return filled(3) },
			func() *tensor.Dense { return tensor.New(tensor.FromScalar(float32(0.5))) },
		})()
	}
	if w.wrong() {
		return pick(w, spoilers).spoil(right)
	}
	return right
}

// tensors draws the arguments of a function: a Program's inputs are those of the graph.
func (w *world) tensors(name string) []*tensor.Dense {
	var list []*tensor.Dense
	switch {
	case w.program:
		list = slices.Clone(w.inputs)
	case w.trains(): // what build takes there
		list = []*tensor.Dense{graph.Ints([]int{0, 1, 2, 1, 0, 2, 1, 1}, 4, 2), graph.Ints([]int{0, 1, 2, 1, 0, 2, 1, 1}, 4, 2)}
	case w.stream:
		list = []*tensor.Dense{graph.Ints([]int{1, 2})}
	case w.IntN(2) == 0:
		list = []*tensor.Dense{filled(2, 3)}
	default:
		list = []*tensor.Dense{filled(2, 3), graph.Ints([]int{1, 2})}
	}
	if w.wrong() {
		switch at := w.IntN(len(list)); w.IntN(4) {
		case 0:
			return list[:at]
		case 1:
			return append(list, filled(1))
		default:
			list[at] = pick(w, spoilers).spoil(list[at])
		}
	}
	return list
}

func trainingMakers() {
	maker(func(w *world, name string) *train.Loop {
		l := &train.Loop{Loss: graph.NewFunc(w.params, taggerLoss), State: []*tensor.Dense{filled(2, 3)}, Data: train.FromWindows(w.windows()),
			Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.1), Steps: 3}
		if w.IntN(2) == 0 {
			l.Validation.Data = train.FromWindows(w.windows())
		}
		if w.IntN(3) == 0 {
			l.Saving = train.Saving{Path: w.newPath(), Every: 1}
		}
		return l
	})
	maker(func(w *world, name string) train.Source {
		if w.wrong() {
			return pick(w, []train.Source{&source{batch: w.tensors(""), len: -1, tokens: 0}, &source{batch: nil, len: 3, tokens: 0}, &source{batch: []*tensor.Dense{nil, nil}, len: 2, tokens: 0},
				&source{batch: []*tensor.Dense{{}}, len: 2, tokens: 0}, &source{batch: w.tensors(""), len: 2, tokens: 0}, &source{batch: w.tensors(""), len: 1, tokens: maxInt},
				&source{batch: w.tensors(""), len: 3, at: 3}, &source{batch: w.tensors(""), len: maxInt}, emptyPass{}})
		}
		if w.IntN(3) == 0 {
			b, err := datasets.LabelledBatches([][]int{{1, 2}, {2}, {1, 1, 1}}, []int{0, 1, 0}, datasets.Batching{Size: 2})
			if err == nil {
				return train.FromBatches(b)
			}
		}
		return train.FromWindows(w.windows())
	})
	maker(func(w *world, name string) *train.Checkpoint {
		c, err := train.ReadCheckpoint(w.fixture("checkpoint.safetensors"))
		if err != nil {
			panic(err)
		}
		return c
	})
	maker(func(w *world, name string) *metric.Confusion {
		c := metric.NewConfusion("a", "b", "c")
		if w.IntN(3) > 0 {
			_ = c.Add([]int{0, 1, 2, 2}, []int{0, 1, 1, 2})
		}
		if w.wrong() {
			return metric.NewConfusion()
		}
		return c
	})
}

// taggerLoss is a loss function over ids and targets, ids [T, B] both, and a state that may be left out.
func taggerLoss(g *graph.Graph, in []graph.Node) []graph.Node {
	b := train.BatchOf(g, in)
	e := nn.Embedding{Tokens: 5, Size: 3}.Apply(g.Scope("embedding"), b.Inputs)
	o := recurrent.Options{}
	if len(b.State) > 0 {
		o.Initial = b.State
	}
	y, h := recurrent.Unroll(g.Scope("r"), recurrent.GRU{Hidden: 3}, e, o)
	return append([]graph.Node{losses.CrossEntropy{}.Apply(g, nn.Dense{Units: 5}.Apply(g.Scope("h"), y), b.Targets)}, h...)
}

// source is a train.Source of a caller's own, which gives one batch again and again, up to a thousand times. It may have a fault.
type source struct {
	batch       []*tensor.Dense
	len, tokens int
	at          int
}

func (s *source) Len() int             { return s.len }
func (s *source) Seek(batch int) error { s.at = batch; return nil }
func (s *source) Next() ([]*tensor.Dense, bool) {
	s.at++
	return s.batch, s.at <= min(s.len, 1000) // a validation of MaxInt batches would come to no end
}
func (s *source) Tokens() int { return s.tokens }

// emptyPass is a source that promises batches and has none.
type emptyPass struct{}

func (emptyPass) Len() int                      { return 2 }
func (emptyPass) Seek(int) error                { return nil }
func (emptyPass) Next() ([]*tensor.Dense, bool) { return nil, false }
func (emptyPass) Tokens() int                   { return 0 }

func (w *world) windows() *datasets.Windows {
	ids := make([]int, 60)
	for i := range ids {
		ids[i] = i * i % 5
	}
	d, err := datasets.NewWindows(ids, 4, 2)
	if err != nil {
		panic(err)
	}
	return d
}

func modelMakers() {
	tinyMakers()
	maker(func(w *world, name string) *onnx.Builder {
		if w.builder == nil {
			w.builder = onnx.NewBuilder(w.params)
			if w.IntN(2) == 0 {
				w.builder.Output("y", w.builder.Sequence("x", 3))
			}
		}
		return w.builder
	})
	maker(func(w *world, name string) onnx.Value {
		if w.builder == nil {
			w.builder = onnx.NewBuilder(w.params)
		}
		switch {
		case w.wrong() && w.IntN(2) == 0:
			return onnx.Value{}
		case w.wrong():
			return onnx.NewBuilder(w.params).Sequence("x", 3)
		case name == "ids":
			return w.builder.Tokens("ids")
		}
		return w.builder.Sequence("x", 3)
	})
	maker(func(w *world, name string) *onnx.Model {
		m, err := onnx.Read(w.fixture("model.onnx"))
		if err != nil {
			panic(err)
		}
		return m
	})
	maker(func(w *world, name string) *modules.Network {
		n, err := modules.Open(linearModule, []graph.Named{{Name: "w.weight", Value: filled(2, 3)}})
		if err != nil {
			panic(err)
		}
		return n
	})
	maker(func(w *world, name string) modules.Names {
		return pick(w, []modules.Names{nil, {"x": {}}, {"x": {From: []string{"w"}, Rows: []int{0, 1}}}, {"x": {From: []string{"w"}, Blocks: []int{1, -1}, Shape: []int{0}}}})
	})
	maker(func(w *world, name string) *decode.Seq2Seq {
		return decode.NewSeq2Seq(w.draw(reflect.TypeFor[recurrent.Seq2Seq](), "").Interface().(recurrent.Seq2Seq), w.params, int(w.integer(reflect.TypeFor[int]())))
	})
	maker(func(w *world, name string) recurrent.Seq2Seq {
		return recurrent.Seq2Seq{Source: nn.Embedding{Tokens: 5, Size: 3}, Target: nn.Embedding{Tokens: 5, Size: 3},
			Encoder: recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 3}}, Decoder: recurrent.GRU{Hidden: 3},
			Attention: pick(w, []recurrent.Attention{0, recurrent.Bahdanau, recurrent.LuongDot})}
	})
	maker(func(w *world, name string) decode.Model {
		switch {
		case w.wrong():
			return pick(w, []decode.Model{&model{rows: -1}, &model{rows: maxInt, width: 3}, &model{rows: 2}, &model{rows: 2, width: 3, short: true},
				&model{rows: 2, width: 3, value: float32(pick(w, wrongFloats))}})
		case w.IntN(2) == 0:
			return &model{rows: pick(w, []int{1, 2, 4}), width: 4}
		}
		return w.stepper()
	})
	maker(func(w *world, name string) *decode.Stepper { return w.stepper() })
	maker(func(w *world, name string) nn.ModuleFunc {
		if w.wrong() {
			foreign := pick(w, w.others)
			return pick(w, []nn.ModuleFunc{func(*graph.Graph, graph.Node) graph.Node { return graph.Node{} },
				func(*graph.Graph, graph.Node) graph.Node { return foreign }})
		}
		return (*graph.Graph).Tanh
	})
}

// model is a decode.Model of a caller's own, with a fault.
type model struct {
	rows, width int
	short       bool
	value       float32
}

func (m *model) Rows() int { return m.rows }
func (m *model) Next(tokens, parents []int) (decode.Prediction, error) {
	n := len(tokens) * m.width
	if m.short {
		n--
	}
	logits := make([]float32, max(n, 0))
	for i := range logits {
		logits[i] = float32(i%3) + m.value
	}
	return decode.Prediction{Logits: logits}, nil
}

func (w *world) stepper() *decode.Stepper {
	step := graph.NewFunc(w.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		e := nn.Embedding{Tokens: 5, Size: 3}.Apply(g.Scope("embedding"), in[0])
		h := g.Tanh(g.Add(e, in[1]))
		return []graph.Node{nn.Dense{Units: 5}.Apply(g.Scope("h"), h), h}
	})
	s, err := decode.NewStepper(step, []*tensor.Dense{filled(2, 3)}, nil, nil, pick(w, []int{1, 2}))
	if err != nil {
		panic(err)
	}
	return s
}

func outsideMakers() {
	maker(func(w *world, name string) *testing.T { return w.t })
	maker(func(w *world, name string) testing.TB { return w.t })
	maker(func(w *world, name string) error {
		if w.wrong() {
			return errDrawn
		}
		return nil
	})
	maker(func(w *world, name string) any {
		return pick(w, []any{nil, 1, "a", new(int), new(map[string]any), []int(nil), 0.5, struct{}{}})
	})
	maker(func(w *world, name string) *rand.Rand { return rand.New(rand.NewPCG(1, 2)) })
	maker(func(w *world, name string) time.Time { return time.Unix(int64(w.IntN(1e9)), 0) })
	maker(func(w *world, name string) context.Context {
		// A run of MaxInt steps is no fault as long as its context ends it: none lasts for ever.
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		w.closers = append(w.closers, cancel)
		if w.wrong() {
			cancel()
		}
		return ctx
	})
	maker(func(w *world, name string) *http.Client { return &http.Client{Transport: noNetwork{}} })
	maker(func(w *world, name string) io.Reader { return w.reader() })
	maker(func(w *world, name string) io.Writer { return w.writer() })
}

// noNetwork refuses every request.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("there is no network here")
}
