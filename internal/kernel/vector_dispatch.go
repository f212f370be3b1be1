//go:build amd64 && !noasm

package kernel

import "unsafe"

// These call the assembly on one chunk of the vectors after the other. The bits of a transcendental function are the
// same by either instruction set; AVX-512 pays from one full register on.
const wideFrom = 16

// next is p one chunk further.
func next(p *float32) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*vectorChunk)) }

// unary32 runs a kernel of one operand on n elements. It takes pointers since slices would not fit into the registers
// for arguments, which is felt with short vectors.
func unary32(op vectorOp, dst, x *float32, n int) {
	for ; n > vectorChunk; n -= vectorChunk {
		unaryChunk(op, dst, x, vectorChunk)
		dst, x = next(dst), next(x)
	}
	unaryChunk(op, dst, x, n)
}

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
		reluAVX2(dst, x, n)
	case opNeg:
		negAVX2(dst, x, n)
	case opAbs:
		absAVX2(dst, x, n)
	case opSquare:
		squareAVX2(dst, x, n)
	case opSqrt:
		sqrtAVX2(dst, x, n)
	default:
		panic("kernel: not an operation of one operand")
	}
}

// binary32 is unary32 for two operands.
func binary32(op vectorOp, dst, a, b *float32, n int) {
	for ; n > vectorChunk; n -= vectorChunk {
		binaryChunk(op, dst, a, b, vectorChunk)
		dst, a, b = next(dst), next(a), next(b)
	}
	binaryChunk(op, dst, a, b, n)
}

func binaryChunk(op vectorOp, dst, a, b *float32, n int) {
	switch op {
	case opAdd:
		addAVX2(dst, a, b, n)
	case opSub:
		subAVX2(dst, a, b, n)
	case opMul:
		mulAVX2(dst, a, b, n)
	case opDiv:
		divAVX2(dst, a, b, n)
	case opSigmoidGrad:
		sigmoidGradAVX2(dst, a, b, n)
	case opTanhGrad:
		tanhGradAVX2(dst, a, b, n)
	case opReLUGrad:
		reluGradAVX2(dst, a, b, n)
	default:
		panic("kernel: not an operation of two operands")
	}
}

func axpy32(dst []float32, alpha float32, x []float32) {
	for i := 0; i < len(dst); i += vectorChunk {
		axpyAVX2(&dst[i], &x[i], min(len(dst)-i, vectorChunk), alpha)
	}
}

func affine32(dst, x []float32, mul, add float32) {
	for i := 0; i < len(dst); i += vectorChunk {
		affineAVX2(&dst[i], &x[i], min(len(dst)-i, vectorChunk), mul, add)
	}
}

func fill32(dst []float32, v float32) {
	for i := 0; i < len(dst); i += vectorChunk {
		fillAVX2(&dst[i], min(len(dst)-i, vectorChunk), v)
	}
}

// expSub32 is dst = e^(x-c).
func expSub32(dst, x []float32, c float32) {
	for i := 0; i < len(dst); i += vectorChunk {
		if n := min(len(dst)-i, vectorChunk); hasAVX512 && n >= wideFrom {
			expSubAVX512(&dst[i], &x[i], n, c)
		} else {
			expSubAVX2(&dst[i], &x[i], n, c)
		}
	}
}

// sumExp32 is Σe^(x-c).
func sumExp32(x []float32, c float32) (s float64) {
	for i := 0; i < len(x); i += vectorChunk {
		if n := min(len(x)-i, vectorChunk); hasAVX512 && n >= wideFrom {
			s += sumExpAVX512(&x[i], n, c)
		} else {
			s += sumExpAVX2(&x[i], n, c)
		}
	}
	return s
}

func sum32(x []float32) (sum float32) {
	var s [sumLanes]float32
	for i := 0; i < len(x); i += vectorChunk {
		sum = sumAVX2(&x[i], min(len(x)-i, vectorChunk), &s)
	}
	return sum
}

func dot32(a, b []float32) (sum float32) {
	var s [sumLanes]float32
	for i := 0; i < len(a); i += vectorChunk {
		sum = dotAVX2(&a[i], &b[i], min(len(a)-i, vectorChunk), &s)
	}
	return sum
}

func sumSquares32(x []float32) (sum float64) {
	var s [sumLanes]float64
	for i := 0; i < len(x); i += vectorChunk {
		sum = sumSquaresAVX2(&x[i], min(len(x)-i, vectorChunk), &s)
	}
	return sum
}

func max32(x []float32) float32 {
	m := x[0]
	for i := 0; i < len(x); i += vectorChunk {
		largest, nan := maxAVX2(&x[i], min(len(x)-i, vectorChunk))
		if nan {
			return maxGeneric(x[i:])
		}
		m = max(m, largest)
	}
	return m
}

func allFinite32(x []float32) bool {
	for i := 0; i < len(x); i += vectorChunk {
		if !allFiniteAVX2(&x[i], min(len(x)-i, vectorChunk)) {
			return false
		}
	}
	return true
}

// addRows32 is AddRows in blocks of columns and rows that make a chunk.
func addRows32(dst, x []float32, rows, cols, ld int) {
	for c := 0; c < cols; c += vectorChunk {
		n := min(cols-c, vectorChunk)
		step := vectorChunk / n
		for r := 0; r < rows; r += step {
			addRowsAVX2(&dst[c], &x[r*ld+c], n, min(rows-r, step), ld)
		}
	}
}

func adam32(w, g, m, v []float32, k *[adamScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		adamAVX2(&w[i], &g[i], &m[i], &v[i], min(len(w)-i, vectorChunk), k)
	}
}

func sgd32(w, g []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		sgdAVX2(&w[i], &g[i], min(len(w)-i, vectorChunk), k)
	}
}

func sgdMomentum32(w, g, v []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		sgdMomentumAVX2(&w[i], &g[i], &v[i], min(len(w)-i, vectorChunk), k)
	}
}

func sgdNesterov32(w, g, v []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		sgdNesterovAVX2(&w[i], &g[i], &v[i], min(len(w)-i, vectorChunk), k)
	}
}

func adagrad32(w, g, v []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		adagradAVX2(&w[i], &g[i], &v[i], min(len(w)-i, vectorChunk), k)
	}
}

// rmsprop32 is RMSProp, with the mean m unless it is nil, and the velocity b unless it is nil.
func rmsprop32(w, g, v, m, b []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		n := min(len(w)-i, vectorChunk)
		switch {
		case m != nil && b != nil:
			rmspropCentredMomentumAVX2(&w[i], &g[i], &v[i], &m[i], &b[i], n, k)
		case m != nil:
			rmspropCentredAVX2(&w[i], &g[i], &v[i], &m[i], n, k)
		case b != nil:
			rmspropMomentumAVX2(&w[i], &g[i], &v[i], &b[i], n, k)
		default:
			rmspropAVX2(&w[i], &g[i], &v[i], n, k)
		}
	}
}

func scatterAddRows32(dst, src []float32, ids []int, cols, skip int) {
	for i, id := range ids {
		if id != skip {
			row := first32(dst[id*cols : (id+1)*cols])
			binary32(opAdd, row, row, first32(src[i*cols:(i+1)*cols]), cols)
		}
	}
}
