// Package kernel has the loops that a program spends its time in: matrix products, element-wise mathematics,
// reductions and optimiser updates, over plain slices of float32 or float64.
//
// The loops in this package's Go files are the definition of each kernel. Where an argument's length is not said, it
// is that of dst. Slices of length zero are legal. dst may be the same slice as an operand, but must not overlap one
// in any other way. Nothing here allocates, and results do not depend on the number of processors.
package kernel

// Float is the element type of a kernel.
type Float interface{ float32 | float64 }
