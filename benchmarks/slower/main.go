// Command slower tells which benchmarks got slower, or faster, from one file of results to another:
//
//	go test -run xxx -bench . -count 6 ./benchmarks >old.txt
//	...                                             >new.txt
//	go run ./benchmarks/slower old.txt new.txt
//
// Files are in the format of Go's benchmarks. Something is slower if the median of its times grew by more than a share, and every
// new time is above every old one, so that noise alone does not say so. It then ends with status 1.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/datasets"
)

func main() {
	log.SetFlags(0)
	share := flag.Float64("share", 0.05, "by how much a median has to grow or fall to be told")
	all := flag.Bool("all", false, "tell those that did not change, too")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: slower [-share 0.05] [-all] old.txt new.txt")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	var runs [2]results
	for i := range runs {
		var err error
		if runs[i], err = readFile(flag.Arg(i)); err != nil {
			log.Fatal("slower: ", err)
		}
	}
	changes, missing := compare(runs[0], runs[1], *share)
	if len(changes) == 0 {
		log.Fatal("slower: the files have no benchmark in common")
	}
	if write(os.Stdout, changes, missing, *all) > 0 {
		os.Exit(1)
	}
}

// results are the times of each benchmark, in nanoseconds, and the names in the order of their file.
type results struct {
	times map[string][]float64
	names []string
}

func readFile(path string) (results, error) {
	lines, err := datasets.PlainText{}.Open(path)
	if err != nil {
		return results{}, err
	}
	defer func() { _ = lines.Close() }() // nothing was written
	r, err := read(lines)
	if err == nil && len(r.names) == 0 {
		err = fmt.Errorf("%s has no results of Go's benchmarks", path)
	}
	return r, err
}

// read reads the lines that begin with Benchmark and have ns/op, and passes all else over.
func read(lines *datasets.Lines) (results, error) {
	r := results{times: map[string][]float64{}}
	for lines.Next() {
		part := strings.Fields(lines.Text())
		if len(part) < 4 || !strings.HasPrefix(part[0], "Benchmark") {
			continue
		}
		for i := 2; i+1 < len(part); i += 2 {
			ns, err := strconv.ParseFloat(part[i], 64)
			if part[i+1] != "ns/op" || err != nil || !(ns > 0) {
				continue
			}
			name := strings.TrimPrefix(part[0], "Benchmark")
			if _, ok := r.times[name]; !ok {
				r.names = append(r.names, name)
			}
			r.times[name] = append(r.times[name], ns)
		}
	}
	return r, lines.Err()
}

// change is how the times of a benchmark differ.
type change struct {
	name     string
	old, new float64 // medians
	runs     int     // the smaller number of times
	verdict  string  // slower, faster, or empty
}

// compare returns the changes, in the new file's order, and the names that only the old one has.
func compare(before, after results, share float64) (changes []change, missing []string) {
	for _, name := range after.names {
		was, is := before.times[name], after.times[name]
		if was == nil {
			continue
		}
		c := change{name: name, old: median(was), new: median(is), runs: min(len(was), len(is))}
		switch {
		case c.new > c.old*(1+share) && slices.Min(is) > slices.Max(was):
			c.verdict = "slower"
		case c.new < c.old/(1+share) && slices.Max(is) < slices.Min(was):
			c.verdict = "faster"
		}
		changes = append(changes, c)
	}
	for _, name := range before.names {
		if after.times[name] == nil {
			missing = append(missing, name)
		}
	}
	return changes, missing
}

func median(of []float64) float64 {
	s := slices.Sorted(slices.Values(of))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// write prints a line for each change, the largest first, and returns how many are slower.
func write(to io.Writer, changes []change, missing []string, all bool) (slower int) {
	slices.SortStableFunc(changes, func(a, b change) int {
		switch x, y := a.new/a.old, b.new/b.old; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	faster, fewest := 0, changes[0].runs
	for _, c := range changes {
		fewest = min(fewest, c.runs)
		switch c.verdict {
		case "slower":
			slower++
		case "faster":
			faster++
		default:
			if !all {
				continue
			}
		}
		line := fmt.Sprintf("%-42s %8s %8s %+6.1f %% %s", c.name, duration(c.old), duration(c.new), 100*(c.new/c.old-1), c.verdict)
		fmt.Fprintln(to, strings.TrimRight(line, " "))
	}
	fmt.Fprintf(to, "%d benchmarks: %d slower, %d faster, %d as before\n", len(changes), slower, faster, len(changes)-slower-faster)
	if fewest < 4 {
		fmt.Fprintf(to, "Some ran %d times only: with -count 6 on a quiet machine, this says more.\n", fewest)
	}
	for _, name := range missing {
		fmt.Fprintf(to, "no longer there: %s\n", name)
	}
	return slower
}

// duration is a time with three digits, such as 21.0 ms.
func duration(ns float64) string {
	for _, u := range []struct {
		name string
		ns   float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if ns >= u.ns {
			return fmt.Sprintf("%.3g %s", ns/u.ns, u.name)
		}
	}
	return fmt.Sprintf("%.3g ns", ns)
}
