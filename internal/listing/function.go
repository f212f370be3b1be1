package listing

import "gorgonia.org/tensor"

// Function is what a graph.Func computes for inputs of some shapes.
type Function struct {
	Nodes   []Node
	Inputs  []int // places of the inputs in the list; -1 for one that nothing is computed from
	Outputs []int
	Stores  []Store // with gradients: what is kept for the parameters, in the store's order
}

// Store is the gradient of a parameter, or the next value of a buffer.
type Store struct {
	Param  string
	At     int
	Buffer bool
}

// OfFunc lists what a *graph.Func computes for inputs like these, with the gradients if asked for. Package graph sets it, see Of.
var OfFunc func(f any, grad bool, in []*tensor.Dense) (*Function, error)
