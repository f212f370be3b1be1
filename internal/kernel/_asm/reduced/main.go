// Command reduced writes reduced_amd64.s and reduced_amd64.go of package kernel: products of a few rows with weights of
// 16 and 8 bits. Run it in this directory with go generate.
//
// Weights lie in blocks of as many columns as one row is multiplied with at a time. A step of k reads a row of the block,
// one piece of memory after the other, since what bounds these products is the reading of weights.
package main

//go:generate go run . -out ../../reduced_amd64.s -stubs ../../reduced_amd64.go -pkg kernel

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, rows := range []int{1, 2, 4} {
		bfloat16{set: avx512, rows: rows, vectors: map[int]int{1: 4, 2: 4, 4: 2}[rows]}.write()
		bfloat16{set: avx2, rows: rows, vectors: 4 / rows}.write()
		dots{rows: rows, vectors: map[int]int{1: 8, 2: 8, 4: 4}[rows]}.write()
	}
	widened()
	Generate()
}

// set is an instruction set.
type set struct {
	name  string
	bytes int // of a vector
	of    func(i int) reg.VecPhysical
}

var (
	avx512 = set{"AVX512", 64, func(i int) reg.VecPhysical { return zmm[i] }}
	avx2   = set{"AVX2", 32, func(i int) reg.VecPhysical { return ymm[i] }}
)

var (
	zmm = [...]reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10,
		reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15, reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22,
		reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}
	ymm = [...]reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10,
		reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}
)

// registers hands out vector registers, one after the other.
type registers struct {
	of   func(i int) reg.VecPhysical
	next int
}

func (r *registers) take() reg.VecPhysical {
	r.next++
	return r.of(r.next - 1)
}

func (r *registers) some(n int) []reg.VecPhysical {
	all := make([]reg.VecPhysical, n)
	for i := range all {
		all[i] = r.take()
	}
	return all
}

func pointer(name string) reg.GPVirtual {
	p := GP64()
	Load(Param(name), p)
	return p
}

// rowPointers loads the addresses of so many rows, given the first one's and the distance in elements of so many bytes.
func rowPointers(first, distance string, rows, bytes int) []reg.GPVirtual {
	all := []reg.GPVirtual{pointer(first)}
	if rows == 1 {
		return all
	}
	d := pointer(distance)
	IMUL3Q(U8(bytes), d, d)
	for range rows - 1 {
		next := GP64()
		LEAQ(Mem{Base: all[len(all)-1], Index: d, Scale: 1}, next)
		all = append(all, next)
	}
	return all
}

func clear(x reg.VecPhysical) {
	if x.Size() == 64 {
		VPXORD(x, x, x)
	} else {
		VPXOR(x, x, x)
	}
}

// loop writes a loop that runs k times, at least once.
func loop(name string, body func()) {
	k := pointer("k")
	Label(name)
	body()
	DECQ(k)
	JNZ(LabelRef(name))
}

func text(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, "func("+signature+")")
	Pragma("noescape")
	Doc(doc...)
}

func rowsOf(n int) string {
	if n == 1 {
		return "one row"
	}
	return fmt.Sprintf("%d rows", n)
}
