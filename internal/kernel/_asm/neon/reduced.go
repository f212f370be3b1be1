package main

import "fmt"

// few is what the products of a few rows with weights of 16 and 8 bits have in common. Their registers are sums from 0
// on, row by row, then elements of A, one of each row, then the weights of four vectors.
type few struct {
	*function
	rows    int
	weights int // vectors of weights in a row of B
}

const (
	fewSums     = 16
	fewElements = fewSums
	fewWeights  = fewElements + 4
)

// sum is the register of vector v of row i of C.
func (p few) sum(i, v int) *vec { return fixed(i*fewSums/p.rows + v) }

// loop writes the walk along k: load loads the element of a row of A; add multiplies by count vectors of weights, the
// first of which is v of its row of B.
func (p few) loop(load func(i int, a gp), add func(v, count int)) {
	f, m := p.function, machine{4}
	k, a, b, step := f.load("k"), []gp{f.load("a")}, f.load("b"), m.distance(f, "step")
	if p.rows > 1 {
		lda := m.distance(f, "lda")
		for i := range p.rows - 1 {
			a = append(a, f.new())
			f.asm("ADD %s, %s, %s", lda, a[i], a[i+1])
		}
	}
	if p.weights > 4 { // from the last four vectors to the next row
		f.asm("SUB $%d, %s, %[2]s", 16*(p.weights-4), step)
	}
	for i := range fewSums {
		f.clear(fixed(i))
	}
	f.label("loop")
	for i := range a {
		load(fewElements+i, a[i])
	}
	for v := 0; v < p.weights; v += 4 {
		count := min(4, p.weights-v)
		if v+count < p.weights {
			f.asm("VLD1.P 64(%s), %s", b, m.list(fewWeights, count))
		} else {
			f.asm("VLD1.P (%s)(%s), %s", b, step, m.list(fewWeights, count))
		}
		add(v, count)
	}
	f.step(k, 1, "BNE", "loop")
}

// write writes the sums to C. Before that, begin sees each row, and finish each four vectors of it.
func (p few) write(begin func(i int), finish func(i, v int)) {
	f, m := p.function, machine{4}
	c, ldc, to := f.load("c"), gp(""), f.new()
	if p.rows > 1 {
		ldc = m.distance(f, "ldc")
	}
	for i := range p.rows {
		begin(i)
		f.asm("MOVD %s, %s", c, to)
		for v := 0; v < fewSums/p.rows; v += 4 {
			finish(i, v)
			f.asm("VST1.P %s, 64(%s)", m.list(p.sum(i, v).n, 4), to)
		}
		if i+1 < p.rows {
			f.add(ldc, c)
		}
	}
	f.ret()
}

// oneElement loads an element of 32 bits.
func (p few) oneElement(register int, a gp) { p.asm("FMOVS.P 4(%s), F%d", a, register) }

func rowsOf(n int) string {
	if n == 1 {
		return "one row"
	}
	return fmt.Sprintf("%d rows", n)
}
