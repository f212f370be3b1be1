// Command long compiles and trains one LSTM over one long sequence, and reports time and memory as a line of JSON:
//
//	GOMAXPROCS=1 go run ./benchmarks/long -steps 10000 -hidden 16 -recompute
//
// A training step is the gradients of the mean square of the last state, clipping and Adam, as in peers/torch_long.py.
// -all takes the mean square of all outputs instead.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/recurrent"
)

// task is what is measured.
type task struct {
	steps, hidden, batch int
	recompute, all       bool
	profile              string
}

// report is what came out.
type report struct {
	Library    string  `json:"library"`
	Steps      int     `json:"steps"`
	Hidden     int     `json:"hidden"`
	Batch      int     `json:"batch"`
	Recompute  bool    `json:"recompute"`
	All        bool    `json:"all"`
	CompileMS  float64 `json:"compile_ms"`  // the first call, less an ordinary step
	StepMS     float64 `json:"step_ms"`     // the median training step
	ProgramMB  float64 `json:"program_mb"`  // the program's arena, packed weights, inputs and outputs
	PeakMB     float64 `json:"peak_mb"`     // of the process
	AllocMB    float64 `json:"alloc_mb"`    // that compiling allocated in all
	Collection uint32  `json:"collections"` // of garbage while compiling
}

func main() {
	var t task
	flag.IntVar(&t.steps, "steps", 1000, "length of the sequence, T")
	flag.IntVar(&t.hidden, "hidden", 16, "width of the input and of the LSTM")
	flag.IntVar(&t.batch, "batch", 1, "sequences")
	flag.BoolVar(&t.recompute, "recompute", false, "keep every √T-th state only")
	flag.BoolVar(&t.all, "all", false, "the loss reads all outputs")
	flag.StringVar(&t.profile, "cpuprofile", "", "write a profile of compiling there")
	flag.Parse()
	r, err := t.run()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (t task) run() (*report, error) {
	p := graph.NewParams(1)
	var o recurrent.Options
	if t.recompute {
		o.Recompute = recurrent.RecomputeSqrt
	}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, final := recurrent.Unroll(g, recurrent.LSTM{Hidden: t.hidden}, in[0], o)
		if !t.all {
			y = final[0]
		}
		return []graph.Node{g.Mean(g.Square(y))}
	})
	data := make([]float32, t.steps*t.batch*t.hidden)
	for i := range data {
		data[i] = float32(i%17)/17 - 0.5
	}
	x := graph.Floats(data, t.steps, t.batch, t.hidden)
	r := &report{Library: "unroll", Steps: t.steps, Hidden: t.hidden, Batch: t.batch, Recompute: t.recompute, All: t.all}

	stop, err := profiling(t.profile)
	if err != nil {
		return nil, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	program, err := f.GradProgram(x)
	if err != nil {
		return nil, err
	}
	r.CompileMS = milliseconds(time.Since(start))
	stop()
	runtime.ReadMemStats(&after)
	r.AllocMB, r.Collection = float64(after.TotalAlloc-before.TotalAlloc)/1e6, after.NumGC-before.NumGC
	r.ProgramMB = float64(program.Bytes()) / 1e6

	adam := &optim.Adam{}
	var times []float64
	for begin := time.Now(); len(times) < 3 || time.Since(begin) < time.Second; {
		start := time.Now()
		if _, err := f.Grad(x); err != nil {
			return nil, err
		}
		if _, err := optim.Update(adam, p, 1e-3, 1); err != nil {
			return nil, err
		}
		times = append(times, milliseconds(time.Since(start)))
	}
	slices.Sort(times)
	r.StepMS, r.PeakMB = times[len(times)/2], work.PeakMB()
	return r, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

// profiling writes a profile of the processor's time until it is stopped; nothing without a file.
func profiling(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	w, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	return pprof.StopCPUProfile, pprof.StartCPUProfile(w)
}
