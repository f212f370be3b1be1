package onnx

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// Forms of an operator that a graph cannot compute are refused with the node's name, and what is wrong.
func TestFormsAreRefusedByName(t *testing.T) {
	node := func(op, out string, in ...string) *onnxpb.NodeProto {
		return &onnxpb.NodeProto{Name: "the " + op, OpType: op, Input: in, Output: []string{out}}
	}
	with := func(n *onnxpb.NodeProto, a *onnxpb.AttributeProto) *onnxpb.NodeProto {
		n.Attribute = append(n.Attribute, a)
		return n
	}
	less := node("Less", "t", "steps", "ids")
	for want, nodes := range map[string][]*onnxpb.NodeProto{
		"the Less: input 0 (\"x\") holds floats or nothing; want whole":  {node("Less", "y", "x", "ids")},
		"the Not: input 0 (\"x\") is not true or false":                  {node("Not", "y", "x")},
		"the Where: input 0 (\"x\") is not true or false":                {node("Where", "y", "x", "x", "x")},
		"the Tanh: input 0 (\"t\") is true or false; want floats":        {less, node("Tanh", "y", "t")},
		"the Cast: a cast to STRING; want floats of 16":                  {less, with(node("Cast", "y", "t"), attrInt("to", 8))},
		"the Where: shapes [[4 3] [2] []] cannot be broadcast":           {less, node("Where", "y", "t", "x", "large")},
		"the Range: a step of 0":                                         {node("Range", "y", "zero", "one", "zero")},
		"the Range: input 0 has 3 numbers; want one":                     {node("Range", "y", "three", "one", "one")},
		"the Range: input 1 (\"ids\") is computed from the data":         {node("Range", "y", "zero", "ids", "one")},
		"the Slice: step 0 of axis 0":                                    {node("Slice", "y", "three", "zero", "one", "zero", "zero")},
		"the Cast: a cast of 1.2676506002282294e+30 to INT32":            {with(node("Cast", "y", "large"), attrInt("to", 6))},
		"the MatMul: shapes [[2] [3]] cannot be broadcast":               {node("MatMul", "y", "two matrices", "three matrices")},
		"the MatMul: a product of shapes [2] and []; want at least one":  {node("MatMul", "y", "x", "large")},
		"the ReduceSum: axis 2 of a tensor with 1 dimensions":            {node("ReduceSum", "y", "x", "two")},
		"the Reshape: a value with 33 dimensions; want at most 32":       {node("Reshape", "y", "large", "ones")},
		"the TopK: k [3] of 2 entries; want one number from 1 on":        {node("TopK", "y", "x", "size")},
		"the NonZero: input 0 (\"ids\") is computed when the model runs": {node("NonZero", "y", "ids")},
		"the Mod: remainder of 1 divided by zero":                        {node("Mod", "y", "three", "zero")},
		"the GatherND: an index of shape [3] for a tensor of shape [2]":  {node("GatherND", "y", "x", "three")},
		"the Gather: axis 0: index 3; want -3 to 2":                      {node("Gather", "y", "ids", "three")},
		"the SequenceAt: input 0 (\"x\") is no sequence of tensors":      {node("SequenceAt", "y", "x", "zero")},
		"the ConcatFromSequence: an empty sequence":                      {node("SequenceEmpty", "s"), node("ConcatFromSequence", "y", "s")},
		"the ConstantOfShape: shape [-1] has a dimension below 0":        {node("ConstantOfShape", "y", "minus")},
		"output node y: whole numbers, or no tensor with elements":       {node("ConstantOfShape", "y", "zero")},
		"the Concat: shapes [1 3] and [3] along axis 0":                  {with(node("Unsqueeze", "u", "three", "zero"), nil), with(node("Concat", "y", "u", "three"), attrInt("axis", 0))},
	} {
		for i, n := range nodes {
			if len(n.Attribute) > 0 && n.Attribute[0] == nil {
				nodes[i].Attribute = nil
			}
		}
		floats := func(name string, v float64, shape ...int) *onnxpb.TensorProto {
			k := &constant{kind: floatKind, shape: shape, floats: make([]float64, sizeOf(shape))}
			k.floats[0] = v
			return k.tensorProto(name)
		}
		g := &onnxpb.GraphProto{Node: nodes, Output: []*onnxpb.ValueInfoProto{valueInfo("y", floatKind, nil)},
			Input: []*onnxpb.ValueInfoProto{valueInfo("x", floatKind, []Dim{{Size: 2}}), valueInfo("ids", onnxpb.TensorProto_INT64, []Dim{{Size: 3}})},
			Initializer: []*onnxpb.TensorProto{ints64(-1).tensorProto("minus"), ints64(3).tensorProto("size"), ints64(0).tensorProto("zero"), ints64(1).tensorProto("one"), ints64(2).tensorProto("two"),
				ints64(1, 2, 3).tensorProto("three"), ints64(slices.Repeat([]int{1}, 33)...).tensorProto("ones"), floats("large", 1<<100),
				(&constant{kind: onnxpb.TensorProto_INT64, shape: []int{4, 1}, ints: []int{0, 1, 2, 3}}).tensorProto("steps"),
				floats("two matrices", 1, 2, 1, 1), floats("three matrices", 1, 3, 1, 1)}}
		m, err := newModel(&onnxpb.ModelProto{Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 14}}}, noFiles())
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		built := graph.New(graph.NewParams(1))
		m.Build(built, smallInputs(built, m))
		if err := built.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, found %v", want, err)
		}
	}
}

// Whole numbers of 32 bits wrap around as those of every machine do.
func TestWholeNumbersOf32Bits(t *testing.T) {
	wide := int64(math.MaxInt32) + 1 // an int of 32 bits wraps here already
	k := &constant{kind: onnxpb.TensorProto_INT64, shape: []int{2}, ints: []int{int(wide), -1}}
	out, err := k.cast(onnxpb.TensorProto_INT32)
	if err != nil || out.ints[0] != math.MinInt32 || out.ints[1] != -1 {
		t.Errorf("found %v, %v", out, err)
	}
}
