package recurrent_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// descriptions has a value that works of every exported type of nn and recurrent that builds nodes.
func descriptions() []any {
	pad := 0
	table := nn.Embedding{Tokens: 5, Size: 6, Pad: &pad}
	lstm := recurrent.LSTM{Hidden: 6}
	return []any{
		nn.GELU{}, nn.SiLU{}, nn.MultiHeadAttention{Heads: 2, Dropout: 0.1}, nn.BatchNorm{}, nn.Conv1D{Channels: 3, Kernel: 2}, nn.Dense{Units: 3},
		nn.Head{Classes: 3}, nn.AdaptiveHead{Classes: 9, Cutoffs: []int{3}}, nn.SampledHead{Classes: 9, Samples: 3}, nn.Dropout{Rate: 0.1}, table, nn.ModuleFunc((*graph.Graph).Tanh), nn.Sequential{nn.Dense{Units: 3}, nn.GELU{}},
		nn.Residual{Module: nn.GELU{}}, nn.LayerNorm{}, nn.RMSNorm{}, nn.MaxPool1D{Size: 2}, nn.AvgPool1D{Size: 2, Stride: 1}, nn.GlobalMaxPool{},
		nn.GlobalMeanPool{}, nn.SinusoidalPositions{}, nn.LearnedPositions{Max: 9}, nn.TCN{Channels: []int{3, 4}, Kernel: 2},
		nn.TransformerEncoderLayer{Heads: 2, Activation: nn.GELU{}}, nn.TransformerDecoderLayer{Heads: 2},
		nn.TransformerEncoder{Layers: 2, Layer: nn.TransformerEncoderLayer{Heads: 2}}, nn.TransformerDecoder{Layers: 2, Layer: nn.TransformerDecoderLayer{Heads: 2}},
		nn.DepthwiseConv1D{Kernel: 3}, nn.GatedRMSNorm{Norm: nn.RMSNorm{Groups: 2}}, nn.GroupNorm{Groups: 3}, nn.L2Norm{}, nn.SquaredReLU{}, nn.SoftCap{Limit: 2},
		nn.RoPE{Width: 4}, recurrent.Transducer{Embedding: nn.Embedding{Tokens: 5, Size: 6}, Cell: recurrent.GRU{Hidden: 3}, Units: 4},

		recurrent.RNN{Hidden: 3}, lstm, recurrent.GRU{Hidden: 3, ChronoSpan: 9}, recurrent.GRUD{Hidden: 3, Features: 2}, recurrent.MGU{Hidden: 3}, recurrent.LiGRU{Hidden: 3}, recurrent.IndRNN{Hidden: 3}, recurrent.CoRNN{Hidden: 3},
		recurrent.SRU{Hidden: 3}, recurrent.QRNN{Hidden: 3, Window: 3}, recurrent.MinGRU{Hidden: 3}, recurrent.MinLSTM{Hidden: 3}, recurrent.MultiplicativeLSTM{Hidden: 3}, recurrent.LRU{Hidden: 3, State: 4},
		recurrent.SLSTM{Hidden: 4, Heads: 2}, recurrent.MLSTM{Hidden: 4, Heads: 2}, recurrent.ConvLSTM{Places: 3, Channels: 2, Kernel: 3},
		recurrent.SLSTMBlock{Hidden: 6, Heads: 2, Kernel: 3, Forward: 5},
		recurrent.WindowAttention{Hidden: 4, Heads: 2, KeyHeads: 1, Window: 3, Norm: nn.RMSNorm{}}, recurrent.Scanned{Cell: recurrent.MinGRU{Hidden: 3}},
		recurrent.Stack{Cells: []recurrent.Cell{lstm, lstm}}, recurrent.Zoneout{Cell: lstm, HiddenRate: 0.1},
		recurrent.Attentive{Cell: lstm, Attention: recurrent.Bahdanau, Units: 3, ScoreUnits: 2},

		recurrent.Unidirectional{Cell: lstm}, recurrent.Bidirectional{Cell: lstm}, recurrent.Bridge{}, recurrent.PoolAttention, recurrent.Order{}, recurrent.Memory{},
		recurrent.Deep{Layers: []recurrent.Layer{recurrent.Bidirectional{Cell: lstm}, recurrent.Unidirectional{Cell: lstm}}},
		recurrent.LatencyControlled{Cells: []recurrent.Cell{lstm, lstm}, Chunk: 3, Ahead: 1},
		recurrent.OneToOne{Embedding: table, Cell: lstm}, recurrent.OneToMany{Embedding: table, Cell: lstm},
		recurrent.ManyToOne{Embedding: table, Layer: recurrent.Bidirectional{Cell: lstm}, Classes: 3},
		recurrent.ManyToOne{Embedding: table, Layer: recurrent.Unidirectional{Cell: lstm}, Classes: 3, Horizon: 2},
		recurrent.ManyToMany{Embedding: table, Layer: recurrent.Bidirectional{Cell: lstm}, Classes: 3},
		recurrent.Seq2Seq{Source: table, Encoder: recurrent.Unidirectional{Cell: lstm}, Target: table, Decoder: lstm, Attention: recurrent.Bahdanau, ScoreUnits: 2},
	}
}

// material is what descriptions are tried on, in one graph.
type material struct {
	g                                  *graph.Graph
	seq, row, ids, token, lengths, far graph.Node // [4 2 6], [2 6], [4 2], [2], [2], and a node [4 2 6] of another graph
}

func newMaterial(training bool) material {
	build := graph.New
	if training {
		build = graph.NewTraining
	}
	g, other := build(graph.NewParams(1)), build(graph.NewParams(1))
	return material{g, g.Input("seq", 4, 2, 6), g.Input("row", 2, 6), g.InputIDs("ids", 4, 2), g.InputIDs("token", 2), g.InputIDs("lengths", 2), other.Input("far", 4, 2, 6)}
}

// use builds a description on input that suits it. (A OneToOne of features is a Cell, too.)
func (m material) use(v any) []graph.Node {
	all := func(n graph.Node, s recurrent.State) []graph.Node { return append([]graph.Node{n}, s...) }
	o := recurrent.Options{Lengths: m.lengths}
	switch v := v.(type) {
	case nn.Embedding:
		return []graph.Node{v.Apply(m.g, m.ids)}
	case nn.RoPE:
		return []graph.Node{v.Apply(m.g, m.g.Reshape(m.seq, 4, 2, 1, 6))}
	case nn.GatedRMSNorm:
		return []graph.Node{v.Apply(m.g, m.seq, m.seq)}
	case nn.Module:
		return []graph.Node{v.Apply(m.g, m.seq)}
	case nn.TransformerDecoderLayer:
		return []graph.Node{v.Apply(m.g, m.seq, m.seq, m.lengths, m.lengths)}
	case nn.TransformerDecoder:
		return []graph.Node{v.Apply(m.g, m.seq, m.seq, m.lengths, m.lengths)}
	case recurrent.Bridge:
		return v.Apply(m.g, recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 6}}, recurrent.State{m.row}, recurrent.LSTM{Hidden: 3})
	case recurrent.Pooling:
		return []graph.Node{v.Apply(m.g, m.seq, m.lengths, m.row)}
	case recurrent.Order:
		_, last := v.Linear(m.g, m.seq, m.seq, m.row)
		return []graph.Node{last}
	case recurrent.Memory:
		x := m.g.Reshape(m.row, 2, 2, 3)
		read, next := recurrent.Memory{Query: x, Key: x, Value: x}.Step(m.g, m.g.Full(0, 2, 18))
		return []graph.Node{read, next}
	case recurrent.OneToOne:
		return all(v.Apply(m.g, m.ids, o))
	case recurrent.OneToMany:
		return all(v.Apply(m.g, m.row, m.ids, recurrent.Options{}))
	case recurrent.ManyToOne:
		return all(v.Apply(m.g, m.ids, o))
	case recurrent.ManyToMany:
		return all(v.Apply(m.g, m.ids, o))
	case recurrent.Seq2Seq:
		return all(v.Apply(m.g, m.ids, m.ids, recurrent.Options{Lengths: m.lengths}))
	case recurrent.Attentive:
		return all(recurrent.Unroll(m.g, v.Remember(m.g, m.seq, m.lengths), m.seq, o))
	case recurrent.Transducer:
		return []graph.Node{v.Apply(m.g, m.seq, m.g.InputIDs("labels", 2, 3))}
	case recurrent.Cell:
		return all(recurrent.Unroll(m.g, v, m.seq, o))
	case recurrent.Layer:
		return all(v.Apply(m.g, m.seq, o))
	}
	panic(fmt.Sprintf("no way to use a %T", v))
}

// attempt calls f and reports a panic, or a result that is invalid without an error.
func attempt(t *testing.T, what string, m material, f func() []graph.Node) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s panicked: %v\n%s", what, r, debug.Stack())
		}
	}()
	out := f()
	if m.g.Err() == nil && (len(out) == 0 || !out[0].Valid()) {
		t.Errorf("%s gave no result and no error", what)
	}
}

// variants are copies of a description of which one number, one reference or one member is out of place.
func variants(v any) map[string]any {
	out := map[string]any{}
	root := reflect.New(reflect.TypeOf(v)).Elem()
	var walk func(path string, field reflect.Value)
	set := func(path string, field reflect.Value, to any) {
		old := reflect.New(field.Type()).Elem()
		old.Set(field)
		if to == nil {
			field.SetZero()
		} else {
			field.Set(reflect.ValueOf(to).Convert(field.Type()))
		}
		out[fmt.Sprintf("%T with %s %v", v, path, to)] = root.Interface()
		field.Set(old)
	}
	walk = func(path string, field reflect.Value) {
		switch field.Kind() {
		case reflect.Struct:
			for i := range field.NumField() {
				if f := field.Type().Field(i); f.IsExported() {
					walk(strings.TrimPrefix(path+"."+f.Name, "."), field.Field(i))
				}
			}
		case reflect.Int:
			for _, n := range []int{0, -1, math.MaxInt, math.MinInt, math.MaxInt/4 + 1} {
				set(path, field, n)
			}
		case reflect.Float64:
			for _, x := range []float64{math.NaN(), -1, math.Inf(1)} {
				set(path, field, x)
			}
		case reflect.Slice:
			set(path, field, nil)
			if field.Len() > 0 {
				one := reflect.MakeSlice(field.Type(), field.Len(), field.Len())
				reflect.Copy(one, field)
				one.Index(field.Len() - 1).SetZero()
				set(path, field, one.Interface())
			}
		case reflect.Interface, reflect.Func:
			set(path, field, nil)
		case reflect.Pointer:
			set(path, field, nil)
			far := math.MaxInt
			set(path, field, &far)
		}
	}
	root.Set(reflect.ValueOf(v))
	walk("", root)
	return out
}

// A description that cannot be is refused by name, whatever is missing or out of range, and in no time.
func TestDescriptionsThatCannotBe(t *testing.T) {
	for _, v := range descriptions() {
		for _, training := range []bool{true, false} {
			m := newMaterial(training)
			attempt(t, fmt.Sprintf("%T", v), m, func() []graph.Node { return m.use(v) })
			if m.g.Err() != nil {
				t.Errorf("%T, which is right: %v", v, m.g.Err())
			}
			all := variants(v)
			all[fmt.Sprintf("zero %T", v)] = reflect.Zero(reflect.TypeOf(v)).Interface()
			for what, spoilt := range all {
				m := newMaterial(training)
				attempt(t, what, m, func() []graph.Node { return m.use(spoilt) })
				name := fmt.Sprintf("%T", v)[strings.Index(fmt.Sprintf("%T", v), ".")+1:]
				if err := m.g.Err(); err != nil && (strings.Contains(what, "<nil>") || strings.HasPrefix(what, "zero")) && !strings.Contains(err.Error(), name) {
					t.Errorf("%s: the error %q does not name it", what, err)
				}
			}
		}
	}
}

// A node of another graph is an error everywhere.
func TestNodesOfAnotherGraph(t *testing.T) {
	for _, v := range descriptions() {
		m, other := newMaterial(true), newMaterial(true)
		g := m.g
		m = other
		m.g = g
		attempt(t, fmt.Sprintf("%T", v), m, func() []graph.Node { return m.use(v) })
		if err := m.g.Err(); err == nil || !strings.Contains(err.Error(), "another graph") {
			t.Errorf("%T takes nodes of another graph: error %v", v, err)
		}
	}
}

// Methods take nodes and values of any shape, invalid ones and those of another graph without a panic.
func TestArgumentsThatCannotBe(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, v := range append(descriptions(), recurrent.Step, recurrent.Scan, recurrent.LastHidden, recurrent.Unroll, nn.ClearPadding) {
		methods := map[string]reflect.Value{}
		if f := reflect.ValueOf(v); f.Kind() == reflect.Func && f.Type().NumMethod() == 0 {
			methods[fmt.Sprintf("%T", v)] = f
		}
		for _, v := range []any{v, reflect.Zero(reflect.TypeOf(v)).Interface()} {
			for i := range reflect.TypeOf(v).NumMethod() {
				if f := reflect.ValueOf(v).Method(i); f.Type().NumIn() > 0 && f.Type().In(0) == reflect.TypeFor[*graph.Graph]() {
					methods[fmt.Sprintf("%T%+v.%s", v, v, reflect.TypeOf(v).Method(i).Name)] = f
				}
			}
		}
		for name, f := range methods {
			for range 40 {
				m := newMaterial(rng.IntN(2) == 0)
				args := []reflect.Value{reflect.ValueOf(m.g)}
				for i := 1; i < f.Type().NumIn(); i++ {
					args = append(args, m.argument(rng, f.Type().In(i)))
				}
				attempt(t, fmt.Sprint(name, args[1:]), m, func() []graph.Node {
					call := f.Call
					if f.Type().IsVariadic() {
						call = f.CallSlice
					}
					call(args)
					return []graph.Node{m.seq}
				})
			}
		}
	}
}

// argument draws a value of a type that a method may be called with.
func (m material) argument(rng *rand.Rand, typ reflect.Type) reflect.Value {
	node := func() graph.Node {
		all := []graph.Node{m.seq, m.seq, m.row, m.row, m.ids, m.token, m.lengths, m.far, {}, m.g.Full(1), m.g.Full(1, 7)}
		return all[rng.IntN(len(all))]
	}
	nodes := func() []graph.Node {
		s := make([]graph.Node, rng.IntN(6))
		for i := range s {
			s[i] = node()
		}
		return s
	}
	gru := recurrent.GRU{Hidden: 6}
	cells := []recurrent.Cell{nil, gru, recurrent.MinGRU{Hidden: 6}, recurrent.Zoneout{}, recurrent.Stack{Cells: []recurrent.Cell{gru, nil}}, recurrent.StackOf(2, gru)}
	layers := []recurrent.Layer{nil, recurrent.Unidirectional{Cell: gru}, recurrent.Bidirectional{}, recurrent.Deep{}, recurrent.Deep{Layers: []recurrent.Layer{nil, nil}}, recurrent.Bidirectional{Cell: gru}}
	to := reflect.New(typ).Elem()
	var v any
	switch typ {
	case reflect.TypeFor[graph.Node]():
		v = node()
	case reflect.TypeFor[[]graph.Node]():
		v = nodes()
	case reflect.TypeFor[recurrent.State]():
		v = recurrent.State(nodes())
	case reflect.TypeFor[int]():
		v = []int{2, 0, -1}[rng.IntN(3)]
	case reflect.TypeFor[graph.Candidates]():
		v = []graph.Candidates{{}, m.g.LogUniform(2, 9), m.g.LogUniform(3, 4)}[rng.IntN(3)]
	case reflect.TypeFor[recurrent.Cell]():
		v = cells[rng.IntN(len(cells))]
	case reflect.TypeFor[recurrent.Scanner]():
		v = []any{nil, recurrent.MinGRU{Hidden: 6}}[rng.IntN(2)]
	case reflect.TypeFor[recurrent.Layer]():
		v = layers[rng.IntN(len(layers))]
	case reflect.TypeFor[recurrent.Order]():
		return to
	case reflect.TypeFor[recurrent.Options]():
		o := recurrent.Options{LearnInitial: rng.IntN(4) == 0, Reverse: rng.IntN(4) == 0, Dropout: recurrent.SequenceDropout{Recurrent: float64(rng.IntN(3)) * 0.6}}
		if rng.IntN(2) == 0 {
			o.Initial = nodes()
		}
		if rng.IntN(3) == 0 {
			o.Lengths = node()
		}
		if rng.IntN(3) == 0 {
			o.Continue = node()
		}
		if rng.IntN(3) == 0 {
			o.Trace = &recurrent.Trace{}
		}
		v = o
	case reflect.TypeFor[nn.DepthwiseConv1D]():
		v = nn.DepthwiseConv1D{Kernel: rng.IntN(4)}
	case reflect.TypeFor[float64]():
		v = []float64{0, 0.5, -1}[rng.IntN(3)]
	default:
		switch typ.Kind() {
		case reflect.Array:
			for i := range typ.Len() {
				to.Index(i).Set(m.argument(rng, typ.Elem()))
			}
		case reflect.Struct: // such as recurrent.Memory
			for i := range typ.NumField() {
				to.Field(i).Set(m.argument(rng, typ.Field(i).Type))
			}
		default:
			panic(fmt.Sprintf("no value of type %v", typ))
		}
		return to
	}
	if v != nil {
		to.Set(reflect.ValueOf(v))
	}
	return to
}

// Every exported type of the two packages with a method that takes a graph is in the table.
func TestDescriptionsAreComplete(t *testing.T) {
	known := map[string]bool{"nn.LoRA": true} // it makes a view of a graph, and no nodes: nn has its tests
	for _, v := range descriptions() {
		known[fmt.Sprintf("%T", v)] = true
	}
	for room, pattern := range map[string]string{"nn": "../nn/*.go", "recurrent": "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) < 10 {
			t.Fatal(files, err)
		}
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || f.Recv == nil || !f.Name.IsExported() || len(f.Type.Params.List) == 0 || strings.HasSuffix(path, "_test.go") {
					continue
				}
				of := strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*")
				if types.ExprString(f.Type.Params.List[0].Type) == "*graph.Graph" && ast.IsExported(of) && !known[room+"."+of] {
					t.Errorf("%s.%s is not in the table", room, of)
				}
			}
		}
	}
}

// A number of layers without bound is refused at once, as one below 1 is, and so is a layer that is missing, with its place.
func TestLayersThatCannotBe(t *testing.T) {
	gru := recurrent.GRU{Hidden: 6}
	one := recurrent.Unidirectional{Cell: gru}
	for want, v := range map[string]any{
		"Stack: it has more than 10000 cells":            recurrent.StackOf(math.MaxInt, gru),
		"Stack in layer 0: it has no cells":              recurrent.StackOf(math.MinInt, gru),
		"Deep: it has more than 10000 layers":            recurrent.DeepOf(math.MaxInt, one),
		"Deep: it has no layers":                         recurrent.DeepOf(-1, one),
		"Stack: cell 1 of 3 is nil":                      recurrent.Stack{Cells: []recurrent.Cell{gru, nil, gru}},
		"Zoneout: it has no Cell":                        recurrent.StackOf(2, recurrent.Zoneout{}),
		"Deep: layer 0 of 2 is nil":                      recurrent.Deep{Layers: []recurrent.Layer{nil, one}},
		"Unidirectional: it has no Cell":                 recurrent.DeepOf(2, recurrent.Unidirectional{}),
		"Bidirectional: it has no Cell":                  recurrent.Bidirectional{},
		"Zoneout: it has no Cell ":                       recurrent.Unidirectional{Cell: recurrent.Zoneout{HiddenRate: 0.1}},
		"TransformerEncoder: 9223372036854775807 layers": nn.TransformerEncoder{Layers: math.MaxInt, Layer: nn.TransformerEncoderLayer{Heads: 2}},
		"Conv1D: 9223372036854775807 steps in a kernel":  nn.Conv1D{Channels: 1, Kernel: math.MaxInt},
		"window 9223372036854775807; want 1 to 10000":    recurrent.QRNN{Hidden: 3, Window: math.MaxInt},
		"LatencyControlled: it has more than 10000":      recurrent.LatencyControlled{Cells: make([]recurrent.Cell, 10001), Chunk: 1},
		"chunks of 9223372036854775807 steps":            recurrent.LatencyControlled{Cells: []recurrent.Cell{gru}, Chunk: math.MaxInt},
		"hidden size 0; want at least 1":                 recurrent.StackOf(2, recurrent.MGU{}),
	} {
		m := newMaterial(false)
		attempt(t, want, m, func() []graph.Node { return m.use(v) })
		if err := m.g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
