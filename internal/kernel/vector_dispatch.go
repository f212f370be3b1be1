//go:build (amd64 || arm64) && !noasm

package kernel

import "unsafe"

// These call the assembly on one chunk of the vectors after the other.

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
		addChunk(dst, a, b, n)
	case opSub:
		subChunk(dst, a, b, n)
	case opMul:
		mulChunk(dst, a, b, n)
	case opDiv:
		divChunk(dst, a, b, n)
	case opSigmoidGrad:
		sigmoidGradChunk(dst, a, b, n)
	case opTanhGrad:
		tanhGradChunk(dst, a, b, n)
	case opReLUGrad:
		reluGradChunk(dst, a, b, n)
	default:
		panic("kernel: not an operation of two operands")
	}
}

func axpy32(dst []float32, alpha float32, x []float32) {
	for i := 0; i < len(dst); i += vectorChunk {
		axpyChunk(&dst[i], &x[i], min(len(dst)-i, vectorChunk), alpha)
	}
}

func affine32(dst, x []float32, mul, add float32) {
	for i := 0; i < len(dst); i += vectorChunk {
		affineChunk(&dst[i], &x[i], min(len(dst)-i, vectorChunk), mul, add)
	}
}

func fill32(dst []float32, v float32) {
	for i := 0; i < len(dst); i += vectorChunk {
		fillChunk(&dst[i], min(len(dst)-i, vectorChunk), v)
	}
}

// expSub32 is dst = e^(x-c).
func expSub32(dst, x []float32, c float32) {
	for i := 0; i < len(dst); i += vectorChunk {
		expSubChunk(&dst[i], &x[i], min(len(dst)-i, vectorChunk), c)
	}
}

// sumExp32 is Σe^(x-c).
func sumExp32(x []float32, c float32) (s float64) {
	for i := 0; i < len(x); i += vectorChunk {
		s += sumExpChunk(&x[i], min(len(x)-i, vectorChunk), c)
	}
	return s
}

func sum32(x []float32) (sum float32) {
	var s [sumLanes]float32
	for i := 0; i < len(x); i += vectorChunk {
		sum = sumChunk(&x[i], min(len(x)-i, vectorChunk), &s)
	}
	return sum
}

func dot32(a, b []float32) (sum float32) {
	var s [sumLanes]float32
	for i := 0; i < len(a); i += vectorChunk {
		sum = dotChunk(&a[i], &b[i], min(len(a)-i, vectorChunk), &s)
	}
	return sum
}

func sumSquares32(x []float32) (sum float64) {
	var s [sumLanes]float64
	for i := 0; i < len(x); i += vectorChunk {
		sum = sumSquaresChunk(&x[i], min(len(x)-i, vectorChunk), &s)
	}
	return sum
}

func max32(x []float32) float32 {
	m := x[0]
	for i := 0; i < len(x); i += vectorChunk {
		largest, nan := maxChunk(&x[i], min(len(x)-i, vectorChunk))
		if nan {
			return maxGeneric(x[i:])
		}
		m = max(m, largest)
	}
	return m
}

func allFinite32(x []float32) bool {
	for i := 0; i < len(x); i += vectorChunk {
		if !allFiniteChunk(&x[i], min(len(x)-i, vectorChunk)) {
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
			addRowsChunk(&dst[c], &x[r*ld+c], n, min(rows-r, step), ld)
		}
	}
}

func adam32(w, g, m, v []float32, k *[adamScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		adamChunk(&w[i], &g[i], &m[i], &v[i], min(len(w)-i, vectorChunk), k)
	}
}

func sgd32(w, g []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		sgdChunk(&w[i], &g[i], min(len(w)-i, vectorChunk), k)
	}
}

func sgdMomentum32(w, g, v []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		sgdMomentumChunk(&w[i], &g[i], &v[i], min(len(w)-i, vectorChunk), k)
	}
}

func sgdNesterov32(w, g, v []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		sgdNesterovChunk(&w[i], &g[i], &v[i], min(len(w)-i, vectorChunk), k)
	}
}

func adagrad32(w, g, v []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		adagradChunk(&w[i], &g[i], &v[i], min(len(w)-i, vectorChunk), k)
	}
}

// rmsprop32 is RMSProp, with the mean m unless it is nil, and the velocity b unless it is nil.
func rmsprop32(w, g, v, m, b []float32, k *[descentScalars]float32) {
	for i := 0; i < len(w); i += vectorChunk {
		n := min(len(w)-i, vectorChunk)
		switch {
		case m != nil && b != nil:
			rmspropCentredMomentumChunk(&w[i], &g[i], &v[i], &m[i], &b[i], n, k)
		case m != nil:
			rmspropCentredChunk(&w[i], &g[i], &v[i], &m[i], n, k)
		case b != nil:
			rmspropMomentumChunk(&w[i], &g[i], &v[i], &b[i], n, k)
		default:
			rmspropChunk(&w[i], &g[i], &v[i], n, k)
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
