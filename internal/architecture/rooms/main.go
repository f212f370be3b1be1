// Command rooms measures the structure of the library, package by package: files, lines, exported names, the longest
// function, and how the files of a package use each other.
//
//	go run ./internal/architecture/rooms            # from the root of the module: all packages
//	go run ./internal/architecture/rooms ./graph    # one, with every use that runs back up
//
// A use is an arrow from a file to another one whose names it mentions, however often. Files are put in an order in
// which as few arrows as possible point from a lower file to a higher one (the greedy heuristic of Eades, Lin and
// Smyth, 1993); those that still do run back up: the files on their way cannot be understood one after the other.
package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
)

func main() {
	patterns := os.Args[1:]
	detail := len(patterns) > 0
	if !detail {
		patterns = []string{"./..."}
	}
	if err := run(patterns, detail); err != nil {
		fmt.Fprintln(os.Stderr, "rooms:", err)
		os.Exit(1)
	}
}

func run(patterns []string, detail bool) error {
	packages, err := load(patterns)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "package\tfiles\tlines\texported\tlongest\tin\tarrows\tback up\t")
	var rooms []room
	for _, p := range packages {
		r, err := measure(p)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%d\t%d\t\n", p.name(), len(p.GoFiles), r.lines, r.exported, r.longest, r.function, r.uses.count(),
			len(r.uses.backUp()))
		rooms = append(rooms, r)
	}
	if err := w.Flush(); err != nil || !detail {
		return err
	}
	for _, r := range rooms {
		list(r)
	}
	return nil
}

// list prints the files from the top down, each with the higher ones that it uses.
func list(r room) {
	back := r.uses.backUp()
	fmt.Println()
	for _, file := range r.uses.order() {
		fmt.Println(file)
		for _, a := range back {
			if a.from == file {
				fmt.Printf("\tback up to %s: %v\n", a.to, slices.Sorted(slices.Values(r.uses[a])))
			}
		}
	}
}
