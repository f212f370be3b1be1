package kernel

import "math"

// Int8 is a matrix of weights in 8 bits, with a scale for each column: w[l, j] = q[l, j]·scale[j], q from -127 to 127. Each
// row of inputs is scaled likewise, so that products are of integers, and their sums exact:
//
//	c[i, j] = beta·c[i, j] + float(Σ_l x[i, l]·q[l, j])·rowScale[i]·scale[j] + bias[j]
//
// A row of inputs, or a column of weights, with an infinity or a NaN gives NaN. At most MaxInt8Depth rows can be packed.
type Int8 struct {
	blocks
	scales  []float32 // by column, the last block filled up
	offsets []int32   // 128·Σ_l q[l, j]: for kernels that take inputs from 1 to 255
}

// MaxInt8Depth is the largest k for which no sum overflows 32 bits.
const MaxInt8Depth = math.MaxInt32 / (255 * 127)

// Pack is Reduced's.
func (p *Int8) Pack(transB bool, k, n int, b []float32, ldb int) {
	if k > MaxInt8Depth {
		panic("kernel: Int8: more rows than MaxInt8Depth")
	}
	width := int8Width()
	p.resize(transB, k, n, b, ldb, width, ceil(max(k, 0), 4), width)
	columns := p.count() * width
	if cap(p.scales) < columns {
		p.scales, p.offsets = make([]float32, columns), make([]int32, columns)
	}
	p.scales, p.offsets = p.scales[:columns], p.offsets[:columns]
	p.pack(p)
}

// part packs one block: scales first hold the largest number of each column.
func (p *Int8) part(block int, s *scratch) {
	scales, offsets := p.scales[block*p.width:][:p.width], p.offsets[block*p.width:][:p.width]
	clear(scales)
	p.pieces(block, s, func(_ int, rows []float32) {
		for ; len(rows) > 0; rows = rows[p.width:] {
			for j, x := range rows[:p.width] {
				scales[j] = math.Float32frombits(max(math.Float32bits(scales[j]), magnitude(x)))
			}
		}
	})
	for j, largest := range scales {
		scales[j] = scaleOf(largest)
	}
	clear(offsets)
	to := p.block(block)
	p.pieces(block, s, func(l int, rows []float32) {
		for ; len(rows) > 0; l, rows = l+4, rows[4*p.width:] {
			words := to[l/4*p.step:][:p.width]
			row := func(i int) []float32 { return rows[i*p.width:][:len(words)] }
			x0, x1, x2, x3 := row(0), row(1), row(2), row(3)
			for j := range words {
				scale := scales[j]
				q0, q1, q2, q3 := quantised(x0[j], scale), quantised(x1[j], scale), quantised(x2[j], scale), quantised(x3[j], scale)
				words[j] = fourBytes(q0, q1, q2, q3)
				offsets[j] += 128 * (q0 + q1 + q2 + q3)
			}
		}
	})
}

// magnitude is |x| by its bits, which as integers have the order of the numbers, with NaN the largest.
func magnitude(x float32) uint32 { return math.Float32bits(x) &^ (1 << 31) }

// scaleOf is the scale of numbers up to largest: NaN if that is not finite, so that all results are.
func scaleOf(largest float32) float32 {
	if largest > math.MaxFloat32 {
		return float32(math.NaN())
	}
	return largest / 127
}

// quantised is x in units of scale, rounded to nearest, ties to even: as float32 from 2^23 to 2^24 have no fraction, to
// add a number there rounds. A quotient is at most 191, where scale, the smallest number there is, was rounded down.
func quantised(x, scale float32) int32 {
	if !(scale > 0) {
		return 0
	}
	const whole = 3 << 22
	q := int32(math.Float32bits(x/scale+whole)) - int32(math.Float32bits(whole))
	return min(max(q, -127), 127)
}

// fourBytes has four integers in the bytes of one, the first in the lowest.
func fourBytes(q0, q1, q2, q3 int32) uint32 {
	return uint32(uint8(q0)) | uint32(uint8(q1))<<8 | uint32(uint8(q2))<<16 | uint32(uint8(q3))<<24
}

// Multiply is Reduced's.
func (p *Int8) Multiply(m int, a []float32, lda int, beta float32, c []float32, ldc int, bias []float32) {
	if !p.check(m, a, lda, beta, c, ldc, bias) {
		return
	}
	j := reducedJobs.take()
	j.blocks, j.multiply, j.m, j.beta, j.c, j.ldc, j.bias, j.weights = p.blocks, int8Rows, m, beta, c, ldc, bias, p
	j.quantise(a, lda)
	j.run()
}

// quantise makes integers of A's rows: four of 16 bits from -127 to 127 in 64 bits, and for kernels that want them so, four of
// 8 bits in 32 bits, see inputSigns.
func (j *reducedJob) quantise(a []float32, lda int) {
	if need := j.m * j.steps; cap(j.inputs) < need {
		j.inputs, j.inputBytes = make([]uint64, need), make([]uint32, need)
	}
	if cap(j.scales) < j.m {
		j.scales = make([]float32, j.m)
	}
	j.inputs, j.inputBytes, j.scales = j.inputs[:j.m*j.steps], j.inputBytes[:j.m*j.steps], j.scales[:j.m]
	for i := range j.m {
		row, largest := a[i*lda:][:j.k], uint32(0)
		for _, x := range row {
			largest = max(largest, magnitude(x))
		}
		scale := scaleOf(math.Float32frombits(largest))
		j.scales[i] = scale
		words, bytes := j.inputs[i*j.steps:][:j.steps], j.inputBytes[i*j.steps:][:j.steps]
		for s := range words {
			var x [4]float32
			if rest := row[4*s:]; len(rest) >= 4 {
				x = [4]float32(rest)
			} else {
				copy(x[:], rest)
			}
			q0, q1, q2, q3 := quantised(x[0], scale), quantised(x[1], scale), quantised(x[2], scale), quantised(x[3], scale)
			words[s] = uint64(uint16(q0)) | uint64(uint16(q1))<<16 | uint64(uint16(q2))<<32 | uint64(uint16(q3))<<48
			bytes[s] = fourBytes(q0, q1, q2, q3) ^ inputSigns
		}
	}
}

// Bytes is Reduced's.
func (p *Int8) Bytes() int { return 4*cap(p.data) + 4*cap(p.scales) + 4*cap(p.offsets) }

// int8Generic is the definition of the kernels.
func int8Generic(j *reducedJob, block, row, rows int, c []float32, ldc int) {
	weights := j.block(block)
	for i := range rows {
		inputs := j.inputs[(row+i)*j.steps:][:j.steps]
		for col := range j.width {
			sum := int32(0)
			for s, x := range inputs {
				w := weights[s*j.step+col]
				for b := range 4 {
					sum += int32(int16(x>>(16*b))) * int32(int8(w>>(8*b)))
				}
			}
			c[i*ldc+col] = float32(sum) * j.scales[row+i] * j.weights.scales[block*j.width+col]
		}
	}
}
