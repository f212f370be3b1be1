// Package linear has cells whose state is updated linearly: trained in parallel over time, run step by step.
//
// The state of such a cell after a step is a linear function of the state before it, S_t = S_{t-1}·A_t + B_t, where A_t and
// B_t come from the inputs alone. So a sequence needs no step after the other: recurrent.Scan computes all of its steps at
// once. Cells whose state is a matrix, to which values are written under keys, are computed in chunks
// (recurrent.Order.Chunks); those whose state is a vector that decays element by element, by a scan
// (recurrent.Order.Linear), or, where a channel has many numbers as in Mamba, by an operation of its own
// (graph.Graph.SelectiveScan).
//
// Every cell is a recurrent.Scanner, and works wherever a recurrent.Cell does. Each type's comment has its equations, its paper,
// what differs from the paper, and its parameters.
package linear
