// Command gomlx does the benchmarks' work with GoMLX alone, and reports it as the other peers do:
//
//	cd benchmarks/peers/gomlx && GOMAXPROCS=1 go run . Train/lstm/B32T50I128H128L1V65
//
// It is the plain way of GoMLX: its layers for embedding, LSTM and head, its Trainer, its Adam. XLA computes if UNROLL_PJRT has
// the path of a plugin for it and there is a C compiler, and takes a thread for each processor that the process may run on.
// Without, GoMLX's backend in Go infers; it lacks an operation that training needs. It lives in a module of its own.
package main

import (
	"os"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// largest number of tokens times vocabulary that is offered: targets are one-hot rows.
const largest = 200_000

// viaXLA makes a backend that calls a plugin; nil where GoMLX was built without C.
var viaXLA func(plugin string) (backends.Backend, error)

// plugin is the path of XLA's, empty if the backend in Go is to compute.
func plugin() string {
	if viaXLA == nil {
		return ""
	}
	return os.Getenv("UNROLL_PJRT")
}

func newBackend() (backends.Backend, error) {
	if p := plugin(); p != "" {
		return viaXLA(p)
	}
	return simplego.New("")
}

func buildName() string {
	if plugin() != "" {
		return "XLA"
	}
	return "backend in Go"
}

func main() {
	work.Program{
		Module: "github.com/gomlx/gomlx",
		Build:  buildName(),
		Lacks: func(w work.Work) string {
			switch {
			case (w.Kind != work.Train && w.Kind != work.Infer) || w.Cell != "lstm" || w.Tokens()*w.V > largest:
				return "only training and inference of LSTMs in one direction with a small vocabulary are written here"
			case w.Kind == work.Train && plugin() == "":
				return "its backend in Go cannot train an LSTM: it lacks the operation Pad; UNROLL_PJRT names none for XLA"
			}
			return ""
		},
		Start: func(w work.Work) (func() (float64, error), error) {
			if w.Kind == work.Train {
				return newTrainer(w)
			}
			return newReader(w)
		},
	}.Main()
}
