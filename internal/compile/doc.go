// Package compile turns a list of operations into a program that runs without allocating.
//
// What comes in is Code: values, each an operation of package op on other values, or a leaf (an input, a parameter, a
// constant). Package graph makes it from a graph, one value for each node, and this package knows nothing else of graphs.
// Passes rewrite the code (passes.go has their order, with reasons). A plan then cuts it into steps and decides where every
// value lies (plan.go, place.go, region.go), memory is laid out (memory.go), and each step is bound to its kernel (bind.go).
// The result is a Program.
//
// The words used throughout: a block is memory of a program, a part of its arena or memory that exists already; a region is
// a rectangle of a block, and a value lies in one; a slot is the part of a larger value that a value is computed into; a
// layout tells the pass batch which values lie next to each other; an address is where a value begins, for printing.
package compile
