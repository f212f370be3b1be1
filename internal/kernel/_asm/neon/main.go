// Command neon writes the kernels of package kernel for arm64: gemm_arm64.s, vector_arm64.s and reduced_arm64.s, with
// their declarations.
// Run it in this directory with go generate.
//
// A tile of a matrix product holds rows·cols sums in registers and walks down k, as the programs in ../gemm describe;
// it multiplies registers by one element of a register, so that four elements of a row of A, or the elements of several
// rows, are loaded at once. Sums are taken in the order of AVX2 and AVX-512 and rounded as there, once for each
// multiply-add. The vector kernels do the roundings of those for AVX2 in their order.
package main

//go:generate go run . ../..

import (
	"os"
	"path/filepath"
)

func main() {
	folder := os.Args[1]
	for _, m := range []machine{{4}, {8}} {
		tile(m)
		strip(m)
		row(m)
		dots(m)
		transpose(m)
	}
	copyRows()
	peak()
	pause()
	write(filepath.Join(folder, "gemm_arm64"))

	elementwise()
	scalars()
	adam()
	descents()
	reductions()
	activations()
	write(filepath.Join(folder, "vector_arm64"))

	for _, rows := range []int{1, 2, 4} {
		bfloat16(rows)
		int8Dots(rows)
	}
	int8Row()
	write(filepath.Join(folder, "reduced_arm64"))
}
