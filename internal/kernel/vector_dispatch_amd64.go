//go:build amd64 && !noasm

package kernel

// wideFrom is the length from which AVX-512 pays: one full register. The bits of a transcendental function are the same
// by either instruction set.
const wideFrom = 16

func unaryChunk(op vectorOp, dst, x *float32, n int) {
	wide := hasAVX512 && n >= wideFrom
	switch op {
	case opExp:
		if wide {
			expSubAVX512(dst, x, n, 0)
		} else {
			expSubAVX2(dst, x, n, 0)
		}
	case opLog:
		if wide {
			logAVX512(dst, x, n)
		} else {
			logAVX2(dst, x, n)
		}
	case opTanh:
		if wide {
			tanhAVX512(dst, x, n)
		} else {
			tanhAVX2(dst, x, n)
		}
	case opSigmoid:
		if wide {
			sigmoidAVX512(dst, x, n)
		} else {
			sigmoidAVX2(dst, x, n)
		}
	case opSoftplus:
		if wide {
			softplusAVX512(dst, x, n)
		} else {
			softplusAVX2(dst, x, n)
		}
	case opReLU:
		reluChunk(dst, x, n)
	case opNeg:
		negChunk(dst, x, n)
	case opAbs:
		absChunk(dst, x, n)
	case opSquare:
		squareChunk(dst, x, n)
	case opSqrt:
		sqrtChunk(dst, x, n)
	default:
		panic("kernel: not an operation of one operand")
	}
}

func expSubChunk(dst, x *float32, n int, c float32) {
	if hasAVX512 && n >= wideFrom {
		expSubAVX512(dst, x, n, c)
	} else {
		expSubAVX2(dst, x, n, c)
	}
}

func sumExpChunk(x *float32, n int, c float32) float64 {
	if hasAVX512 && n >= wideFrom {
		return sumExpAVX512(x, n, c)
	}
	return sumExpAVX2(x, n, c)
}
