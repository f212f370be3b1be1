package kernel

import "unsafe"

// vectorOp names a kernel over plain vectors that may have a version in assembly. Those exist for float32 only, and
// give the bits that the Go loops give, except for the transcendental functions, which give the same bits on every
// processor that has them, and within an ulp or two what the Go loops give. See _asm/vector and _asm/neon.
type vectorOp uint8

const (
	opAdd vectorOp = iota
	opSub
	opMul
	opDiv
	opSigmoidGrad
	opTanhGrad
	opReLUGrad
	opReLU
	opNeg
	opAbs
	opSquare
	opSqrt
	opExp
	opLog
	opTanh
	opSigmoid
	opSoftplus
)

// vectorChunk is how many elements a call into assembly gets at most: Go cannot stop a goroutine there, and waits for
// it before each collection of garbage. It is a multiple of sumLanes.
const vectorChunk = 1 << 14

// unary runs op on float32 by assembly where there is any, or tells that it did not.
func unary[T Float](op vectorOp, dst, x []T) bool {
	if vectorised[T]() {
		unary32(op, first32(dst), first32(x[:len(dst)]), len(dst))
		return true
	}
	return false
}

// binary is unary for two operands.
func binary[T Float](op vectorOp, dst, a, b []T) bool {
	if vectorised[T]() {
		binary32(op, first32(dst), first32(a[:len(dst)]), first32(b[:len(dst)]), len(dst))
		return true
	}
	return false
}

// vectorised tells whether T is float32 and has assembly here. Both sizes are known to the compiler, so this costs
// one test of a variable, or nothing.
func vectorised[T Float]() bool {
	var v T
	return unsafe.Sizeof(v) == 4 && hasAssembly()
}

// as32 is x, whose elements must be float32. Unlike a type assertion it needs no look at T's run-time type.
func as32[T Float](x []T) []float32 {
	return unsafe.Slice(first32(x), len(x))
}

// first32 is a pointer to the first element of x, which must be float32.
func first32[T Float](x []T) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(x))) }
