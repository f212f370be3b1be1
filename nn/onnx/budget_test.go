package onnx

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
)

// unlimited is the budget of a test that only counts.
func unlimited() *budget { return &budget{own: meter{limit: most}, given: meter{limit: most}} }

// within builds the nodes of a model whose open dimensions are all 2, and gives what they made.
func within(m *Model, limits *budget) (map[string]value, error) {
	g := graph.New(graph.NewParams(1))
	if m.kind == onnxpb.TensorProto_DOUBLE {
		g = graph.New(graph.NewParams64(1))
	}
	b := &building{m: m, g: g, budget: limits, values: map[string]value{}, tried: map[*block]error{}}
	if b.inputs(smallInputs(g, m)) && b.initialisers() {
		b.nodes(m.nodes)
	}
	return b.values, g.Err()
}

// smallInputs are inputs of a model, with every open dimension 2.
func smallInputs(g *graph.Graph, m *Model) []graph.Node {
	var in []graph.Node
	for _, p := range m.Inputs() {
		shape := []int{}
		for _, d := range p.Dims {
			if d.Size < 0 {
				d.Size = 2
			}
			shape = append(shape, d.Size)
		}
		if p.Ints {
			in = append(in, g.InputIDs(p.Name, shape...))
		} else {
			in = append(in, g.Input(p.Name, shape...))
		}
	}
	return in
}

// Whatever the operator: many nodes of it take more than few, and a model that takes too much is refused at the node
// where it does.
func TestEveryOperatorIsCounted(t *testing.T) {
	found := map[string]bool{}
	for _, folder := range []string{"operators", "runtime", "node", "flow", "quantised"} {
		paths, _ := filepath.Glob(filepath.Join("testdata", folder, "*.onnx"))
		for _, path := range paths {
			f := file(t, filepath.Join(folder, filepath.Base(path)))
			for at, n := range f.Graph.Node {
				if found[operatorName(n)] {
					continue
				}
				found[operatorName(n)] = true
				manyTimes(t, proto.Clone(f).(*onnxpb.ModelProto), at)
			}
		}
	}
	for op := range operators {
		if !found[op] {
			t.Errorf("no recorded model has the operator %s", op)
		}
	}
}

// manyTimes repeats one node of a model, which must then take too much.
func manyTimes(t *testing.T, f *onnxpb.ModelProto, at int) {
	t.Helper()
	m, err := newModel(f, noFiles())
	if err != nil {
		t.Fatal(err)
	}
	limits := unlimited()
	if _, err := within(m, limits); err != nil {
		t.Fatal(err)
	}
	n := f.Graph.Node[at]
	limits.own, limits.given = meter{limit: 2 * limits.own.used}, meter{limit: 2 * limits.given.used}
	for k := range 300 {
		again := proto.Clone(n).(*onnxpb.NodeProto)
		again.Name = fmt.Sprint("again", k)
		for i, name := range again.Output {
			if name != "" {
				again.Output[i] = fmt.Sprintf("%s again %d", name, k)
			}
		}
		f.Graph.Node = append(f.Graph.Node, again)
	}
	if m, err = newModel(f, noFiles()); err != nil {
		t.Fatal(err)
	}
	if _, err := within(m, limits); err == nil || !strings.Contains(err.Error(), n.OpType+" node again") || !strings.Contains(err.Error(), "bytes of memory") {
		t.Errorf("300 nodes of %s in twice the memory of one: %v", n.OpType, err)
	}
}

// folding is a model whose first node makes large whole numbers, of which another operator makes more.
func folding(op string, opset int64, in []string, attributes []*onnxpb.AttributeProto) (*Model, error) {
	large := &onnxpb.NodeProto{OpType: "ConstantOfShape", Input: []string{"size"}, Output: []string{"large"},
		Attribute: []*onnxpb.AttributeProto{zeros}}
	node := &onnxpb.NodeProto{OpType: op, Name: "folding", Input: in, Output: []string{"out"}, Attribute: attributes}
	return newModel(&onnxpb.ModelProto{OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: opset}}, Graph: &onnxpb.GraphProto{
		Node: []*onnxpb.NodeProto{large, node}, Output: []*onnxpb.ValueInfoProto{valueInfo("out", floatKind, nil)},
		Initializer: []*onnxpb.TensorProto{ints64(foldedSize).tensorProto("size"), ints64(0).tensorProto("zero"), ints64(1).tensorProto("one")},
	}}, noFiles())
}

const foldedSize = 1 << 12

var zeros = &onnxpb.AttributeProto{Name: "value", Type: onnxpb.AttributeProto_TENSOR, T: ints64(0).tensorProto("")}

// An operator that makes known numbers of known numbers asks for the memory before it takes it. Which do is found by
// trying all of them: a new one that does not ask fails here.
func TestFoldingAsksFirst(t *testing.T) {
	folders := map[string]bool{}
	for op, def := range operators {
		for inputs := max(def.in[0], 1); inputs <= min(def.in[1], 3); inputs++ {
			for k := range 64 {
				names := []string{"large", "size", "zero", "one"}
				in := []string{names[k%4], names[k/4%4], names[k/16]}[:inputs]
				if k>>(2*inputs) > 0 || !slices.Contains(in, "large") && !slices.Contains(in, "size") {
					continue
				}
				for _, attributes := range [][]*onnxpb.AttributeProto{nil, {attrInt("axis", 0)}, {attrInt("to", 1)}, {attrInt("to", 7)}, {zeros}} {
					for _, opset := range []int64{9, 17} {
						if m, err := folding(op, opset, in, attributes); err == nil && foldsUnasked(t, m, op, in) {
							folders[op] = true
						}
					}
				}
			}
		}
	}
	for _, op := range []string{"Concat", "Gather", "Add", "Cast", "Slice", "Reshape", "ConstantOfShape"} {
		if !folders[op] {
			t.Errorf("%s was not found to fold", op)
		}
	}
}

// foldsUnasked tells whether a model's node made many known numbers, and fails if it does so in memory that it may not
// have.
func foldsUnasked(t *testing.T, m *Model, op string, in []string) bool {
	values, err := within(m, unlimited())
	v := values["out"]
	if err != nil || v.absent() || sizeOf(v.shape()) < foldedSize {
		return false
	}
	limits := unlimited()
	limits.own.limit = bytesOf([]int{foldedSize}) + perNode
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = within(m, limits)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), op+" node folding") || !strings.Contains(err.Error(), "bytes of memory") {
		t.Errorf("%s%v: made %v of what it may not have: %v", op, in, v.shape(), err)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > perNumber*foldedSize*3/2 {
		t.Errorf("%s%v: took %d bytes; it may have %d", op, in, taken, limits.own.limit)
	}
	return true
}

// Nodes of a few bytes each that would take gigabytes together, of the file's own numbers and of inputs.
func TestSmallFilesTakeLittle(t *testing.T) {
	concat := func(last string, axis int) func(k int) (*onnxpb.NodeProto, string) {
		return func(k int) (*onnxpb.NodeProto, string) {
			n := &onnxpb.NodeProto{OpType: "Concat", Input: []string{last, last}, Attribute: []*onnxpb.AttributeProto{attrInt("axis", axis)}}
			last = fmt.Sprint("v", k)
			return n, last
		}
	}
	last := "x"
	for name, next := range map[string]func(k int) (*onnxpb.NodeProto, string){
		"whole numbers doubled": concat("ones", 0),
		"weights doubled":       concat("w", 0),
		"inputs doubled":        concat("x", 0),
		"numbers repeated": func(k int) (*onnxpb.NodeProto, string) {
			return &onnxpb.NodeProto{OpType: "ConstantOfShape", Input: []string{"large"}}, fmt.Sprint("v", k)
		},
		"constants of the graph": func(k int) (*onnxpb.NodeProto, string) {
			return &onnxpb.NodeProto{OpType: "Add", Input: []string{"x", "scalar"}}, fmt.Sprint("v", k)
		},
		"squares of squares": func(k int) (*onnxpb.NodeProto, string) {
			n := &onnxpb.NodeProto{OpType: []string{"Reshape", "Reshape", "Add"}[k%3], Input: []string{last, []string{"row", "column"}[k%2]}}
			if k%3 == 2 {
				n.Input = []string{fmt.Sprint("v", k-1), fmt.Sprint("v", k-2)}
				last = fmt.Sprint("v", k)
			}
			return n, fmt.Sprint("v", k)
		},
	} {
		g := &onnxpb.GraphProto{Input: []*onnxpb.ValueInfoProto{valueInfo("x", floatKind, []Dim{{Size: 16}})},
			Initializer: []*onnxpb.TensorProto{ints64(1, 1).tensorProto("ones"), ints64(1 << 24).tensorProto("large"),
				ints64(1, -1).tensorProto("row"), ints64(-1, 1).tensorProto("column"),
				(&constant{kind: floatKind, shape: []int{1}, floats: []float64{1}}).tensorProto("w"),
				(&constant{kind: floatKind, floats: []float64{1}}).tensorProto("scalar")}}
		nodes, out := 60, ""
		if name == "constants of the graph" {
			nodes = 10000
		}
		for k := range nodes {
			n, o := next(k)
			n.Output, out = []string{o}, o
			g.Node = append(g.Node, n)
		}
		g.Output = []*onnxpb.ValueInfoProto{valueInfo(out, floatKind, nil)}
		data, err := proto.Marshal(&onnxpb.ModelProto{Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 17}}})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		built := graph.New(graph.NewParams(1))
		m.Build(built, smallInputs(built, m))
		runtime.ReadMemStats(&after)
		if nodes == 60 && (built.Err() == nil || !strings.Contains(built.Err().Error(), "bytes of memory")) {
			t.Errorf("%s: %v", name, built.Err())
		}
		if taken := int64(after.TotalAlloc-before.TotalAlloc) - 300*int64(len(data)); taken > everyModel {
			t.Errorf("%s: a file of %d bytes took %d more than for its size", name, len(data), taken)
		}
	}
}

// Long inputs and large batches of small models are what a model may take, with most of the limit left.
func TestLargeInputsHaveRoom(t *testing.T) {
	for _, name := range []string{"charlm", "tagger", "forecast"} {
		m, err := Read(filepath.Join("testdata", "torch", name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		g := graph.New(graph.NewParams(1))
		var in []graph.Node
		for _, p := range m.Inputs() {
			shape := []int{}
			for _, d := range p.Dims {
				switch {
				case d.Name == "time":
					d.Size = 300
				case d.Size < 0:
					d.Size = 256
				}
				shape = append(shape, d.Size)
			}
			if p.Ints {
				in = append(in, g.InputIDs(p.Name, shape...))
			} else {
				in = append(in, g.Input(p.Name, shape...))
			}
		}
		b := &building{m: m, g: g, budget: newBudget(m.size, in), values: map[string]value{}, tried: map[*block]error{}}
		if !b.inputs(in) || !b.initialisers() || !b.nodes(m.nodes) {
			t.Fatal(g.Err())
		}
		if given := b.budget.given; given.used > given.limit/2 {
			t.Errorf("%s takes %d bytes of %d", name, given.used, given.limit)
		}
	}
}
