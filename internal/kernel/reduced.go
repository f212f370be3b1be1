package kernel

import "fmt"

// Format is how the numbers of packed weights are kept.
type Format uint8

// The formats.
const (
	Full           Format = iota // as they are, see Packed
	BFloat16Format               // see BFloat16
	Int8Format                   // see Int8
	RoundedFormat                // see Rounded
	SplitFormat                  // see Rounded
)

// String is the format's name.
func (f Format) String() string {
	switch f {
	case Full:
		return "float32"
	case BFloat16Format:
		return "bfloat16"
	case Int8Format:
		return "int8"
	case RoundedFormat:
		return BFloat16Precision.String()
	case SplitFormat:
		return BFloat16x3Precision.String()
	}
	return "unknown"
}

// Shrinks is how many times smaller than float32 a number is.
func (f Format) Shrinks() int {
	switch f {
	case BFloat16Format, RoundedFormat:
		return 2
	case Int8Format:
		return 4
	}
	return 1
}

// NewReduced is an empty matrix of a format that is not Full.
func NewReduced(f Format) Reduced {
	switch f {
	case BFloat16Format:
		return &BFloat16{}
	case Int8Format:
		return &Int8{}
	}
	precision := BFloat16Precision
	if f == SplitFormat {
		precision = BFloat16x3Precision
	}
	return &Rounded{tiled{precision: precision}}
}

// Reduced is a matrix op(B) [k, n] of weights kept in fewer bits than float32 has. BFloat16 and Int8 are for products of a
// few rows: these take as long as it takes to read the weights, so half the bytes are twice the speed.
type Reduced interface {
	// Pack copies op(B), stored [k, n], or [n, k] with transB, with ldb between its rows. It reuses memory.
	Pack(transB bool, k, n int, b []float32, ldb int)
	// Multiply is C = op(A)·op(B) + beta·C + bias, A [m, k] and C [m, n] with lda and ldc between rows; bias [n] or nil.
	// Each row has the bits that it has alone, and they do not depend on the number of processors.
	Multiply(m int, a []float32, lda int, beta float32, c []float32, ldc int, bias []float32)
	// Bytes is the size of the memory that is held.
	Bytes() int
}

// blocks is op(B) [k, n] cut into blocks of width columns, the last one filled up. A block has steps rows that follow
// each other in memory; a row has step elements of 32 bits, each with several weights.
type blocks struct {
	k, n, width int
	steps, step int
	data        []uint32

	// What is being packed, during Pack.
	b      []float32
	ldb    int
	transB bool
}

// resize makes room for op(B) in blocks of so many columns, with so many steps of so many elements.
func (p *blocks) resize(transB bool, k, n int, b []float32, ldb, width, steps, step int) {
	if k > 0 && n > 0 {
		checkOperand("B", b, k, n, ldb, transB)
	}
	p.k, p.n, p.width, p.steps, p.step = max(k, 0), max(n, 0), width, steps, step
	p.b, p.ldb, p.transB = b, ldb, transB
	size := p.count() * steps * step
	if cap(p.data) < size {
		p.data = aligned[uint32](size)
	}
	p.data = p.data[:size]
}

// count is the number of blocks.
func (p *blocks) count() int { return ceil(p.n, p.width) }

// block is the memory of block i.
func (p *blocks) block(i int) []uint32 { return p.data[i*p.steps*p.step:][:p.steps*p.step] }

// packedRows is the number of rows that are packed at a time.
const packedRows = 64

// pack does the parts of packing, the blocks, on several processors if that pays.
func (p *blocks) pack(job work) {
	theTeam.run(job, p.count(), helpersToPack(p.k*p.n))
	p.b = nil
}

// pieces calls f with the rows of a block, some at a time: those from l on, width elements each, with zeros beyond the
// edges of op(B). They are a multiple of four.
func (p *blocks) pieces(block int, s *scratch, f func(l int, rows []float32)) {
	j0 := block * p.width
	cols := min(p.width, p.n-j0)
	rows := scratchOf[float32](s.b)[:packedRows*p.width]
	for l := 0; l < p.k; l += packedRows {
		count := min(packedRows, p.k-l)
		if p.transB {
			packTransposed(rows, p.width, p.b[j0*p.ldb+l:], p.ldb, cols, count)
		} else {
			packPart(rows, p.width, p.b[l*p.ldb+j0:], p.ldb, count, cols)
		}
		end := ceil(count, 4) * 4 * p.width
		clear(rows[count*p.width : end])
		f(l, rows[:end])
	}
}

// reducedJob is a product for a team: one block of columns is a part.
type reducedJob struct {
	blocks
	multiply func(j *reducedJob, block, row, rows int, c []float32, ldc int) // whole block of 1, 2 or 4 rows of C
	m        int
	a        []float32
	lda      int
	beta     float32
	c        []float32
	ldc      int
	bias     []float32

	// For weights of 8 bits.
	weights    *Int8
	inputs     []uint64  // A in integers, see quantise
	inputBytes []uint32  // the same in bytes
	scales     []float32 // by row of A
}

// reducedJobs are those that nobody uses.
var reducedJobs = make(spares[reducedJob], 16)

// run computes the product and gives j back.
func (j *reducedJob) run() {
	theTeam.run(j, j.count(), helpersToMultiply(j.n*j.k*max(j.m, 2)))
	*j = reducedJob{inputs: j.inputs, inputBytes: j.inputBytes, scales: j.scales}
	reducedJobs.give(j)
}

// part computes one block of columns of C, a few rows at a time.
func (j *reducedJob) part(block int, s *scratch) {
	j0 := block * j.width
	cols := min(j.width, j.n-j0)
	sums := scratchOf[float32](s.b)[:4*j.width]
	for i, rows := 0, 0; i < j.m; i += rows {
		rows = groupOf(j.m - i)
		c, bias := j.c[i*j.ldc+j0:], columns(j.bias, j0, j0+cols)
		if cols == j.width && j.beta == 0 {
			j.multiply(j, block, i, rows, c, j.ldc)
			addBias(c, j.ldc, rows, bias)
			continue
		}
		j.multiply(j, block, i, rows, sums, j.width)
		addSums(c, j.ldc, rows, cols, sums, j.width, j.beta)
		addBias(c, j.ldc, rows, bias)
	}
}

// addSums makes C = sums + beta·C, of which the sums are complete.
func addSums(c []float32, ldc, rows, cols int, sums []float32, ld int, beta float32) {
	for r := range rows {
		out, sum := c[r*ldc:][:cols], sums[r*ld:][:cols]
		if beta == 0 {
			copy(out, sum)
			continue
		}
		scaleRow(out, beta)
		AddTo(out, sum)
	}
}

// addBias adds a bias to each row of C, unless it is nil.
func addBias(c []float32, ldc, rows int, bias []float32) {
	if bias == nil {
		return
	}
	for r := range rows {
		AddTo(c[r*ldc:][:len(bias)], bias)
	}
}

// columns is a part of a bias; nil of none.
func columns(bias []float32, from, to int) []float32 {
	if bias == nil {
		return nil
	}
	return bias[from:to]
}

// groupOf is how many of the rows left are multiplied at a time.
func groupOf(left int) int {
	switch {
	case left >= 4:
		return 4
	case left >= 2:
		return 2
	}
	return 1
}

// check panics unless the operands of a product fit; it returns false if there is nothing to add up, after it has
// written C.
func (p *blocks) check(m int, a []float32, lda int, beta float32, c []float32, ldc int, bias []float32) bool {
	if m <= 0 || p.n <= 0 {
		return false
	}
	checkMatrix("C", c, m, p.n, ldc)
	if bias != nil && len(bias) != p.n {
		panic(fmt.Sprintf("kernel: Reduced: a bias of %d elements, want %d", len(bias), p.n))
	}
	if p.k > 0 {
		checkMatrix("A", a, m, p.k, lda)
		return true
	}
	for i := range m {
		row := c[i*ldc : i*ldc+p.n]
		scaleRow(row, beta)
		if bias != nil {
			AddTo(row, bias)
		}
	}
	return false
}
