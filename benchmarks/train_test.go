package benchmarks

import (
	"runtime"
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/model"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// BenchmarkTrain is one step of training: gradients, clipping, Adam. "of-limit" is the share of what the processors in
// use could do at most, counting the operations of the products alone.
func BenchmarkTrain(b *testing.B) { trainAll(b, work.Train) }

// BenchmarkTrainBF16 is BenchmarkTrain with products of numbers that are rounded to bfloat16, where the machine has
// instructions for them.
func BenchmarkTrainBF16(b *testing.B) { trainAll(b, work.TrainBF16) }

// BenchmarkRagged trains on sequences of many lengths; "tokens/s" leaves the padding out.
func BenchmarkRagged(b *testing.B) { trainAll(b, work.Ragged) }

func trainAll(b *testing.B, kind string) {
	for _, w := range work.Suite() {
		if w.Kind == kind && w.Cell != work.Fifth { // Custom trains that one
			b.Run(w.Cell+"/"+w.Size(), func(b *testing.B) { train(b, w, model.Cell(w), w.FLOPs()) })
		}
	}
}

func train(b *testing.B, w work.Work, cell recurrent.Cell, flops float64) {
	t := model.NewTrainer(w, cell)
	if w.Kind == work.TrainBF16 {
		if err := t.Round(graph.BFloat16); err != nil {
			b.Skip(err)
		}
	}
	repeat(b, t.Step)
	if err := work.Falls(t.First, t.Last); err != nil {
		b.Fatal(err)
	}
	report(b, w, flops)
}

// repeat measures f, after a call that compiles and makes what lasts.
func repeat(b *testing.B, f func() error) {
	if err := f(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
}

// report adds tokens and operations per second to what the testing package reports.
func report(b *testing.B, w work.Work, flops float64) {
	steps := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(float64(w.Tokens())*steps, "tokens/s")
	b.ReportMetric(flops*steps/1e9, "GFLOP/s")
	if limit := peak(runtime.GOMAXPROCS(0)); limit > 0 && !w.Generates() {
		b.ReportMetric(flops*steps/1e9/limit, "of-limit")
	}
}
