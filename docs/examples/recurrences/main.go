// Command recurrences teaches networks of one shape, which differ in how they mix the steps of a sequence alone, tasks that
// ask for one ability each: to look something up, to copy, to choose, to keep a bit, to count. Then it has them learn a language:
//
//	go run ./docs/examples/recurrences                        # all networks, all tasks: hours on one core
//	go run ./docs/examples/recurrences -task recall -network LSTM
//	go run ./docs/examples/recurrences -part language -text input.txt -tokens word
//	go run ./docs/examples/recurrences -part adapt -text input.txt -network LSTM,Mamba
//	go run ./docs/examples/recurrences -part tree    # the picture of the family
//
// What it showed is in docs/recurrences.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// effort is how much of everything is done.
type effort struct {
	steps, batch, judged int // steps of training, sequences in each, and sequences that a network is judged by
	width                int // of the networks that solve tasks
	seeds                int
	rate                 float64

	text, tokens string // of the language models
	budget       int    // their weights without embedding and head
	ranks        []int  // of adapters
}

func main() {
	var e effort
	part := flag.String("part", "tasks", "tasks, language, adapt or tree")
	only := flag.String("task", "", "only these tasks: names, with commas between them")
	which := flag.String("network", "", "only these networks, likewise")
	flag.IntVar(&e.steps, "steps", 1200, "steps of training")
	flag.IntVar(&e.batch, "batch", 32, "sequences in a step")
	flag.IntVar(&e.judged, "judged", 128, "sequences that a network is judged by")
	flag.IntVar(&e.width, "width", 64, "width of the networks that solve tasks")
	flag.IntVar(&e.seeds, "seeds", 1, "seeds; the table has the mean over them")
	flag.Float64Var(&e.rate, "rate", 2e-3, "learning rate")
	flag.StringVar(&e.text, "text", "", "text of the language models; by default the King James text")
	flag.StringVar(&e.tokens, "tokens", "character", "character or word")
	flag.IntVar(&e.budget, "budget", 150000, "weights of a language model, without its embedding and head")
	picture := flag.String("out", "docs/images/recurrences.svg", "file of the family tree")
	flag.Parse()
	e.ranks = []int{1, 4}

	nets := slices.DeleteFunc(networks(), func(n network) bool { return !named(n.name, *which) })
	list := slices.DeleteFunc(tasks(), func(t task) bool { return !named(t.name, *only) })
	start := time.Now()
	err := e.check()
	switch {
	case err != nil:
	case len(nets) == 0:
		err = fmt.Errorf("no network is called %q; want %s", *which, names(networks(), func(n network) string { return n.name }))
	case len(list) == 0:
		err = fmt.Errorf("no task is called %q; want %s", *only, names(tasks(), func(t task) string { return t.name }))
	case *part == "tasks":
		err = solveAll(nets, list, e)
	case *part == "language":
		err = language(nets, e)
	case *part == "adapt":
		err = adapt(nets, e)
	case *part == "tree":
		err = drawTree(*picture)
	default:
		err = fmt.Errorf("no part is called %q; want tasks, language, adapt or tree", *part)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "recurrences:", err)
		os.Exit(1)
	}
	fmt.Printf("\n(%.0f s)\n", time.Since(start).Seconds())
}

// check refuses numbers that nothing can be done with.
func (e effort) check() error {
	for _, n := range []struct {
		name  string
		value int
	}{{"steps", e.steps}, {"batch", e.batch}, {"judged", e.judged}, {"width", e.width}, {"seeds", e.seeds}, {"budget", e.budget}} {
		if n.value < 1 {
			return fmt.Errorf("-%s %d; want at least 1", n.name, n.value)
		}
	}
	if !(e.rate > 0) {
		return fmt.Errorf("-rate %g; want a number above 0", e.rate)
	}
	if e.tokens != "character" && e.tokens != "word" {
		return fmt.Errorf("-tokens %q; want character or word", e.tokens)
	}
	return nil
}

// names joins the names of a list.
func names[T any](list []T, name func(T) string) string {
	var out []string
	for _, v := range list {
		out = append(out, name(v))
	}
	return strings.Join(out, ", ")
}

// named tells whether a name is one of a list, with commas between them; an empty list has all names.
func named(name, list string) bool {
	return list == "" || slices.Contains(strings.Split(list, ","), name)
}

// head prints the first two lines of a table.
func head(columns ...string) {
	row(columns...)
	fmt.Println("|" + strings.Repeat("---|", len(columns)))
}

// row prints a line of a table.
func row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }
