"""Writes the ONNX project's own node tests for the operators that the package knows, for TestONNXNodeTests.

    v/bin/python node_tests.py FOLDER            all of them, to be named in UNROLL_ONNX_NODE_TESTS
    v/bin/python node_tests.py --record          a small one or two of each operator, into node/ and node.safetensors

The tests are those of the package onnx (onnx.backend.test, 1.23.2). Four things are done to them:

- Inputs that say how an operator computes, such as axes and shapes, become initialisers with the test's values: a graph is
  built for them. So do weights of 8 bits of convolutions. SETTINGS lists them.
- A model of an older version than 7 of the operators becomes one of version 7, if its operator is the same in that.
- Functions ("_expanded" and "_expanded_ver18") are left out: they test other operators.
- Numbers of 8 bits are stored as floats. Those that are not floats of 16 to 64 bits, whole numbers or bool stay in the model; the test counts as failed.
"""
import os
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

OPERATORS = """Add Sub Mul Div Neg Abs Exp Log Sqrt Tanh Sigmoid Relu Softplus Softsign Erf Reciprocal Pow Clip Max Min Sum Mean
LeakyRelu Elu HardSigmoid HardSwish Selu Celu ThresholdedRelu Mish Swish Gelu PRelu
Conv ConvTranspose MaxPool AveragePool GlobalMaxPool GlobalAveragePool
BatchNormalization LayerNormalization InstanceNormalization GroupNormalization
Softmax LogSoftmax MatMul Gemm Gather GatherElements
ReduceMax ReduceMin ReduceMean ReduceSum ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp
Range Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not Where CumSum Trilu ArgMax ArgMin OneHot Einsum Resize Upsample
Identity Dropout Cast Constant ConstantOfShape Shape Size Expand Tile Pad Concat Reshape Flatten Transpose Squeeze Unsqueeze
Slice Split If Loop Scan RNN GRU LSTM TopK GatherND Scatter ScatterElements ScatterND NonZero ReverseSequence
SequenceEmpty SequenceConstruct SequenceInsert SequenceErase SequenceAt SequenceLength ConcatFromSequence SplitToSequence
CastLike Mod Floor Ceil Round Sign IsNaN IsInf Sin Cos
QuantizeLinear DequantizeLinear DynamicQuantizeLinear MatMulInteger ConvInteger QLinearMatMul QLinearConv""".split()

SETTINGS = {"Reshape": [1], "Expand": [1], "Tile": [1], "Pad": [1, 2, 3], "Resize": [1, 2, 3], "Upsample": [1], "Squeeze": [1],
            "Unsqueeze": [1], "Slice": [1, 2, 3, 4], "Split": [1], "OneHot": [1, 2], "Range": [0, 1, 2], "Trilu": [1], "CumSum": [1],
            "TopK": [1], "Loop": [0, 1], "If": [], "SequenceInsert": [2], "SequenceErase": [1], "SequenceAt": [1], "SplitToSequence": [1],
            "NonZero": [0], "ConstantOfShape": [0], "BatchNormalization": [3, 4], "Clip": [1, 2], "Dropout": [1, 2],
            "ConvInteger": [1, 3], "QLinearConv": [3, 5, 8]}


def settings(op):
    return [1] if op.startswith("Reduce") else SETTINGS.get(op, [])


def tests():
    """Yields operator, name, model, inputs and outputs by name."""
    for test in collect_testcases():
        nodes = test.model.graph.node
        if len(nodes) != 1 or nodes[0].op_type not in OPERATORS or "_expanded" in test.name or len(test.data_sets) != 1:
            continue
        op, model = nodes[0].op_type, onnx.ModelProto()
        model.CopyFrom(test.model)
        for version in model.opset_import:  # the first version of the set that is read, if the operator is the same in it
            if version.domain == "" and version.version < 7 and onnx.defs.get_schema(op, 7).since_version <= version.version:
                version.version = 7
        inputs = dict(zip((i.name for i in model.graph.input), test.data_sets[0][0]))
        fixed = {nodes[0].input[k] for k in settings(op) if k < len(nodes[0].input)} - {""}
        for name in fixed & set(inputs):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(inputs.pop(name)), name))
        kept = [i for i in model.graph.input if i.name not in fixed]
        del model.graph.input[:]
        model.graph.input.extend(kept)
        outputs = dict(zip((o.name for o in model.graph.output), test.data_sets[0][1]))
        yield op, test.name.removeprefix("test_"), model, inputs, outputs


def stored(values):
    """The values in the types that the Go reader knows; None where one has another."""
    out = {}
    for name, v in values.items():
        v = numpy_helper.to_array(v) if isinstance(v, onnx.TensorProto) else v
        v = np.array(v, order="C") if isinstance(v, (np.ndarray, np.generic, int, float)) else None
        if v is None or v.dtype.kind not in "iub" and v.dtype.name not in ("float32", "float64", "float16", "bfloat16"):
            return None
        out[name] = v.astype(np.int64 if v.dtype.kind in "iu" and v.dtype.itemsize > 1 else np.float64 if v.dtype == np.float64 else np.float32)
    return out


def write_all(folder):
    from safetensors.numpy import save_file
    os.makedirs(folder, exist_ok=True)
    for op, name, model, inputs, outputs in tests():
        onnx.save(model, os.path.join(folder, f"{op}.{name}.onnx"))
        ins, outs = stored(inputs), stored(outputs)
        if ins is not None and outs is not None:
            save_file({**{"in." + k: v for k, v in ins.items()}, **{"out." + k: v for k, v in outs.items()}},
                      os.path.join(folder, f"{op}.{name}.safetensors"))


RECORDED = """abs add_bcast and4d argmax_no_keepdims_random argmin_no_keepdims_random averagepool_2d_pads_count_include_pad
averagepool_2d_ceil averagepool_1d_default averagepool_2d_same_lower averagepool_2d_dilations batchnorm_epsilon celu clip_example concat_2d_axis_1 constant
constantofshape_float_ones basic_conv_with_padding conv_with_strides_and_asymmetric_padding conv_with_autopad_same convtranspose
convtranspose_1d convtranspose_dilations convtranspose_autopad_same convtranspose_output_shape convtranspose_group_2
convtranspose_pad cumsum_2d_axis_1 cumsum_2d_negative_axis cumsum_1d_reverse_exclusive div dropout_default einsum_batch_matmul einsum_sum einsum_transpose elu erf exp expand_dim_changed flatten_axis1 gather_0
gather_negative_indices gelu_default_1 gelu_tanh_1 gemm_all_attributes globalaveragepool globalmaxpool greater_equal_bcast greater_bcast
group_normalization_example hardsigmoid hardswish identity instancenorm_example layer_normalization_4d_axis2 leakyrelu less_bcast
less_equal_bcast log logsoftmax_axis_1 matmul_3d max_example maxpool_2d_ceil maxpool_2d_dilations maxpool_2d_same_upper
maxpool_1d_default mean_example min_example mish mul_bcast neg onehot_without_axis onehot_negative_indices or_bcast3v1d prelu_broadcast constant_pad
constant_pad_axes pow_bcast_array range_float_type_positive_delta reciprocal reduce_l1_keep_dims_random
reduce_l2_keep_dims_random reduce_log_sum_desc_axes reduce_log_sum_exp_keepdims_random reduce_max_do_not_keepdims_random
reduce_mean_keepdims_random reduce_min_keepdims_random reduce_prod_keepdims_random reduce_sum_negative_axes_keepdims_random
reduce_sum_square_keepdims_random relu reshape_negative_dim resize_upsample_sizes_nearest resize_upsample_scales_linear
resize_downsample_sizes_linear_pytorch_half_pixel resize_upsample_scales_linear_align_corners
resize_upsample_scales_linear_half_pixel_symmetric selu sigmoid slice_neg_steps softmax_axis_1 softplus softsign
cos sin split_variable_parts_1d_opset18 sqrt squeeze sub sum_example swish tanh thresholdedrelu tile_precomputed transpose_all_permutations_2
unsqueeze_axis_1 upsample_nearest where_example xor4d""".split()


def record():
    """Small tests of each operator that pass. Those of whole numbers have them as initialisers."""
    from record import OUTPUTS, Recording
    r = Recording("node")
    for op, name, model, inputs, outputs in tests():
        outputs = stored(outputs)
        if op in OUTPUTS or name in RECORDED:
            assert outputs and stored(inputs) is not None, name
            onnx.save(model, r.path(name))
            r.add(name, stored(inputs), outputs)
    r.close()


if __name__ == "__main__":
    record() if sys.argv[1] == "--record" else write_all(sys.argv[1])
