//go:build amd64 && !noasm

package kernel

// bfloat16Shape is the number of columns in a vector of sums, and of those in a block of weights.
func bfloat16Shape() (lanes, width int) {
	if hasAVX512 || !hasAVX2 {
		return 16, 128
	}
	return 8, 64
}

// usesVNNI tells whether products of bytes are added up by VPDPBUSD.
func usesVNNI() bool { return hasAVX512 && hasVNNI }

// int8Width is the number of columns in a block of weights.
func int8Width() int {
	if usesVNNI() || !hasAVX2 {
		return 128
	}
	return 32
}

// inputSigns is what four bytes of inputs are flipped by for VPDPBUSD, which takes them from 1 to 255, 128 too large.
const inputSigns = 0x80808080

// exactBytes tells whether the kernels multiply all numbers from -128 to 127 right.
func exactBytes() bool { return true }

// bfloat16Rows multiplies 1, 2 or 4 rows of A from row on with a block of weights, and writes whole rows of the block.
func bfloat16Rows(j *reducedJob, block, row, rows int, c []float32, ldc int) {
	a, w := &j.a[row*j.lda], j.block(block)
	switch {
	case hasAVX512 && rows == 1:
		bfloat16Rows1AVX512(j.k, a, j.lda, &w[0], j.step, &c[0], ldc)
	case hasAVX512 && rows == 2:
		bfloat16Rows2AVX512(j.k, a, j.lda, &w[0], j.step, &c[0], ldc)
	case hasAVX512:
		for v := 0; v < j.step; v += 32 { // 64 columns
			bfloat16Rows4AVX512(j.k, a, j.lda, &w[v], j.step, &c[2*v], ldc)
		}
	case hasAVX2 && rows == 1:
		bfloat16Rows1AVX2(j.k, a, j.lda, &w[0], j.step, &c[0], ldc)
	case hasAVX2 && rows == 2:
		for v := 0; v < j.step; v += 16 { // 32 columns
			bfloat16Rows2AVX2(j.k, a, j.lda, &w[v], j.step, &c[2*v], ldc)
		}
	case hasAVX2:
		for v := 0; v < j.step; v += 8 { // 16 columns
			bfloat16Rows4AVX2(j.k, a, j.lda, &w[v], j.step, &c[2*v], ldc)
		}
	default:
		bfloat16Generic(j, block, row, rows, c, ldc)
	}
}

// int8Rows is bfloat16Rows for weights of 8 bits.
func int8Rows(j *reducedJob, block, row, rows int, c []float32, ldc int) {
	w := j.block(block)
	scales, offsets := j.weights.scales[block*j.width:], j.weights.offsets[block*j.width:]
	switch {
	case usesVNNI():
		a, scale := &j.inputBytes[row*j.steps], &j.scales[row]
		switch rows {
		case 1:
			int8Rows1VNNI(j.steps, a, j.steps, &w[0], j.step, &offsets[0], scale, &scales[0], &c[0], ldc)
		case 2:
			int8Rows2VNNI(j.steps, a, j.steps, &w[0], j.step, &offsets[0], scale, &scales[0], &c[0], ldc)
		default:
			for v := 0; v < j.step; v += 64 {
				int8Rows4VNNI(j.steps, a, j.steps, &w[v], j.step, &offsets[v], scale, &scales[v], &c[v], ldc)
			}
		}
	case hasAVX2:
		for i := range rows {
			int8RowAVX2(j.steps, &j.inputs[(row+i)*j.steps], &w[0], j.step, &j.scales[row+i], &scales[0], &c[i*ldc])
		}
	default:
		int8Generic(j, block, row, rows, c, ldc)
	}
}
