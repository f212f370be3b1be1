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

		"Mod":   {"fmod:i", [2]int{2, 2}, 1, buildMod},
		"Floor": {"", [2]int{1, 1}, 1, buildWholePart}, "Ceil": {"", [2]int{1, 1}, 1, buildWholePart},
		"Round": {"", [2]int{1, 1}, 1, buildWholePart}, "Sign": {"", [2]int{1, 1}, 1, buildSign},
		"IsNaN": {"", [2]int{1, 1}, 1, buildIsNaN}, "IsInf": {"detect_negative:i detect_positive:i", [2]int{1, 1}, 1, buildIsInf},

		"Neg": {"", [2]int{1, 1}, 1, buildUnary}, "Abs": {"", [2]int{1, 1}, 1, buildUnary},
		"Exp": {"", [2]int{1, 1}, 1, buildUnary}, "Log": {"", [2]int{1, 1}, 1, buildUnary},
		"Sqrt": {"", [2]int{1, 1}, 1, buildUnary}, "Tanh": {"", [2]int{1, 1}, 1, buildUnary},
		"Sigmoid": {"", [2]int{1, 1}, 1, buildUnary}, "Relu": {"", [2]int{1, 1}, 1, buildUnary},
		"Softplus": {"", [2]int{1, 1}, 1, buildUnary}, "Softsign": {"", [2]int{1, 1}, 1, buildUnary},
		"Sin": {"", [2]int{1, 1}, 1, buildUnary}, "Cos": {"", [2]int{1, 1}, 1, buildUnary},
		"Erf": {"", [2]int{1, 1}, 1, buildUnary}, "Reciprocal": {"", [2]int{1, 1}, 1, buildFunction},
		"Pow": {"", [2]int{2, 2}, 1, buildPow}, "Clip": {"min:f max:f", [2]int{1, 3}, 1, buildClip},
		"Max": {"", [2]int{1, many}, 1, buildMany}, "Min": {"", [2]int{1, many}, 1, buildMany},
		"Sum": {"", [2]int{1, many}, 1, buildMany}, "Mean": {"", [2]int{1, many}, 1, buildMany},

		"LeakyRelu":       {"alpha:f", [2]int{1, 1}, 1, buildActivation},
		"Elu":             {"alpha:f", [2]int{1, 1}, 1, buildActivation},
		"HardSigmoid":     {"alpha:f beta:f", [2]int{1, 1}, 1, buildActivation},
		"HardSwish":       {"", [2]int{1, 1}, 1, buildFunction},
		"Selu":            {"alpha:f gamma:f", [2]int{1, 1}, 1, buildFunction},
		"Celu":            {"alpha:f", [2]int{1, 1}, 1, buildFunction},
		"ThresholdedRelu": {"alpha:f", [2]int{1, 1}, 1, buildFunction},
		"Mish":            {"", [2]int{1, 1}, 1, buildFunction},
		"Swish":           {"alpha:f", [2]int{1, 1}, 1, buildFunction},
		"Gelu":            {"approximate:s", [2]int{1, 1}, 1, buildFunction},
		"PRelu":           {"", [2]int{2, 2}, 1, buildPRelu},

		"Conv": {"auto_pad:s dilations:is group:i kernel_shape:is pads:is strides:is", [2]int{2, 3}, 1, buildConv},
		"ConvTranspose": {"auto_pad:s dilations:is group:i kernel_shape:is output_padding:is output_shape:is pads:is strides:is",
			[2]int{2, 3}, 1, buildConvTranspose},
		"MaxPool": {"auto_pad:s ceil_mode:i dilations:is kernel_shape:is pads:is storage_order:i strides:is",
			[2]int{1, 1}, 1, buildMaxPool},
		"AveragePool": {"auto_pad:s ceil_mode:i count_include_pad:i dilations:is kernel_shape:is pads:is strides:is",
			[2]int{1, 1}, 1, buildAveragePool},
		"GlobalMaxPool":     {"", [2]int{1, 1}, 1, buildGlobalPool},
		"GlobalAveragePool": {"", [2]int{1, 1}, 1, buildGlobalPool},

		"BatchNormalization":    {"epsilon:f momentum:f training_mode:i spatial:i", [2]int{5, 5}, 1, buildBatchNorm},
		"LayerNormalization":    {"axis:i epsilon:f stash_type:i", [2]int{2, 3}, 3, buildLayerNorm},
		"InstanceNormalization": {"epsilon:f", [2]int{3, 3}, 1, buildGroupNorm},
		"GroupNormalization":    {"epsilon:f num_groups:i stash_type:i", [2]int{3, 3}, 1, buildGroupNorm},
		"Softmax":               {"axis:i", [2]int{1, 1}, 1, buildSoftmax},
		"LogSoftmax":            {"axis:i", [2]int{1, 1}, 1, buildSoftmax},

		"ReduceMax":       {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceMin":       {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceMean":      {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceSum":       {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceProd":      {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceL1":        {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceL2":        {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceSumSquare": {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceLogSum":    {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},
		"ReduceLogSumExp": {"axes:is keepdims:i noop_with_empty_axes:i", [2]int{1, 2}, 1, buildReduce},

		"Range":          {"", [2]int{3, 3}, 1, buildRange},
		"Equal":          {"", [2]int{2, 2}, 1, buildCompare},
		"Less":           {"", [2]int{2, 2}, 1, buildCompare},
		"LessOrEqual":    {"", [2]int{2, 2}, 1, buildCompare},
		"Greater":        {"", [2]int{2, 2}, 1, buildCompare},
		"GreaterOrEqual": {"", [2]int{2, 2}, 1, buildCompare},
		"And":            {"", [2]int{2, 2}, 1, buildLogic},
		"Or":             {"", [2]int{2, 2}, 1, buildLogic},
		"Xor":            {"", [2]int{2, 2}, 1, buildLogic},
		"Not":            {"", [2]int{1, 1}, 1, buildLogic},
		"Where":          {"", [2]int{3, 3}, 1, buildWhere},

		"TopK":            {"axis:i k:i largest:i sorted:i", [2]int{1, 2}, 2, buildTopK},
		"GatherND":        {"batch_dims:i", [2]int{2, 2}, 1, buildGatherND},
		"Scatter":         {"axis:i", [2]int{3, 3}, 1, buildScatterElements},
		"ScatterElements": {"axis:i reduction:s", [2]int{3, 3}, 1, buildScatterElements},
		"ScatterND":       {"reduction:s", [2]int{3, 3}, 1, buildScatterND},
		"NonZero":         {"", [2]int{1, 1}, 1, buildNonZero},
		"ReverseSequence": {"batch_axis:i time_axis:i", [2]int{2, 2}, 1, buildReverseSequence},

		"If":   {"then_branch:g else_branch:g", [2]int{1, 1}, many, buildIf},
		"Loop": {"body:g", [2]int{2, many}, many, buildLoop},
		"Scan": {"body:g num_scan_inputs:i scan_input_axes:is scan_input_directions:is scan_output_axes:is scan_output_directions:is",
			[2]int{1, many}, many, buildScan},

		"SequenceEmpty":      {"dtype:i", [2]int{0, 0}, 1, buildSequenceEmpty},
		"SequenceConstruct":  {"", [2]int{1, many}, 1, buildSequenceConstruct},
		"SequenceInsert":     {"", [2]int{2, 3}, 1, buildSequenceInsert},
		"SequenceErase":      {"", [2]int{1, 2}, 1, buildSequenceErase},
		"SequenceAt":         {"", [2]int{2, 2}, 1, buildSequenceAt},
		"SequenceLength":     {"", [2]int{1, 1}, 1, buildSequenceLength},
		"ConcatFromSequence": {"axis:i new_axis:i", [2]int{1, 1}, 1, buildConcatFromSequence},
		"SplitToSequence":    {"axis:i keepdims:i", [2]int{1, 2}, 1, buildSplitToSequence},

		"CumSum": {"exclusive:i reverse:i", [2]int{2, 2}, 1, buildCumSum},
		"Trilu":  {"upper:i", [2]int{1, 2}, 1, buildTrilu},
		"ArgMax": {"axis:i keepdims:i select_last_index:i", [2]int{1, 1}, 1, buildArgMax},
		"ArgMin": {"axis:i keepdims:i select_last_index:i", [2]int{1, 1}, 1, buildArgMax},
		"OneHot": {"axis:i", [2]int{3, 3}, 1, buildOneHot},
		"Einsum": {"equation:s", [2]int{1, many}, 1, buildEinsum},
		"Resize": {"antialias:i axes:is coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i extrapolation_value:f " +
			"keep_aspect_ratio_policy:s mode:s nearest_mode:s", [2]int{1, 4}, 1, buildResize},
		"Upsample":       {"mode:s scales:fs", [2]int{1, 2}, 1, buildResize},
		"GatherElements": {"axis:i", [2]int{2, 2}, 1, buildGatherElements},

		"QuantizeLinear":        {"axis:i block_size:i output_dtype:i precision:i saturate:i", [2]int{2, 3}, 1, buildQuantizeLinear},
		"DequantizeLinear":      {"axis:i block_size:i output_dtype:i", [2]int{2, 3}, 1, buildDequantizeLinear},
		"DynamicQuantizeLinear": {"", [2]int{1, 1}, 3, buildDynamicQuantizeLinear},
		"MatMulInteger":         {"", [2]int{2, 4}, 1, buildMatMulInteger},
		"ConvInteger":           {"auto_pad:s dilations:is group:i kernel_shape:is pads:is strides:is", [2]int{2, 4}, 1, buildConvInteger},
		"QLinearMatMul":         {"", [2]int{8, 8}, 1, buildQLinearMatMul},
		"QLinearConv":           {"auto_pad:s dilations:is group:i kernel_shape:is pads:is strides:is", [2]int{8, 9}, 1, buildQLinearConv},
		"com.microsoft.DynamicQuantizeLSTM": {"activations:ss activation_alpha:fs activation_beta:fs clip:f direction:s hidden_size:i " +
			"input_forget:i", [2]int{12, 12}, 3, buildRecurrent},
		"com.microsoft.DynamicQuantizeMatMul":    {"", [2]int{3, 5}, 1, buildDynamicQuantizeMatMul},
		"com.microsoft.MatMulIntegerToFloat":     {"", [2]int{4, 7}, 1, buildMatMulIntegerToFloat},
		"com.microsoft.QGemm":                    {"alpha:f transA:i transB:i", [2]int{6, 9}, 1, buildQGemm},
		"com.microsoft.FusedMatMul":              {"alpha:f transA:i transB:i transBatchA:i transBatchB:i", [2]int{2, 2}, 1, buildFusedMatMul},
		"com.microsoft.QLinearAdd":               {"", [2]int{8, 8}, 1, buildQLinearBinary},
		"com.microsoft.QLinearMul":               {"", [2]int{8, 8}, 1, buildQLinearBinary},
		"com.microsoft.QLinearSigmoid":           {"", [2]int{5, 5}, 1, buildQLinearUnary},
		"com.microsoft.QLinearLeakyRelu":         {"alpha:f", [2]int{5, 5}, 1, buildQLinearUnary},
		"com.microsoft.QLinearGlobalAveragePool": {"channels_last:i", [2]int{5, 5}, 1, buildQLinearUnary},
		"com.microsoft.QLinearConcat":            {"axis:i", [2]int{5, many}, 1, buildQLinearConcat},
		"com.microsoft.QuantizeLinear":           {"axis:i", [2]int{2, 3}, 1, buildQuantizeLinear},
		"com.microsoft.DequantizeLinear":         {"axis:i", [2]int{2, 3}, 1, buildDequantizeLinear},

		"Identity": {"", [2]int{1, 1}, 1, func(c *call) []value { return c.in[:1] }},
		"Dropout":  {"ratio:f seed:i", [2]int{1, 3}, 2, buildDropout},
		"Cast":     {"to:i saturate:i round_mode:s", [2]int{1, 1}, 1, buildCast},
		"CastLike": {"saturate:i round_mode:s", [2]int{2, 2}, 1, buildCastLike},

		"Constant":        {"value:t value_float:f value_floats:fs value_int:i value_ints:is", [2]int{0, 0}, 1, buildConstant},
		"ConstantOfShape": {"value:t", [2]int{1, 1}, 1, buildConstantOfShape},
		"Shape":           {"start:i end:i", [2]int{1, 1}, 1, buildShape},
		"Size":            {"", [2]int{1, 1}, 1, buildSize},
		"Expand":          {"", [2]int{2, 2}, 1, buildExpand},

		"Concat":    {"axis:i", [2]int{1, many}, 1, buildConcat},
		"Reshape":   {"allowzero:i", [2]int{2, 2}, 1, buildReshape},
		"Flatten":   {"axis:i", [2]int{1, 1}, 1, buildFlatten},
		"Transpose": {"perm:is", [2]int{1, 1}, 1, buildTranspose},
		"Squeeze":   {"axes:is", [2]int{1, 2}, 1, buildSqueeze},
		"Unsqueeze": {"axes:is", [2]int{1, 2}, 1, buildUnsqueeze},
		"Tile":      {"", [2]int{2, 2}, 1, buildTile},
		"Pad":       {"mode:s pads:is value:f", [2]int{1, 4}, 1, buildPad},
		"Slice":     {"axes:is starts:is ends:is", [2]int{1, 5}, 1, buildSlice},
		"Split":     {"axis:i split:is num_outputs:i", [2]int{1, 2}, many, buildSplit},
	}
}

// settings are inputs that say how an operator computes, such as the scales of a Resize: floats of the file that are none of
// its weights.
var settings = map[string][]int{
	"BatchNormalization": {3, 4},
	"Clip":               {1, 2},
	"Pad":                {2},
	"Pow":                {1},
	"Range":              {0, 1, 2},
	"Resize":             {1, 2},
	"Upsample":           {1},
	"OneHot":             {2},

	"QuantizeLinear": {1}, // no gradient passes a rounding
	"QLinearMatMul":  {1, 4, 6},
	"QLinearConv":    {1, 4, 6},
	"QGemm":          {1, 4, 7},
	"QLinearAdd":     {1, 4, 6}, "QLinearMul": {1, 4, 6}, "QLinearSigmoid": {1, 3}, "QLinearLeakyRelu": {1, 3},
	"DynamicQuantizeLSTM": {8, 10},
}
