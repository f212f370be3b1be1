package main

import "fmt"

const (
	int8Signature = "(k int, a *uint32, lda int, b *uint32, step int, scale, scales, c *float32, ldc int)"
	int8Doc       = `multiplies %s of a, four elements in 32 bits, with %d columns of weights, k > 0:

	for i := range %d {
		for j := range %d {
			s := 0
			for l := range k {
				s += dot(a[i*lda+l], b[l*step+j]) // of 4 bytes
			}
			c[i*ldc+j] = float(s) * scale[i] * scales[j]
		}
	}`
)

// int8Dots writes the product of so many rows of bytes with weights of 8 bits, four products and four additions at a
// time (SDOT of FEAT_DotProd). Sums of integers are exact, so their order does not matter.
func int8Dots(rows int) {
	vectors := fewSums / rows
	f := begin(fmt.Sprintf("int8Rows%dDotProd", rows), int8Signature,
		fmt.Sprintf(int8Doc, rowsOf(rows), 4*vectors, rows, 4*vectors))
	p := few{f, rows, vectors}
	p.loop(p.oneElement, func(v, count int) {
		for w := range count {
			for i := range rows {
				f.dotElement(p.sum(i, v+w), fixed(fewWeights+w), fixed(fewElements+i))
			}
		}
	})
	p.scale()
}

// int8Row writes the same for processors without SDOT, and one row: products of two columns become 16 bits, and those
// side by side are added twice, the second time in 32 bits. Two products are at most 2·127², which 16 bits hold.
func int8Row() {
	f := begin("int8RowNEON", int8Signature, fmt.Sprintf(int8Doc, rowsOf(1), 4*fewSums, 1, 4*fewSums))
	p := few{f, 1, fewSums}
	p.loop(func(register int, a gp) { f.asm("VLD1R.P 4(%s), [V%d.S4]", a, register) }, func(v, count int) {
		var low, high [4]*vec
		for w := range count {
			low[w] = f.products(false, fixed(fewWeights+w), fixed(fewElements))
			high[w] = f.products(true, fixed(fewWeights+w), fixed(fewElements))
		}
		for w := range count {
			f.addNeighbours(low[w], high[w])
		}
		for w := range count {
			f.addPairs(p.sum(0, v+w), low[w])
		}
	})
	p.scale()
}

// scale makes float32 of the sums, scales them by row and column, and writes them to C.
func (p few) scale() {
	f := p.function
	row, columns, from := f.load("scale"), f.load("scales"), f.new()
	p.write(func(i int) {
		p.oneElement(fewElements, row)
		f.asm("MOVD %s, %s", columns, from)
	}, func(i, v int) {
		f.asm("VLD1.P 64(%s), %s", from, machine{4}.list(fewWeights, 4))
		for w := range 4 {
			s := p.sum(i, v+w)
			f.word(func() instruction { return two("scvtf", "4s", s.n, s.n) }, s)
			f.timesElement("4s", s, fixed(fewElements))
			f.threeInto("fmul", "4s", s, s, fixed(fewWeights+w))
		}
	})
}

// dotElement is s += a·b[0] in each lane, the sum of four products of bytes.
func (f *function) dotElement(s, a, b *vec) {
	f.word(func() instruction { return dotElement(s.n, a.n, b.n, 0) }, a, b, s)
}

// products are those of the lower eight bytes of a and b, or of the upper ones.
func (f *function) products(upper bool, a, b *vec) *vec {
	d := &vec{-1}
	f.word(func() instruction { return products(upper, d.n, a.n, b.n) }, a, b, d)
	return d
}

// addNeighbours puts the sums of neighbours in a, and after them those in b, into a.
func (f *function) addNeighbours(a, b *vec) {
	f.word(func() instruction { return addNeighbours(a.n, a.n, b.n) }, a, b)
}

// addPairs is s += a, of which two lanes of 16 bits belong to one of 32.
func (f *function) addPairs(s, a *vec) {
	f.word(func() instruction { return addPairs(s.n, a.n) }, a, s)
}
