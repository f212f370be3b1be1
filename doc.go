// Package unroll is where the documentation begins; it has no code. Recurrent neural networks in Go: a cell is a few lines of
// mathematics, which are unrolled over time, differentiated and compiled.
//
// A program of one's own begins with these:
//
//   - [github.com/unroll-go/unroll/recurrent/models]: models ready made. Train on texts, tables or series, save, load, predict.
//   - [github.com/unroll-go/unroll/graph]: operations, weights (Params), compiled functions (Func); Params.Save and Load.
//   - [github.com/unroll-go/unroll/recurrent]: cells, Unroll, topologies from one to one to sequence to sequence.
//   - [github.com/unroll-go/unroll/nn]: embeddings, dense layers, attention. [github.com/unroll-go/unroll/losses]: losses.
//   - [github.com/unroll-go/unroll/nn/train]: the training loop. [github.com/unroll-go/unroll/graph/optim]: optimisers.
//   - [github.com/unroll-go/unroll/datasets]: texts and tables as batches.
//   - [github.com/unroll-go/unroll/recurrent/celltest]: checks a cell of your own in one call.
//
// The README has a line for each of the others. The tutorial and the map of all pages are in the folder docs; the command is
// cmd/unroll.
package unroll
