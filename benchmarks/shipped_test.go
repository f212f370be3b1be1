package benchmarks

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// shippedRounds is how often ours and ONNX Runtime's runs take turns, shippedTurn about how long a turn is.
const (
	shippedRounds = 15
	shippedTurn   = 40 * time.Millisecond
)

// BenchmarkShipped runs ONNX files that people ship beside ONNX Runtime, both on one thread and in turn, and reports the median of the
// ratios of their times, above 1 where ours is faster, and ours in milliseconds. UNROLL_MODEL_FILES names a folder with one for
// each file, of it and reference.safetensors with its inputs, in/NAME; UNROLL_PYTHON a Python with onnxruntime.
func BenchmarkShipped(b *testing.B) {
	folder, interpreter := os.Getenv("UNROLL_MODEL_FILES"), os.Getenv("UNROLL_PYTHON")
	paths, _ := filepath.Glob(filepath.Join(folder, "*", "*.onnx"))
	if folder == "" || interpreter == "" || len(paths) == 0 {
		b.Skip("UNROLL_MODEL_FILES and UNROLL_PYTHON name no folder of ONNX files and no Python")
	}
	for _, path := range paths {
		b.Run(filepath.Base(filepath.Dir(path)), func(b *testing.B) { shipped(b, interpreter, path) })
	}
}

func shipped(b *testing.B, interpreter, path string) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	m, err := onnx.Read(path)
	if err != nil {
		b.Skip(err)
	}
	p, err := m.Params(1)
	if err != nil {
		b.Fatal(err)
	}
	p.Seal()
	reference := filepath.Join(filepath.Dir(path), "reference.safetensors")
	rec, _ := graphtest.Golden(b, reference)
	var in []*tensor.Dense
	for _, port := range m.Inputs() {
		in = append(in, rec["in/"+port.Name])
	}
	f := graph.NewFunc(p, m.Build)
	ours := func(n int) float64 {
		start := time.Now()
		for range n {
			if _, err := f.Run(in...); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(start).Seconds()
	}
	theirs := inRuntime(b, interpreter, path, reference)
	ours(2)
	n := max(1, int(shippedTurn.Seconds()/ours(1)))
	var ratios, times []float64
	for b.Loop() {
		for range shippedRounds {
			other := theirs(n)
			own := ours(n)
			ratios, times = append(ratios, other/own), append(times, 1e3*own/float64(n))
		}
	}
	slices.Sort(ratios)
	slices.Sort(times)
	b.ReportMetric(ratios[len(ratios)/2], "theirs/ours")
	b.ReportMetric(times[len(times)/2], "ms")
}

// inRuntime starts ONNX Runtime on a file, and gives what runs it n times and returns the seconds.
func inRuntime(b *testing.B, interpreter, path, reference string) func(n int) float64 {
	cmd := exec.Command(interpreter, "peers/onnxruntime_file.py", path, reference)
	cmd.Stderr = os.Stderr
	to, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Skip(err)
	}
	b.Cleanup(func() {
		_ = to.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(from)
	next := func() string {
		if !lines.Scan() {
			b.Fatalf("%s answers no more: %v", interpreter, lines.Err())
		}
		return lines.Text()
	}
	if line := next(); !strings.HasPrefix(line, "ready") {
		b.Fatalf("%s says %q; want that it is ready", interpreter, line)
	}
	return func(n int) float64 {
		if _, err := fmt.Fprintln(to, n); err != nil {
			b.Fatal(err)
		}
		v, err := strconv.ParseFloat(next(), 64)
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
}
