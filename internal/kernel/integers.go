package kernel

import "fmt"

// Products of whole numbers of 8 bits, as quantised models have them, are exact: the kernels of Int8 give sums of integers as
// float32, which they are without rounding as long as they stay below 2^24. That holds for integerDepth terms; sums of more are
// cut, and their parts added in float64.
const integerDepth = 1 << 9

// MaxIntegerDepth is the number of terms up to which no sum of products of numbers from -255 to 255 leaves 32 bits.
const MaxIntegerDepth = (1<<31 - 1) / (255 * 255)

// Integers is a matrix [k, n] of whole numbers from -128 to 127, packed to stand on the right of products.
type Integers struct {
	k, n   int
	chunks []Int8    // of integerDepth rows each
	sums   []float64 // of the columns; nil if the rows on the left count them, see IntegerRows
}

// Pack copies b [k, n], with ldb between its rows. It reuses memory. sums tells whether columns are added up, which takes as long
// again.
func (p *Integers) Pack(k, n int, b []int8, ldb int, sums bool) {
	if k < 1 || n < 1 || k > MaxIntegerDepth || ldb < n || len(b) < (k-1)*ldb+n {
		panic(fmt.Sprintf("kernel: Integers: [%d, %d] in %d numbers, %d between rows", k, n, len(b), ldb))
	}
	p.k, p.n = k, n
	p.chunks = pieces(p.chunks, k)
	for i := range p.chunks {
		p.chunks[i].packIntegers(min(integerDepth, k-i*integerDepth), n, b[i*integerDepth*ldb:], ldb)
	}
	p.sums = p.sums[:0]
	if sums {
		p.sums = append(p.sums, make([]float64, n)...)
		for l := range k {
			for j, v := range b[l*ldb:][:n] {
				p.sums[j] += float64(v)
			}
		}
	}
}

// Bytes is the size of the memory that is held.
func (p *Integers) Bytes() int {
	n := 8 * cap(p.sums)
	for i := range p.chunks {
		n += p.chunks[i].Bytes()
	}
	return n
}

// packIntegers packs numbers as they are, with scales of 1 and no offsets.
func (p *Int8) packIntegers(k, n int, b []int8, ldb int) {
	width := int8Width()
	p.k, p.n, p.width, p.steps, p.step = k, n, width, ceil(k, 4), width
	if size := p.count() * p.steps * p.step; cap(p.data) < size {
		p.data = aligned[uint32](size)
	} else {
		p.data = p.data[:size]
	}
	if columns := p.count() * width; len(p.scales) < columns {
		p.scales, p.offsets = make([]float32, columns), make([]int32, columns)
		Fill(p.scales, 1)
	}
	for block := range p.count() {
		j0 := block * width
		cols := min(width, n-j0)
		for step := range p.steps {
			words := p.block(block)[step*width:][:width]
			clear(words[cols:])
			left := k - 4*step
			if left >= 4 {
				row := func(i int) []int8 { return b[(4*step+i)*ldb+j0:][:cols] }
				interleave(words[:cols], row(0), row(1), row(2), row(3))
				continue
			}
			clear(words[:cols])
			for i := range left {
				for j, v := range b[(4*step+i)*ldb+j0:][:cols] {
					words[j] |= uint32(uint8(v)) << (8 * i)
				}
			}
		}
	}
}

// interleave puts four rows into the bytes of one.
func interleave(words []uint32, r0, r1, r2, r3 []int8) {
	r0, r1, r2, r3 = r0[:len(words)], r1[:len(words)], r2[:len(words)], r3[:len(words)]
	for j := range words {
		words[j] = uint32(uint8(r0[j])) | uint32(uint8(r1[j]))<<8 | uint32(uint8(r2[j]))<<16 | uint32(uint8(r3[j]))<<24
	}
}

// IntegerRows is a matrix [m, k] of whole numbers from -128 to 127, to stand on the left of products.
type IntegerRows struct {
	m, k   int
	chunks []integerInputs
	sums   []float64 // of the rows
}

// integerInputs is a part of the columns, as reducedJob has its inputs, with one more row that adds up columns on the right.
type integerInputs struct {
	steps  int
	inputs []uint64
	bytes  []uint32
}

// Pack copies a [m, k], with lda between its rows. It reuses memory.
func (p *IntegerRows) Pack(m, k int, a []int8, lda int) {
	if m < 1 || k < 1 || k > MaxIntegerDepth || lda < k || len(a) < (m-1)*lda+k {
		panic(fmt.Sprintf("kernel: IntegerRows: [%d, %d] in %d numbers, %d between rows", m, k, len(a), lda))
	}
	p.m, p.k = m, k
	p.chunks = pieces(p.chunks, k)
	if cap(p.sums) < m {
		p.sums = make([]float64, m)
	}
	p.sums = p.sums[:m]
	clear(p.sums)
	for i := range p.chunks {
		c, from := &p.chunks[i], i*integerDepth
		depth := min(integerDepth, k-from)
		c.steps = ceil(depth, 4)
		if need := (m + 1) * c.steps; cap(c.inputs) < need {
			c.inputs, c.bytes = make([]uint64, need), make([]uint32, need)
		}
		c.inputs, c.bytes = c.inputs[:(m+1)*c.steps], c.bytes[:(m+1)*c.steps]
		for r := range m {
			p.sums[r] += float64(c.set(r, a[r*lda+from:][:depth]))
		}
		c.count(m)
	}
}

// set writes row r, and adds it up.
func (c *integerInputs) set(r int, row []int8) (sum int32) {
	inputs, bytes := c.inputs[r*c.steps:][:c.steps], c.bytes[r*c.steps:][:c.steps]
	for s := range inputs {
		var q [4]int32
		for i := range min(4, len(row)-4*s) {
			q[i] = int32(row[4*s+i])
		}
		sum += q[0] + q[1] + q[2] + q[3]
		inputs[s] = uint64(uint16(q[0])) | uint64(uint16(q[1]))<<16 | uint64(uint16(q[2]))<<32 | uint64(uint16(q[3]))<<48
		bytes[s] = fourBytes(q[0], q[1], q[2], q[3]) ^ inputSigns
	}
	return sum
}

// count makes a row r of ones, as the kernels take them.
func (c *integerInputs) count(r int) {
	for s := range c.steps {
		c.inputs[r*c.steps+s], c.bytes[r*c.steps+s] = 0x0001000100010001, 0x01010101
	}
}

// pieces is room for the pieces of sums over k terms; what is there keeps its memory.
func pieces[E any](list []E, k int) []E {
	count := ceil(k, integerDepth)
	if cap(list) < count {
		list = append(list[:cap(list)], make([]E, count-cap(list))...)
	}
	return list[:count]
}
