package main

import "fmt"

// bfloat16 writes the product of so many rows of float32 with weights of bfloat16. A bfloat16 is the upper half of a
// float32, so two weights in 32 bits become two float32 by a shift and by a mask, exactly.
func bfloat16(rows int) {
	const lanes = 4
	vectors := fewSums / rows / 2 // of weights, each for two of sums
	f := begin(fmt.Sprintf("bfloat16Rows%dNEON", rows), "(k int, a *float32, lda int, b *uint32, step int, c *float32, ldc int)",
		fmt.Sprintf(`multiplies %s of a with %d columns of weights, k > 0:

	for i := range %d {
		for v := range %d {
			for j := range %d {
				low, high := 0, 0
				for l := range k {
					pair := b[l*step+v*%[5]d+j]
					low = fma(a[i*lda+l], float(pair<<16), low)
					high = fma(a[i*lda+l], float(pair&0xffff0000), high)
				}
				c[i*ldc+v*%[6]d+j], c[i*ldc+v*%[6]d+%[5]d+j] = low, high
			}
		}
	}`, rowsOf(rows), 2*lanes*vectors, rows, vectors, lanes, 2*lanes))
	p := few{f, rows, vectors}
	mask := f.bits(0xffff0000)
	p.loop(p.oneElement, func(v, count int) {
		low := make([]*vec, count)
		for w := range count {
			high := fixed(fewWeights + w)
			low[w] = f.shift("shl", high, 16)
			f.threeInto("and", "16b", high, high, mask)
		}
		for w := range count {
			for i := range rows {
				f.fmaElement("4s", p.sum(i, 2*(v+w)), low[w], fixed(fewElements+i), 0)
				f.fmaElement("4s", p.sum(i, 2*(v+w)+1), fixed(fewWeights+w), fixed(fewElements+i), 0)
			}
		}
	})
	p.write(func(int) {}, func(int, int) {})
}
