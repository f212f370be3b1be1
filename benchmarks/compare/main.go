// Command compare measures this library beside others doing the same work, and prints Markdown tables:
//
//	go run ./benchmarks/compare -python /path/to/python -rounds 5 -threads 1,2
//
// Every measurement is a process of its own; the libraries take turns, round after round, so that a machine that is
// slower for a while is slower for all. docs/benchmarks.md tells how to read the tables.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/internal/kernel"
)

// options are the flags.
type options struct {
	pythons, programs []spec
	peers             []string
	malloc            bool
	rounds            int
	seconds           float64
	timeout           time.Duration
	threads, cpus     []int
	only              *regexp.Regexp
	idle, within      time.Duration
	raw, record       string
	list, page        bool
	once              time.Duration
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.Func("python", "[label=]`path` of a Python that has some of the peers; may be repeated (default: python3, if there)",
		func(s string) error { o.pythons = append(o.pythons, parseSpec(s)); return nil })
	f.Func("program", "[label=]`path` of another program that reports in the same lines, "+
		"such as benchmarks/ours built from an older commit; may be repeated",
		func(s string) error { o.programs = append(o.programs, parseSpec(s)); return nil })
	peers := f.String("peers", strings.Join(peerNames(), ","), "which other libraries to measure, by name")
	f.BoolVar(&o.malloc, "malloc", true, "let glibc's malloc keep memory between PyTorch's steps, which makes PyTorch faster")
	f.IntVar(&o.rounds, "rounds", 3, "rounds; the median counts")
	f.Float64Var(&o.seconds, "seconds", 1, "how long each process measures, at least three steps")
	f.DurationVar(&o.timeout, "timeout", 3*time.Minute, "how long a process may take in all")
	f.DurationVar(&o.idle, "idle", 5*time.Second, "how long to wait for a quiet machine before each measurement")
	f.DurationVar(&o.within, "within", 0, "how long all of it may take; the tables have what was measured by then (default: no limit)")
	threads := f.String("threads", "1", "numbers of threads, separated by commas")
	cpus := f.String("cpus", "", "processors to pin to, as 0,2 or 0-3: the first n for n threads (default: those allowed)")
	only := f.String("only", "lstm/|/B32T50I128H128", "measure work whose name this regular expression matches")
	f.StringVar(&o.raw, "raw", "", "keep every line that was reported in this `file`, which benchstat reads")
	f.DurationVar(&o.once, "once", 10*time.Second, "what takes longer than this is measured in the first round only")
	f.StringVar(&o.record, "record", "", "keep the results in this `file` of benchmarks/results, from which the page is written")
	f.BoolVar(&o.page, "page", false, "write docs/benchmarks.md from benchmarks/results and measure nothing")
	f.BoolVar(&o.list, "list", false, "list the names of the work and measure nothing")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("compare: no arguments are wanted after the flags, found %q", f.Args())
	}
	if o.threads, err = parseNumbers(*threads); err != nil || o.threads[0] == 0 {
		return o, fmt.Errorf("compare: -threads: want numbers from 1 up like 1,2, found %q", *threads)
	}
	if o.peers, err = parsePeers(*peers); err != nil {
		return o, fmt.Errorf("compare: -peers: %w", err)
	}
	if *cpus != "" {
		if o.cpus, err = parseNumbers(*cpus); err != nil {
			return o, fmt.Errorf("compare: -cpus: %w", err)
		}
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("compare: -only: %w", err)
	}
	if o.within < 0 {
		return o, fmt.Errorf("compare: -within: want a time like 4m, found %v", o.within)
	}
	if o.rounds < 1 || !(o.seconds > 0) {
		return o, fmt.Errorf("compare: want at least one round and some time, found -rounds %d -seconds %v", o.rounds, o.seconds)
	}
	return o, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == flag.ErrHelp {
		return
	}
	if err == nil {
		err = compare(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare(ctx context.Context, o options) error {
	if o.page {
		root, err := clone(ctx)
		if err != nil {
			return err
		}
		return writePage(root)
	}
	var works []work.Work
	for _, w := range work.Suite() {
		if o.only.MatchString(w.String()) {
			works = append(works, w)
		}
	}
	if o.list || len(works) == 0 {
		for _, w := range work.Suite() {
			fmt.Println(w)
		}
		if o.list {
			return nil
		}
		return fmt.Errorf("compare: no name in this list matches -only %v", o.only)
	}
	raw := io.Discard
	if o.raw != "" {
		file, err := os.Create(o.raw)
		if err != nil {
			return err
		}
		defer file.Close()
		raw = file
	}
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder may stay behind

	m := thisMachine(o.cpus)
	fmt.Fprintln(os.Stderr, "building")
	libraries, err := prepare(ctx, o, m, dir)
	if err != nil {
		return err
	}
	c := &comparison{
		libraries: libraries, works: works, threads: o.threads, rounds: o.rounds, machine: m, start: time.Now(),
		seconds: o.seconds, timeout: o.timeout, idle: o.idle, once: o.once, meter: systemMeter,
		progress: os.Stderr, raw: raw, limit: kernel.PeakFMA,
	}
	if o.within > 0 {
		limited, cancel := context.WithTimeout(ctx, o.within)
		defer cancel()
		ctx = limited
	}
	c.measure(ctx)
	if o.record != "" {
		if err := keep(o.record, m, c.record("go run ./benchmarks/compare "+quoted(os.Args[1:]))); err != nil {
			return err
		}
	}
	_, err = io.WriteString(os.Stdout, c.markdown())
	return err
}

// spec is a program named on the command line.
type spec struct{ label, path string }

// parseSpec reads [label=]path. Without a label, the library names itself.
func parseSpec(s string) spec {
	if label, path, ok := strings.Cut(s, "="); ok && !strings.ContainsRune(label, filepath.Separator) {
		return spec{label, path}
	}
	return spec{"", s}
}

// quoted writes arguments as a shell takes them.
func quoted(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		if words[i] = a; strings.ContainsAny(a, " |()*$\\?[]") {
			words[i] = "'" + a + "'"
		}
	}
	return strings.Join(words, " ")
}
