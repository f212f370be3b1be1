package kernel

import "math"

// BFloat16 is a matrix of weights in bfloat16, the upper half of a float32 rounded to nearest, ties to even: 8 bits of
// exponent and 8 of the fraction, the leading one included. Inputs and sums are float32:
//
//	c[i, j] = beta·c[i, j] + Σ_l fma(a[i, l], w[l, j]) + bias[j]
//
// one product after the other, from 0.
type BFloat16 struct{ blocks }

// Pack is Reduced's.
func (p *BFloat16) Pack(transB bool, k, n int, b []float32, ldb int) {
	_, width := bfloat16Shape()
	p.resize(transB, k, n, b, ldb, width, max(k, 0), width/2)
	p.pack(p)
}

// part packs one block.
func (p *BFloat16) part(block int, s *scratch) {
	lanes, _ := bfloat16Shape()
	to := p.block(block)
	p.pieces(block, s, func(l int, rows []float32) {
		for ; l < p.k && len(rows) > 0; l, rows = l+1, rows[p.width:] {
			packed := to[l*p.step:][:p.step]
			for v := 0; v < len(packed); v += lanes {
				low, high := rows[2*v:][:lanes], rows[2*v+lanes:][:lanes]
				for i, x := range low {
					packed[v+i] = uint32(toBFloat16(x)) | uint32(toBFloat16(high[i]))<<16
				}
			}
		}
	})
}

// Multiply is Reduced's.
func (p *BFloat16) Multiply(m int, a []float32, lda int, beta float32, c []float32, ldc int, bias []float32) {
	if !p.check(m, a, lda, beta, c, ldc, bias) {
		return
	}
	j := reducedJobs.take()
	j.blocks, j.multiply, j.m, j.a, j.lda, j.beta, j.c, j.ldc, j.bias = p.blocks, bfloat16Rows, m, a, lda, beta, c, ldc, bias
	j.run()
}

// Bytes is Reduced's.
func (p *BFloat16) Bytes() int { return 4 * cap(p.data) }

// toBFloat16 rounds to nearest, ties to even. A NaN stays one.
func toBFloat16(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 1<<6
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// fromBFloat16 is exact.
func fromBFloat16(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

// bfloat16Generic is the definition of the kernels, with products that are rounded before they are added.
func bfloat16Generic(j *reducedJob, block, row, rows int, c []float32, ldc int) {
	lanes, width := bfloat16Shape()
	weights := j.block(block)
	for i := range rows {
		out, a := c[i*ldc:][:width], j.a[(row+i)*j.lda:][:j.k]
		clear(out)
		for l, x := range a {
			for v, pair := range weights[l*j.step:][:j.step] {
				low := v/lanes*2*lanes + v%lanes
				out[low] += float32(x * math.Float32frombits(pair<<16))
				out[low+lanes] += float32(x * math.Float32frombits(pair&0xffff0000))
			}
		}
	}
}
