package onnx

// operator says how to check and build one of ONNX's operators.
type operator struct {
	attributes string // the attributes it knows, with the letters of attributeKinds
	in         [2]int // fewest and most inputs
	out        int    // most outputs that it gives
	build      func(c *call) []value
}

const many = 1 << 30

// operators are those that a model may be made of. What is not here is refused by name.
var operators map[string]*operator

func init() { // not a literal: some builds use the table's own functions
	operators = map[string]*operator{
		"RNN": {"activations:ss activation_alpha:fs activation_beta:fs clip:f direction:s hidden_size:i layout:i",
			[2]int{3, 6}, 2, buildRecurrent},
		"GRU": {"activations:ss activation_alpha:fs activation_beta:fs clip:f direction:s hidden_size:i layout:i linear_before_reset:i",
			[2]int{3, 6}, 2, buildRecurrent},
		"LSTM": {"activations:ss activation_alpha:fs activation_beta:fs clip:f direction:s hidden_size:i layout:i input_forget:i",
			[2]int{3, 8}, 3, buildRecurrent},

		"Gather": {"axis:i", [2]int{2, 2}, 1, buildGather},
		"MatMul": {"", [2]int{2, 2}, 1, buildMatMul},
		"Gemm":   {"alpha:f beta:f transA:i transB:i", [2]int{2, 3}, 1, buildGemm},

		"Add": {"", [2]int{2, 2}, 1, buildBinary},
		"Sub": {"", [2]int{2, 2}, 1, buildBinary},
		"Mul": {"", [2]int{2, 2}, 1, buildBinary},
		"Div": {"", [2]int{2, 2}, 1, buildBinary},

		"Neg": {"", [2]int{1, 1}, 1, buildUnary}, "Abs": {"", [2]int{1, 1}, 1, buildUnary},
		"Exp": {"", [2]int{1, 1}, 1, buildUnary}, "Log": {"", [2]int{1, 1}, 1, buildUnary},
		"Sqrt": {"", [2]int{1, 1}, 1, buildUnary}, "Tanh": {"", [2]int{1, 1}, 1, buildUnary},
		"Sigmoid": {"", [2]int{1, 1}, 1, buildUnary}, "Relu": {"", [2]int{1, 1}, 1, buildUnary},
		"Softplus": {"", [2]int{1, 1}, 1, buildUnary}, "Softsign": {"", [2]int{1, 1}, 1, buildUnary},
		"Softmax":    {"axis:i", [2]int{1, 1}, 1, buildSoftmax},
		"LogSoftmax": {"axis:i", [2]int{1, 1}, 1, buildSoftmax},

		"ReduceMax":  {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceMean": {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceSum":  {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},

		"Range": {"", [2]int{3, 3}, 1, buildRange},
		"Less":  {"", [2]int{2, 2}, 1, buildLess},
		"Not":   {"", [2]int{1, 1}, 1, buildNot},
		"Where": {"", [2]int{3, 3}, 1, buildWhere},

		"Identity": {"", [2]int{1, 1}, 1, func(c *call) []value { return c.in[:1] }},
		"Dropout":  {"ratio:f seed:i", [2]int{1, 3}, 1, buildDropout},
		"Cast":     {"to:i saturate:i", [2]int{1, 1}, 1, buildCast},

		"Constant":        {"value:t value_float:f value_floats:fs value_int:i value_ints:is", [2]int{0, 0}, 1, buildConstant},
		"ConstantOfShape": {"value:t", [2]int{1, 1}, 1, buildConstantOfShape},
		"Shape":           {"start:i end:i", [2]int{1, 1}, 1, buildShape},
		"Expand":          {"", [2]int{2, 2}, 1, buildExpand},

		"Concat":    {"axis:i", [2]int{1, many}, 1, buildConcat},
		"Reshape":   {"allowzero:i", [2]int{2, 2}, 1, buildReshape},
		"Flatten":   {"axis:i", [2]int{1, 1}, 1, buildFlatten},
		"Transpose": {"perm:is", [2]int{1, 1}, 1, buildTranspose},
		"Squeeze":   {"axes:is", [2]int{1, 2}, 1, buildSqueeze},
		"Unsqueeze": {"axes:is", [2]int{1, 2}, 1, buildUnsqueeze},
		"Slice":     {"axes:is starts:is ends:is", [2]int{1, 5}, 1, buildSlice},
		"Split":     {"axis:i split:is num_outputs:i", [2]int{1, 2}, many, buildSplit},
	}
}
