package kernel

import "fmt"

// IntegerTerms are what a product of whole numbers has beside them: quantised numbers stand for their distance from a zero point.
// Left is a single number, or Right is; Right may be a list if the columns have sums. A list that is nil is zeros.
type IntegerTerms struct {
	Left, Right   []float64 // added to the numbers of each row on the left, of each column on the right: one for all, or one for each
	Rows, Columns []float64 // added to the results of each row, of each column
}

// integerJob is a product for a team: one block of columns is a part.
type integerJob[T Float] struct {
	a    *IntegerRows
	b    *Integers
	t    IntegerTerms
	c    []T
	ldc  int
	each []float64 // what is added to every result of a column; nil if columns on the right are added up on the way
}

// columnTerms are those that nobody uses.
var columnTerms = make(spares[[]float64], 16)

// MultiplyIntegers is the exact sum, rounded once to T, in every place of C [m, n] with ldc between its rows:
//
//	c[i, j] = Σ_l (a[i, l] + Left[i])·(b[l, j] + Right[j]) + Rows[i] + Columns[j]
func MultiplyIntegers[T Float](a *IntegerRows, b *Integers, t IntegerTerms, c []T, ldc int) {
	if a.k != b.k || len(t.Right) > 1 && (len(t.Left) > 1 || len(b.sums) == 0) || len(t.Left) > 1 && len(t.Left) != a.m ||
		len(t.Right) > 1 && len(t.Right) != b.n || t.Rows != nil && len(t.Rows) != a.m || t.Columns != nil && len(t.Columns) != b.n {
		panic(fmt.Sprintf("kernel: MultiplyIntegers: [%d, %d] by [%d, %d] with %d, %d, %d and %d terms",
			a.m, a.k, b.k, b.n, len(t.Left), len(t.Right), len(t.Rows), len(t.Columns)))
	}
	checkMatrix("C", c, a.m, b.n, ldc)
	j := &integerJob[T]{a: a, b: b, t: t, c: c, ldc: ldc}
	if len(t.Left) < 2 && len(b.sums) == b.n {
		each := columnTerms.take()
		defer columnTerms.give(each)
		if cap(*each) < b.n {
			*each = make([]float64, b.n)
		}
		j.each = (*each)[:b.n]
		by := first(t.Left) - byteShift()
		for i, s := range b.sums {
			j.each[i] = by * s
		}
		for i, v := range t.Columns {
			j.each[i] += v
		}
	}
	theTeam.run(j, b.chunks[0].count(), helpersToMultiply(a.m*a.k*b.n/4))
}

// first is the number of a list of one, 0 of none.
func first(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	return x[0]
}

// byteShift is how much larger than they should be the numbers on the left are when the kernels multiply them.
func byteShift() float64 {
	if usesVNNI() {
		return 128
	}
	return 0
}

// part computes one block of columns, a few rows at a time.
func (j *integerJob[T]) part(block int, s *scratch) {
	width := j.b.chunks[0].width
	j0 := block * width
	cols := min(width, j.b.n-j0)
	sums := scratchOf[float64](s.a)[:5*width]
	counts := sums[4*width:][:cols]
	right := j.t.Right
	if len(right) > 1 {
		right = right[j0:][:cols]
	}
	if j.each == nil {
		j.sum(block, j.a.m, 1, sums, s)
		copy(counts, sums)
	}
	for i, rows := 0, 0; i < j.a.m; i += rows {
		rows = groupOf(j.a.m - i)
		j.sum(block, i, rows, sums, s)
		for r := range rows {
			j.finish(j.c[(i+r)*j.ldc+j0:][:cols], sums[r*width:][:cols], i+r, j0, right, counts)
		}
	}
}

// finish adds the other terms to the sums of a row i.
func (j *integerJob[T]) finish(c []T, sums []float64, i, j0 int, right, counts []float64) {
	rest := 0.
	if j.t.Rows != nil {
		rest = j.t.Rows[i]
	}
	left := first(j.t.Left)
	if len(j.t.Left) > 1 {
		left = j.t.Left[i]
	}
	row := j.a.sums[i] + float64(j.a.k)*left // Σ_l (a + Left), by which Right counts
	if len(right) == 1 {
		rest += right[0] * row
	}
	if j.each == nil {
		by := left - byteShift()
		for k, s := range sums {
			c[k] = T(s + by*counts[k] + rest)
		}
		for k, v := range j.columns(j0, len(c)) {
			c[k] = T(sums[k] + by*counts[k] + rest + v)
		}
		return
	}
	each := j.each[j0:][:len(c)]
	if len(right) > 1 {
		for k, s := range sums {
			c[k] = T(s + each[k] + right[k]*row + rest)
		}
		return
	}
	for k, s := range sums {
		c[k] = T(s + each[k] + rest)
	}
}

// columns are a block's terms of Columns.
func (j *integerJob[T]) columns(j0, n int) []float64 {
	if j.t.Columns == nil {
		return nil
	}
	return j.t.Columns[j0:][:n]
}

// ones are the scales of a group of rows.
var ones = []float32{1, 1, 1, 1}

// sum adds up the products of rows from i on with a block.
func (j *integerJob[T]) sum(block, i, rows int, sums []float64, s *scratch) {
	width := j.b.chunks[0].width
	part := scratchOf[float32](s.b)[:rows*width]
	for k := range j.b.chunks {
		b, a := &j.b.chunks[k], &j.a.chunks[k]
		product := reducedJob{blocks: b.blocks, weights: b, inputs: a.inputs[i*a.steps:], inputBytes: a.bytes[i*a.steps:], scales: ones}
		if exactBytes() {
			int8Rows(&product, block, 0, rows, part, width)
		} else {
			int8Generic(&product, block, 0, rows, part, width)
		}
		to := sums[:len(part)]
		if k == 0 {
			for l, v := range part {
				to[l] = float64(v)
			}
			continue
		}
		for l, v := range part {
			to[l] += float64(v)
		}
	}
}
