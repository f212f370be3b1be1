package onnx

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// Every number of 16 bits survives being widened and rounded again, and what lies between two goes to the nearest.
func TestNumbersOf16Bits(t *testing.T) {
	for _, kind := range []onnxpb.TensorProto_DataType{onnxpb.TensorProto_FLOAT16, onnxpb.TensorProto_BFLOAT16} {
		for bits := range 1 << 16 {
			v := widened(kind, uint16(bits))
			if got := narrowed(kind, v); got != uint16(bits) && !(v != v && widened(kind, got) != widened(kind, got)) {
				t.Fatalf("%v: %#x is %g, and that %#x", kind, bits, v, got)
			}
			next := widened(kind, uint16(bits+1))
			if bits&0x7fff < 0x7bff && !math.IsInf(v+next, 0) && v == v && next == next {
				want := uint16(bits + bits&1) // the even one
				if got := narrowed(kind, (v+next)/2); got != want {
					t.Fatalf("%v: halfway from %g to %g is %#x; want %#x", kind, v, next, got, want)
				}
			}
		}
	}
	for bits, want := range map[uint16]float64{0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 1: math.Ldexp(1, -24), 0x3555: 0.333251953125} {
		if got := widened(onnxpb.TensorProto_FLOAT16, bits); got != want {
			t.Errorf("%#x is %g; want %g", bits, got, want)
		}
	}
	if got := narrowed(onnxpb.TensorProto_FLOAT16, 65519); got != 0x7bff {
		t.Errorf("65519 is %#x", got)
	}
}
