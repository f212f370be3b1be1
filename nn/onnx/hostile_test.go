package onnx

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
	"gorgonia.org/tensor"
)

// called is a node of one output.
func called(kind, out string, in []string, attributes ...*onnxpb.AttributeProto) *onnxpb.NodeProto {
	return &onnxpb.NodeProto{OpType: kind, Name: "the " + kind, Input: in, Output: []string{out}, Attribute: attributes}
}

func attrGraph(name string, g *onnxpb.GraphProto) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_GRAPH, G: g}
}

func named(names ...string) []*onnxpb.ValueInfoProto {
	var out []*onnxpb.ValueInfoProto
	for _, n := range names {
		out = append(out, valueInfo(n, floatKind, nil))
	}
	return out
}

// branch is a graph without inputs.
func branch(out string, nodes ...*onnxpb.NodeProto) *onnxpb.GraphProto {
	return &onnxpb.GraphProto{Node: nodes, Output: named(out)}
}

// tried reads a model of an input x [2], a condition that data decide and some numbers, and builds it.
func tried(t *testing.T, out string, nodes ...*onnxpb.NodeProto) error {
	t.Helper()
	g := &onnxpb.GraphProto{Node: nodes, Output: named(out),
		Input: []*onnxpb.ValueInfoProto{valueInfo("x", floatKind, []Dim{{Size: 2}}), valueInfo("n", onnxpb.TensorProto_INT64, []Dim{}),
			valueInfo("c", onnxpb.TensorProto_BOOL, []Dim{})},
		Initializer: []*onnxpb.TensorProto{single(math.MaxInt / 8).tensorProto("many"), single(3).tensorProto("three"), single(1000).tensorProto("thousand"),
			truthConstant(true).tensorProto("yes"), ints64(1).tensorProto("one")}}
	data, err := proto.Marshal(&onnxpb.ModelProto{Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 17}}})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := Parse(data)
	if err != nil {
		return err
	}
	built := graph.New(graph.NewParams(1))
	m.Build(built, smallInputs(built, m))
	runtime.ReadMemStats(&after)
	if taken := int64(after.TotalAlloc - before.TotalAlloc); taken > 4*everyModel {
		t.Errorf("a file of %d bytes took %d", len(data), taken)
	}
	return built.Err()
}

// body is a loop's: its counter, its condition, one value, and what it gives.
func body(out []string, nodes ...*onnxpb.NodeProto) *onnxpb.AttributeProto {
	return attrGraph("body", &onnxpb.GraphProto{Node: nodes, Input: named("i", "go", "v"), Output: named(out...)})
}

// What a few bytes ask for is bounded, and every refusal names the node.
func TestHostileFlow(t *testing.T) {
	deep := branch("y", called("Neg", "y", []string{"x"}))
	for range 40 {
		deep = branch("y", called("If", "y", []string{"yes"}, attrGraph("then_branch", deep), attrGraph("else_branch", branch("z", called("Neg", "z", []string{"x"})))))
	}
	wide := branch("y", called("Neg", "y", []string{"x"}))
	for k := range deepest - 1 { // both branches of every level run
		wide = branch("y", called("If", "y", []string{"c"}, attrGraph("then_branch", wide), attrGraph("else_branch", branch(fmt.Sprint("z", k), called("Neg", fmt.Sprint("z", k), []string{"x"})))))
	}
	tower := body([]string{"go", "v"})
	for range 6 {
		tower = body([]string{"go", "w"}, called("Loop", "w", []string{"thousand", "go", "v"}, tower))
	}
	same := func(n string) *onnxpb.NodeProto { return called("Identity", n, []string{"x"}) }
	for want, nodes := range map[string][]*onnxpb.NodeProto{
		"its branches and loops lie in each other more than 16 deep": {deep.Node[0]},
		"the Loop: more than 65536 repeats":                          {called("Loop", "y", []string{"many", "yes", "x"}, body([]string{"go", "v"}))},
		"bytes of memory":                                            {called("Loop", "y", []string{"thousand", "yes", "x"}, tower)},
		"it takes ": {called("Loop", "y", []string{"many", "yes", "x"},
			body([]string{"go", "w"}, called("Concat", "w", []string{"v", "v"}, attrInt("axis", 0))))},
		"input 0 (\"n\"), how often it runs, is computed when the model runs": {called("Loop", "y", []string{"n", "yes", "x"}, body([]string{"go", "v"}))},
		"there is no limit to its repeats that is known before": {called("Loop", "y", []string{"", "yes", "x"},
			body([]string{"d", "v"}, called("Identity", "d", []string{"c"})))},
		"data that are known when the model runs decide how many results it gives": {called("Loop", "y", []string{"three", "yes", "x"},
			body([]string{"d", "v", "u"}, called("Identity", "d", []string{"c"}), called("Identity", "u", []string{"v"})))},
		"its body's condition has shape [2] and is FLOAT": {called("Loop", "y", []string{"three", "yes", "x"}, body([]string{"v", "v"}))},
		"a body with 3 inputs and 1 outputs":              {called("Loop", "y", []string{"three", "yes", "x"}, body([]string{"go"}))},
		"results of shapes [2] and [1]": {called("If", "y", []string{"c"}, attrGraph("then_branch", branch("a", same("a"))),
			attrGraph("else_branch", branch("b", called("ReduceSum", "b", []string{"x"}))))},
		"a condition of shape [2]": {called("If", "y", []string{"x"}, attrGraph("then_branch", branch("a", same("a"))), attrGraph("else_branch", branch("b", same("b"))))},
		"input 0 (\"n\") is not true or false": {called("If", "y", []string{"n"}, attrGraph("then_branch", branch("a", same("a"))),
			attrGraph("else_branch", branch("b", same("b"))))},
		"its input \"late\" is not computed by a node before it": {called("If", "y", []string{"c"}, attrGraph("then_branch", branch("a", called("Neg", "a", []string{"late"}))),
			attrGraph("else_branch", branch("b", same("b")))), same("late")},
		"it has no graph else_branch": {called("If", "y", []string{"c"}, attrGraph("then_branch", branch("a", same("a"))))},
	} {
		if err := tried(t, "y", nodes...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, found %v", want, err)
		}
	}
	if err := tried(t, "y", wide.Node[0]); err != nil { // no more work than its branches are
		t.Error(err)
	}
}

// A branch that cannot be computed for the inputs' shapes is no obstacle until a run asks for it.
func TestImpossibleBranch(t *testing.T) {
	g := &onnxpb.GraphProto{Output: named("y"),
		Input:       []*onnxpb.ValueInfoProto{valueInfo("x", floatKind, []Dim{{Size: -1}}), valueInfo("c", onnxpb.TensorProto_BOOL, []Dim{})},
		Initializer: []*onnxpb.TensorProto{ints64(2, 2).tensorProto("square"), ints64(-1).tensorProto("flat")},
		Node: []*onnxpb.NodeProto{called("If", "y", []string{"c"},
			attrGraph("then_branch", branch("b", called("Reshape", "a", []string{"x", "square"}), called("Transpose", "t", []string{"a"}), called("Reshape", "b", []string{"t", "flat"}))),
			attrGraph("else_branch", branch("d", called("Neg", "d", []string{"x"}))))}}
	m, err := newModel(&onnxpb.ModelProto{Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 17}}}, noFiles())
	if err != nil {
		t.Fatal(err)
	}
	f := graph.NewFunc(graph.NewParams(1), m.Build)
	run := func(c float32, x ...float32) ([]float32, error) {
		out, err := f.Run(graph.Floats(x, len(x)), tensor.New(tensor.FromScalar(c)))
		if err != nil {
			return nil, err
		}
		return out[0].Float32s(), nil
	}
	if got, err := run(1, 1, 2, 3, 4); err != nil || fmt.Sprint(got) != "[1 3 2 4]" {
		t.Error(got, err)
	}
	if got, err := run(0, 1, 2, 3); err != nil || fmt.Sprint(got) != "[-1 -2 -3]" {
		t.Error(got, err)
	}
	if _, err := run(1, 1, 2, 3); err == nil || !strings.Contains(err.Error(), "the condition takes the branch that cannot be computed for these inputs") ||
		!strings.Contains(err.Error(), "shape [2 2] for a tensor of shape [3]") {
		t.Error(err)
	}
}
