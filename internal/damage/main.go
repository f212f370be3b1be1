// Command damage damages files of every format that the library reads, in seeded ways, and reads and uses them: models
// that can still be read are run. There must be no panic, nothing that hangs, and no file that takes much more memory
// than its size.
//
//	go run ./internal/damage -n 20000 -seed 1
//
// The models of the command are safetensors files with a configuration in their metadata. What the command makes of a
// wrong one, the tests of internal/command hold.
//
// A file that breaks a rule is kept, and named with the rule. The tests run some hundred files of each format.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	n := flag.Int("n", 20000, "damaged files of each format")
	seed := flag.Uint64("seed", 1, "seed of the damage; the same gives the same files")
	only := flag.String("format", "", "one format instead of all")
	limit := flag.Duration("limit", 20*time.Second, "the longest that one file may take")
	flag.Parse()
	if err := report(*n, *seed, *only, *limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// report damages files of all formats, or of one, and prints a table of what came of it.
func report(n int, seed uint64, only string, limit time.Duration) error {
	fmt.Printf("%-12s %8s %11s %10s %12s %16s %10s\n", "format", "files", "still read", "longest", "most memory", "of a file of", "allowed")
	found := false
	for _, f := range formats {
		if only != "" && f.name != only {
			continue
		}
		found = true
		r, err := run(f, n, seed, limit)
		if err != nil {
			return err
		}
		fmt.Printf("%-12s %8d %11d %7d ms %8.1f MiB %10d bytes %6d MiB\n", f.name, r.files, r.read, r.longest.Milliseconds(),
			float64(r.memory)/(1<<20), r.memoryOf, f.bound(r.memoryOf)>>20)
	}
	if !found {
		return fmt.Errorf("no format is called %q", only)
	}
	return nil
}
