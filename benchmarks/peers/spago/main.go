// Command spago does the benchmarks' work with spaGO alone, and reports it as the other peers do:
//
//	cd benchmarks/peers/spago && GOMAXPROCS=1 go run . Train/lstm/B32T50I128H128L1V65
//
// It is the plain way of spaGO's models: embedding, lstm or gru, linear, and Adam. An operation of spaGO takes one vector, so
// that a batch is as many graphs as it has sequences; with several threads, they are built side by side. It lives in a
// module of its own.
package main

import "github.com/unroll-go/unroll/benchmarks/internal/work"

// largest number of tokens times vocabulary that is offered: a step keeps a value and a gradient for each.
const largest = 200_000

func main() {
	work.Program{
		Module: "github.com/nlpodyssey/spago",
		Lacks: func(w work.Work) string {
			if (w.Kind != work.Train && w.Kind != work.Infer && w.Kind != work.Generate) || (w.Cell != "lstm" && w.Cell != "gru") ||
				w.Tokens()*w.V > largest {
				return "only training, inference and generation of LSTM and GRU in one direction with a small vocabulary are written here"
			}
			return ""
		},
		Start: func(w work.Work) (func() (float64, error), error) {
			m := newModel(w)
			switch w.Kind {
			case work.Train:
				return newTrainer(m, w).step, nil
			case work.Generate:
				return (&generator{model: m}).step, nil
			}
			return newReader(m, w).step, nil
		},
	}.Main()
}
