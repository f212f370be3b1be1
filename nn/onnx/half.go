package onnx

import (
	"math"

	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// Numbers of 16 bits are widened: a model in them computes in float32, which is more exact than the file asks for. They are
// rounded again when the model is written.

// computes is the type that a graph computes numbers of a float type in.
func computes(kind onnxpb.TensorProto_DataType) onnxpb.TensorProto_DataType {
	if kind == onnxpb.TensorProto_FLOAT16 || kind == onnxpb.TensorProto_BFLOAT16 {
		return onnxpb.TensorProto_FLOAT
	}
	return kind
}

// widened is the number that 16 bits stand for.
func widened(kind onnxpb.TensorProto_DataType, bits uint16) float64 {
	if kind == onnxpb.TensorProto_BFLOAT16 {
		return float64(math.Float32frombits(uint32(bits) << 16))
	}
	sign := 1.0
	if bits>>15 == 1 {
		sign = -1
	}
	fraction, exponent := float64(bits&0x3ff), int(bits>>10&0x1f)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 0x1f:
		if fraction != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(fraction+0x400, exponent-25)
}

// narrowed is the number in 16 bits, rounded to the nearest, ties to even.
func narrowed(kind onnxpb.TensorProto_DataType, v float64) uint16 {
	if kind == onnxpb.TensorProto_BFLOAT16 {
		bits := math.Float32bits(float32(v))
		if v != v {
			return uint16(bits>>16) | 0x40
		}
		return uint16((bits + 0x7fff + bits>>16&1) >> 16)
	}
	sign := uint16(0)
	if math.Signbit(v) {
		sign, v = 0x8000, -v
	}
	switch {
	case v != v:
		return sign | 0x7e00
	case v >= 65520: // half a step above the largest
		return sign | 0x7c00
	case v < 1./(1<<14): // steps of 2⁻²⁴; the first normal number is the next one's bits
		return sign | uint16(math.RoundToEven(v*(1<<24)))
	}
	fraction, exponent := math.Frexp(v) // fraction from 1/2 on
	return sign | uint16(int(math.RoundToEven(fraction*(1<<11)))-0x400+(exponent+14)<<10)
}
