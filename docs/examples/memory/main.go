// Command memory trains the three sentences with which recurrent networks are introduced:
//
//	Apple is → red                     a network with memory, and one without
//	Apple ___ are tall                 both directions, and one
//	Tom is a cat ... Tom's favourite food is → fish     LSTM and GRU, and a plain RNN, over growing distances
//
//	go run ./docs/examples/memory               # all of them
//	go run ./docs/examples/memory -show tom     # one
//
// What it printed is in docs/memory.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

var demonstrations = []struct {
	name string
	run  func() error
}{
	{"apple", apple},
	{"gap", gap},
	{"tom", tom},
}

func main() {
	only := flag.String("show", "", "apple, gap or tom; all by default")
	flag.Parse()
	ran := 0
	for _, d := range demonstrations {
		if *only != "" && *only != d.name {
			continue
		}
		ran++
		start := time.Now()
		if err := d.run(); err != nil {
			fmt.Fprintf(os.Stderr, "memory: %s: %v\n", d.name, err)
			os.Exit(1)
		}
		fmt.Printf("  (%.0f s)\n\n", time.Since(start).Seconds())
	}
	if ran == 0 {
		fmt.Fprintf(os.Stderr, "memory: nothing is called %s\n", *only)
		os.Exit(2)
	}
}
