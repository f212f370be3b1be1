// Package op has the operations that networks are made of, as data: what each is called, what it needs to know, and its
// kernel for float32 and float64. An operation knows neither graphs nor derivatives: package graph checks the shapes, makes
// the nodes and has a rule for each derivative.
package op
