// Command longrange shows what recurrent networks remember, on the tasks that are told of in every introduction:
//
//	go run ./docs/examples/longrange                 # all of them
//	go run ./docs/examples/longrange -task adding    # one
//
// What it reached is in docs/long-range.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// tasks, in the order in which they run.
var tasks = []struct {
	name string
	run  func() error
}{
	{"adding", adding},
	{"adding500", adding500},
	{"reber", reber},
	{"anbn", anbn},
	{"digits", digits},
}

func main() {
	only := flag.String("task", "", "adding, adding500, reber, anbn or digits; all by default")
	flag.Parse()
	ran := 0
	for _, t := range tasks {
		if *only != "" && *only != t.name {
			continue
		}
		ran++
		start := time.Now()
		if err := t.run(); err != nil {
			fmt.Fprintf(os.Stderr, "longrange: %s: %v\n", t.name, err)
			os.Exit(1)
		}
		fmt.Printf("  (%.0f s)\n\n", time.Since(start).Seconds())
	}
	if ran == 0 {
		fmt.Fprintf(os.Stderr, "longrange: no task is called %s\n", *only)
		os.Exit(2)
	}
}
