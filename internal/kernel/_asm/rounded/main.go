// Command rounded writes rounded_amd64.s and rounded_amd64.go of package kernel: products of matrices whose elements are
// rounded to bfloat16. Run it in this directory with go generate.
//
// Both operands are packed into tiles of 1024 bytes, 16 rows of 16 pairs of bfloat16; see Rounded in package kernel.
// All registers are chosen here: avo's allocator sees nothing of what raw writes.
package main

//go:generate go run . -out ../../rounded_amd64.s -stubs ../../rounded_amd64.go -pkg kernel

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

const (
	tileBytes = 1024
	rowBytes  = 64
	halfBytes = 2 * tileBytes // of a block of 32·32 elements in one part
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, split := range []bool{false, true} {
		packRows(split)
		packPairs(split)
	}
	transpose()
	for _, rows := range []int{8, 4, 2, 1} {
		pairs(rows)
	}
	for _, split := range []bool{false, true} {
		tiles(split, false)
		tiles(split, true)
	}
	Generate()
}

var zmm = [...]reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10,
	reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15, reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
	reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}

func text(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, "func("+signature+")")
	Pragma("noescape")
	Doc(doc...)
}
