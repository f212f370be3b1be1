//go:build arm64 && !noasm

package kernel

func unaryChunk(op vectorOp, dst, x *float32, n int) {
	switch op {
	case opExp:
		expSubChunk(dst, x, n, 0)
	case opLog:
		logChunk(dst, x, n)
	case opTanh:
		tanhChunk(dst, x, n)
	case opSigmoid:
		sigmoidChunk(dst, x, n)
	case opSoftplus:
		softplusChunk(dst, x, n)
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
