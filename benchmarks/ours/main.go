// Command ours does one work of the benchmarks with this library and reports it as the peers do:
//
//	GOMAXPROCS=1 go run ./benchmarks/ours -seconds 3 Train/lstm/B32T50I128H128L1V65
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

func main() {
	seconds := flag.Float64("seconds", 3, "how long to measure")
	threads := flag.Int("threads", runtime.GOMAXPROCS(0), "GOMAXPROCS")
	flag.Parse()
	if err := run(flag.Args(), *threads, time.Duration(*seconds*float64(time.Second))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.As(err, &unsupported{}) {
			os.Exit(work.Unsupported)
		}
		os.Exit(1)
	}
}

// unsupported is work that this machine does not offer.
type unsupported struct{ error }

func run(args []string, threads int, d time.Duration) error {
	if len(args) != 1 || threads < 1 {
		return errors.New("ours: want one name like Train/lstm/B32T50I128H128L1V65 and at least one thread")
	}
	w, err := work.Parse(args[0])
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(threads)
	result, err := measure(w, d)
	if err != nil {
		return err
	}
	report := work.Report{Library: "unroll " + revision, Build: runtime.Version() + ", kernels " + kernel.Features(),
		Results: []work.Result{result}}
	return report.Write(os.Stdout)
}

func measure(w work.Work, d time.Duration) (work.Result, error) {
	base := work.PeakMB()
	switch w.Kind {
	case work.Generate, work.GenerateInt8:
		g, err := model.NewGenerator(w)
		if err != nil {
			return work.Result{}, err
		}
		return work.Measure(w, d, base, g.Next)
	case work.Infer:
		return work.Measure(w, d, base, model.NewReader(w).Read)
	}
	t := model.NewTrainer(w, model.Cell(w))
	if w.Kind == work.TrainBF16 {
		if err := t.Round(graph.BFloat16); err != nil {
			return work.Result{}, unsupported{err}
		}
	}
	result, err := work.Measure(w, d, base, t.Step)
	if err == nil {
		err = work.Falls(t.First, t.Last)
	}
	return result, err
}

// revision is what this program was built from; benchmarks/compare tells it to the linker.
var revision = "of an unknown commit"
