package work

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Program is the main function of a peer in Go: it reads the command line, times a step and reports it.
type Program struct {
	Module string // the library's path; the name in the report is its last part
	Build  string // what else the report tells of, besides the version of Go

	// Lacks says why a work is not offered; empty if it is.
	Lacks func(Work) string
	// Start makes a model, and returns a step of the work. The step returns the loss if the work trains.
	Start func(Work) (step func() (loss float64, err error), err error)
}

// Main does what the command line asks for, and ends the process if that fails.
func (p Program) Main() {
	seconds := flag.Float64("seconds", 3, "how long to measure")
	threads := flag.Int("threads", runtime.GOMAXPROCS(0), "GOMAXPROCS")
	flag.Parse()
	status, err := p.run(os.Stdout, flag.Args(), *threads, time.Duration(*seconds*float64(time.Second)))
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", p.name(), err)
		os.Exit(status)
	}
}

// run returns the exit status beside an error.
func (p Program) run(out io.Writer, args []string, threads int, d time.Duration) (int, error) {
	if len(args) != 1 || threads < 1 {
		return 2, fmt.Errorf("want one name like Train/lstm/B32T50I128H128L1V65 and at least one thread")
	}
	w, err := Parse(args[0])
	if err != nil {
		return 2, err
	}
	if why := p.Lacks(w); why != "" {
		return Unsupported, fmt.Errorf("%s", why)
	}
	runtime.GOMAXPROCS(threads)
	result, err := p.measure(w, d)
	if err != nil {
		return 1, err
	}
	report := Report{Library: p.name() + " " + Version(p.Module), Build: runtime.Version(), Results: []Result{result}}
	if p.Build != "" {
		report.Build += ", " + p.Build
	}
	return 1, report.Write(out)
}

func (p Program) measure(w Work, d time.Duration) (Result, error) {
	base := PeakMB()
	step, err := p.Start(w)
	if err != nil {
		return Result{}, err
	}
	var losses []float64
	result, err := Measure(w, d, base, func() error {
		loss, err := step()
		losses = append(losses, loss)
		return err
	})
	if err == nil && w.Trains() {
		err = Falls(losses[0], losses[len(losses)-1])
	}
	return result, err
}

func (p Program) name() string { return path.Base(p.Module) }

// Version is that of a module which the running program was built with, such as v1.1.0.
func Version(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == module {
				return strings.TrimPrefix(m.Version, "v")
			}
		}
	}
	return "of unknown version"
}
