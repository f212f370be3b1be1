// Command compare sets recurrent networks beside a feed-forward, a convolutional and a self-attention network of equally
// many parameters, on three tasks, and measures how their costs grow with the length of a sequence:
//
//	go run ./docs/examples/compare           # everything, ten minutes on two cores
//	go run ./docs/examples/compare -quick    # a look, in a minute
//	go run ./docs/examples/compare -part recall
//	go run ./docs/examples/compare -part language -network Transformer -batches 1800
//
// What it showed is in docs/comparison.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// anyRate is the learning rate of all networks, if it is not 0.
var anyRate float64

// effort is how much of everything is done.
type effort struct {
	languageSteps int   // batches of 128 x 16 characters
	distances     []int // of the recall
	recallSteps   int   // batches of 16 sequences
	epochs        int   // over the names
	lengths       []int // of the sequences that are timed
}

var (
	whole = effort{languageSteps: 600, distances: []int{10, 50, 150}, recallSteps: 600, epochs: 3, lengths: []int{32, 64, 128, 256, 512, 1024}}
	quick = effort{languageSteps: 40, distances: []int{10, 50}, recallSteps: 60, epochs: 1, lengths: []int{32, 128}}
)

var parts = []struct {
	name string
	run  func(effort) error
}{
	{"language", language},
	{"recall", recall},
	{"names", names},
	{"growth", growth},
}

func main() {
	look := flag.Bool("quick", false, "do a little of everything")
	only := flag.String("part", "", "language, recall, names or growth; all by default")
	network := flag.String("network", "", "only networks whose names contain this")
	batches := flag.Int("batches", 0, "batches that the language models are trained on; 0 for 600, or 40 with -quick")
	flag.Float64Var(&anyRate, "rate", 0, "the learning rate of all networks; 0 for each network's own")
	flag.Parse()
	e := whole
	if *look {
		e = quick
	}
	if *batches > 0 {
		e.languageSteps = *batches
	}
	families = slices.DeleteFunc(families, func(f family) bool { return !strings.Contains(f.name, *network) })
	ran := 0
	for _, p := range parts {
		if *only != "" && *only != p.name {
			continue
		}
		ran++
		start := time.Now()
		if err := p.run(e); err != nil {
			fmt.Fprintf(os.Stderr, "compare: %s: %v\n", p.name, err)
			os.Exit(1)
		}
		fmt.Printf("\n(%.0f s)\n\n", time.Since(start).Seconds())
	}
	if ran == 0 {
		fmt.Fprintf(os.Stderr, "compare: no part is called %s\n", *only)
		os.Exit(2)
	}
}

// head prints a table's title and its first two lines.
func head(title string, columns ...string) {
	fmt.Printf("%s\n\n", title)
	row(columns...)
	fmt.Println("|" + strings.Repeat("---|", len(columns)))
}

// row prints a line of a table.
func row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }
