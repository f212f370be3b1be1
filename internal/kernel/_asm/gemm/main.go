// Command gemm writes gemm_amd64.s and gemm_amd64.go of package kernel: tiles of matrix products, the copying into
// panels that feeds them, dot products against rows, and loops that measure the processor's limit. Run it in this
// directory with go generate.
//
// A tile holds rows·cols sums in registers and walks down k: each step loads one row of the panel of B and
// multiplies it by one element of each row of A,
//
//	        ┌ vectors·lanes columns ┐
//	        │  b[l*rowB : …]        │  one row of B a step
//	a[i, l] │  sum[i][v] += a·b     │
//
// so that a step of 8 rows and 2 vectors makes 10 loads and 16 multiply-adds of a vector each.
package main

//go:generate go run . -out ../../gemm_amd64.s -stubs ../../gemm_amd64.go -pkg kernel

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, wide := range []bool{true, false} {
		for _, bytes := range []int{4, 8} {
			m := machine{wide: wide, bytes: bytes}
			tile(m)
			strip(m)
			row(m)
			dots(m)
		}
		peak(machine{wide: wide, bytes: 4})
	}
	copyRows()
	transpose32()
	transpose64()
	pause()
	cpuid()
	emitMasks()
	Generate()
}
