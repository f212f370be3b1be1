package kernel

// Precision is how products of float32 round what they multiply. Sums are float32 in all of them.
type Precision uint8

// The precisions.
const (
	FullPrecision       Precision = iota // not at all
	BFloat16x3Precision                  // to the sum of two bfloat16, 16 bits or more
	BFloat16Precision                    // to bfloat16, 8 bits
)

// String is the precision's name.
func (p Precision) String() string {
	switch p {
	case FullPrecision:
		return "float32"
	case BFloat16x3Precision:
		return "bf16x3"
	case BFloat16Precision:
		return "bf16"
	}
	return "unknown"
}

// Format is how matrices are packed for products in a precision.
func (p Precision) Format() Format {
	switch p {
	case BFloat16x3Precision:
		return SplitFormat
	case BFloat16Precision:
		return RoundedFormat
	}
	return Full
}

// parts is the number of bfloat16 that stand for a number.
func (p Precision) parts() int {
	if p == BFloat16x3Precision {
		return 2
	}
	return 1
}

// Rounded is a matrix op(B) [k, n] packed for products in BFloat16Precision, or in BFloat16x3Precision if split. A
// split number x is the sum of two bfloat16, of which the second is what the first is off by; of the four products of two such
// numbers the smallest is left out.
//
// An engine defines the order of sums; it depends on k alone. Sums are complete before they meet C.
type Rounded struct{ tiled }

// Pack is Reduced's.
func (p *Rounded) Pack(transB bool, k, n int, b []float32, ldb int) {
	if k > 0 && n > 0 {
		checkOperand("B", b, k, n, ldb, transB)
	}
	p.set(engineOf(p.precision), k, n, b, ldb, transB)
	p.share()
}

// Multiply is Reduced's.
func (p *Rounded) Multiply(m int, a []float32, lda int, beta float32, c []float32, ldc int, bias []float32) {
	p.multiply(engineOf(p.precision), false, m, a, lda, beta, c, ldc, bias)
}

func (p *Rounded) multiply(e *engine, transA bool, m int, a []float32, lda int, beta float32, c []float32, ldc int, bias []float32) {
	if m <= 0 || p.lines == 0 {
		return
	}
	checkProduct(m, p.lines, p.k, transA, a, lda, c, ldc, bias)
	j := roundedJobs.take()
	j.run(e, &p.tiled, transA, m, a, lda, beta, c, ldc, bias)
	j.free()
}

// GemmRounded is GemmBias with alpha 1 in a precision that is not full.
func GemmRounded(p Precision, transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int,
	beta float32, c []float32, ldc int, bias []float32) {
	gemmRounded(engineOf(p), p, transA, transB, m, n, k, a, lda, b, ldb, beta, c, ldc, bias)
}

func gemmRounded(e *engine, p Precision, transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int,
	beta float32, c []float32, ldc int, bias []float32) {
	if m <= 0 || n <= 0 {
		return
	}
	checkProduct(m, n, k, transA, a, lda, c, ldc, bias)
	if k > 0 {
		checkOperand("B", b, k, n, ldb, transB)
	}
	j := roundedJobs.take()
	j.own.precision = p
	j.own.set(e, k, n, b, ldb, transB)
	j.own.share()
	j.run(e, &j.own, transA, m, a, lda, beta, c, ldc, bias)
	j.free()
}

func checkProduct(m, n, k int, transA bool, a []float32, lda int, c []float32, ldc int, bias []float32) {
	checkMatrix("C", c, m, n, ldc)
	if k > 0 {
		checkOperand("A", a, m, k, lda, transA)
	}
	if bias != nil {
		checkMatrix("bias", bias, 1, n, n)
	}
}

// roundedJob is a product for a team.
type roundedJob struct {
	engine *engine
	a      tiled
	b      *tiled
	own    tiled // B, if it did not come packed
	m, n   int
	beta   float32
	c      []float32
	ldc    int
	bias   []float32
}

// roundedJobs are those that nobody uses.
var roundedJobs = make(spares[roundedJob], 16)

// free gives j back, without what it points to, but for its own memory.
func (j *roundedJob) free() {
	*j = roundedJob{a: tiled{data: j.a.data}, own: tiled{data: j.own.data}}
	roundedJobs.give(j)
}

// A part of the work is a chunk of rows in a group of columns: the columns stay in the second-level cache.
const (
	groupPanels = 4
	chunkStrips = 8
)

// run packs A and multiplies it with b.
func (j *roundedJob) run(e *engine, b *tiled, transA bool, m int, a []float32, lda int,
	beta float32, c []float32, ldc int, bias []float32) {
	j.engine, j.b, j.m, j.n, j.beta, j.c, j.ldc, j.bias = e, b, m, b.lines, beta, c, ldc, bias
	j.a.precision, j.a.rows = b.precision, true
	j.a.set(e, b.k, m, a, lda, !transA)
	j.a.share()
	theTeam.run(j, j.across()*ceil(m, chunkStrips*stripLines), helpersToMultiply(j.n*b.k*m))
}

func (j *roundedJob) across() int { return ceil(j.n, groupPanels*stripLines) }

// part computes a block of C.
func (j *roundedJob) part(i int, s *scratch) {
	first := i / j.across() * chunkStrips
	panel := i % j.across() * groupPanels
	j0 := panel * stripLines
	j1 := min(j0+groupPanels*stripLines, j.n)
	panels := ceil(j1-j0, stripLines)
	for strip := first; strip < min(first+chunkStrips, ceil(j.m, stripLines)); strip++ {
		i0 := strip * stripLines
		rows := min(stripLines, j.m-i0)
		sums, ld := scratchOf[float32](s.b)[:stripLines*groupPanels*stripLines], groupPanels*stripLines
		add := j.beta == 1 && j.engine.adds && j.b.k > 0
		direct := (j.beta == 0 || add) && (j1-j0)%stripLines == 0
		if direct {
			sums, ld = j.c[i0*j.ldc+j0:], j.ldc
		}
		if j.b.k > 0 {
			j.engine.multiply(j.b.precision.parts(), j.b.blocks(), rows, panels, j.a.strip(strip), j.b.strip(panel), sums, ld, direct && add)
		} else {
			clearRows(sums, ld, rows, j1-j0)
		}
		c := j.c[i0*j.ldc+j0:]
		if !direct {
			addSums(c, j.ldc, rows, j1-j0, sums, ld, j.beta)
		}
		addBias(c, j.ldc, rows, columns(j.bias, j0, j1))
	}
}

func clearRows(c []float32, ldc, rows, cols int) {
	for r := range rows {
		clear(c[r*ldc:][:cols])
	}
}
