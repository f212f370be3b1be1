package kernel

import (
	"math"
	"sync/atomic"
)

// engine is a way to compute products of packed bfloat16. Its functions get slices that begin where they read or write.
type engine struct {
	name       string
	adds       bool // multiply can add to c
	multiply   stripProduct
	roundRows  func(parts int, tile []uint32, src []float32, ld, rows, depth int)
	roundPairs func(parts int, tile []uint32, src []float32, ld, rows, lines int)
	transpose  func(tile []uint32)
}

// stripProduct writes sums [rows, 32·panels], rows at most 32, from a strip of A and panels of B, with so many blocks
// each; or it adds complete sums to what is there, if the engine does.
type stripProduct func(parts, blocks, rows, panels int, a, b []uint32, c []float32, ldc int, add bool)

// The engines in Go: the definition of those in assembly, bit for bit, and for tests alone, since they are slow.
var (
	tileLoops = loops("Go loops in the order of AMX", tileSums)
	pairLoops = loops("Go loops in the order of AVX512_BF16", pairSums)
)

func loops(name string, sum func(parts, blocks int, a, b []uint32) float32) engine {
	return engine{name, false, multiplier(sum), roundRowsGeneric, roundPairsGeneric, transposeGeneric}
}

// inLoops makes every product one in Go loops.
var inLoops atomic.Bool

// UseLoops has products in every precision computed in Go loops, on every machine alike, or no longer: for tests.
func UseLoops(on bool) { inLoops.Store(on) }

// engineOf is the fastest engine for a precision.
func engineOf(p Precision) *engine {
	if e, err := fastEngine(p); err == nil {
		return e
	}
	return &tileLoops
}

// Instructions names the instructions that compute products in a precision here, or is an error that says what the
// machine lacks.
func Instructions(p Precision) (string, error) {
	if p == FullPrecision {
		return Features(), nil
	}
	e, err := fastEngine(p)
	if err != nil {
		return "", err
	}
	return e.name, nil
}

// multiplier multiplies a row and a column at a time. sum gets where they begin; the pairs of a row follow each other,
// those of a column are 16 apart.
func multiplier(sum func(parts, blocks int, a, b []uint32) float32) stripProduct {
	return func(parts, blocks, rows, panels int, a, b []uint32, c []float32, ldc int, add bool) {
		for r := range rows {
			for j := range panels * stripLines {
				panel, column := j/stripLines*blocks*parts*partSize, j%stripLines
				s := sum(parts, blocks, a[r*tileLines:], b[panel+column/tileLines*tileSize+column%tileLines:])
				if add {
					s += c[r*ldc+j]
				}
				c[r*ldc+j] = s
			}
		}
	}
}

// terms are the parts of A and of B that are multiplied, by the number of parts, in an order in which one of the two
// stays where it is.
var terms = [...][][2]int{1: {{0, 0}}, 2: {{1, 0}, {0, 0}, {0, 1}}}

// tileSums adds up as TDPBF16PS does: in each block the products of first and of second numbers of pairs by
// themselves, from 0.
func tileSums(parts, blocks int, a, b []uint32) float32 {
	sum := float32(0)
	for k := range blocks {
		for _, t := range terms[parts] {
			x, y := a[(k*parts+t[0])*partSize:], b[(k*parts+t[1])*partSize:]
			var first, second float32
			for p := range tileLines {
				first = fusedFlushed(x[p]<<16, y[p*tileLines]<<16, first)
				second = fusedFlushed(x[p]&0xffff0000, y[p*tileLines]&0xffff0000, second)
			}
			sum = flushed(sum + flushed(first+second))
		}
	}
	return sum
}

// pairSums adds up as VDPBF16PS does, one product after the other, the second of each pair first.
func pairSums(parts, blocks int, a, b []uint32) float32 {
	sum := float32(0)
	for k := range blocks {
		for _, t := range terms[parts] {
			x, y := a[(k*parts+t[0])*partSize:], b[(k*parts+t[1])*partSize:]
			for p := range tileLines {
				sum = fusedFlushed(x[p]&0xffff0000, y[p*tileLines]&0xffff0000, sum)
				sum = fusedFlushed(x[p]<<16, y[p*tileLines]<<16, sum)
			}
		}
	}
	return sum
}

// fusedFlushed is x·y + s rounded once, and 0 if that is denormal: a result counts as denormal if it still is once it is rounded
// to 24 bits. The product of two bfloat16 is exact in float64, and with so many bits to spare, a sum that is rounded to
// float64 and then to float32 is as if rounded once.
func fusedFlushed(x, y uint32, s float32) float32 {
	product := float64(math.Float32frombits(x)) * float64(math.Float32frombits(y))
	sum := product + float64(s)
	if math.Abs(sum) < 0x1p-126-0x1p-151 {
		return float32(math.Copysign(0, sum))
	}
	return float32(sum)
}
