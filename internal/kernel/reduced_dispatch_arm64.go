//go:build arm64 && !noasm

package kernel

// bfloat16Shape is the number of columns in a vector of sums, and of those in a block of weights.
func bfloat16Shape() (lanes, width int) {
	if !hasNEON {
		return 16, 128
	}
	return 4, 64
}

// int8Width is the number of columns in a block of weights.
func int8Width() int {
	if !hasNEON {
		return 128
	}
	return 64
}

// inputSigns is what four bytes of inputs are flipped by for the kernels, which take them as they are: from -127 to 127.
const inputSigns = 0

// usesVNNI is that of amd64.
func usesVNNI() bool { return false }

// exactBytes tells whether the kernels multiply all numbers from -128 to 127 right: without SDOT, the sum of two products of -128
// with itself does not fit in 16 bits.
func exactBytes() bool { return hasDotProd }

// bfloat16Rows multiplies 1, 2 or 4 rows of A from row on with a block of weights, and writes whole rows of the block.
func bfloat16Rows(j *reducedJob, block, row, rows int, c []float32, ldc int) {
	if !hasNEON {
		bfloat16Generic(j, block, row, rows, c, ldc)
		return
	}
	a, w := &j.a[row*j.lda], j.block(block)
	switch rows {
	case 1:
		bfloat16Rows1NEON(j.k, a, j.lda, &w[0], j.step, &c[0], ldc)
	case 2:
		for v := 0; v < j.step; v += 16 { // 32 columns
			bfloat16Rows2NEON(j.k, a, j.lda, &w[v], j.step, &c[2*v], ldc)
		}
	default:
		for v := 0; v < j.step; v += 8 { // 16 columns
			bfloat16Rows4NEON(j.k, a, j.lda, &w[v], j.step, &c[2*v], ldc)
		}
	}
}

// int8Rows is bfloat16Rows for weights of 8 bits.
func int8Rows(j *reducedJob, block, row, rows int, c []float32, ldc int) {
	if !hasNEON {
		int8Generic(j, block, row, rows, c, ldc)
		return
	}
	w, scales := j.block(block), j.weights.scales[block*j.width:]
	if !hasDotProd {
		for i := range rows {
			int8RowNEON(j.steps, &j.inputBytes[(row+i)*j.steps], j.steps, &w[0], j.step, &j.scales[row+i], &scales[0], &c[i*ldc], ldc)
		}
		return
	}
	a, scale := &j.inputBytes[row*j.steps], &j.scales[row]
	switch rows {
	case 1:
		int8Rows1DotProd(j.steps, a, j.steps, &w[0], j.step, scale, &scales[0], &c[0], ldc)
	case 2:
		for v := 0; v < j.step; v += 32 {
			int8Rows2DotProd(j.steps, a, j.steps, &w[v], j.step, scale, &scales[v], &c[v], ldc)
		}
	default:
		for v := 0; v < j.step; v += 16 {
			int8Rows4DotProd(j.steps, a, j.steps, &w[v], j.step, scale, &scales[v], &c[v], ldc)
		}
	}
}
