// Command vector writes vector_amd64.s and vector_amd64.go of package kernel: the float32 kernels over plain vectors.
// Run it in this directory with go generate.
//
// Every kernel has the form
//
//	while 8u (16u) elements are left: the body, u times
//	while 8 (16) elements are left:   the body
//	if any are left:                  the body under a mask
//
// with one and the same body, so that an element's result depends on its value alone, never on its place.
package main

//go:generate go run . -out ../../vector_amd64.s -stubs ../../vector_amd64.go -pkg kernel

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!noasm")
	narrow := machine{}
	elementwise(narrow)
	scalars(narrow)
	adam(narrow)
	descents(narrow)
	reductions(narrow)
	for _, m := range []machine{{choice: true}, {choice: true, wide: true}} {
		activations(m)
	}
	emitConstants()
	Generate()
}
