// Package weights is how the library itself reads and writes the numbers of a store. What a user gets from Param.Value may be
// written into at any time from then on, so programs cannot rely on what they have packed of it. Who gets memory here is
// trusted instead to say when it has changed.
package weights

import "gorgonia.org/tensor"

// TrainingPrefix begins the names of what a checkpoint has beside the weights, the state of the training. Package nn/train writes it, and
// package graph passes it over.
const TrainingPrefix = "train/"

// Package graph sets these; they take its types without that this package could name them.
var (
	// Of is the memory of a *graph.Param, which is not lent by that. Whoever writes there calls Changed afterwards.
	Of func(param any) *tensor.Dense

	// Take makes a tensor's memory that of a new parameter of a *graph.Params. It is the store's from then on.
	Take func(params any, name string, value *tensor.Dense) error

	// Changed tells a *graph.Params that its numbers are others now.
	Changed func(params any)
)
