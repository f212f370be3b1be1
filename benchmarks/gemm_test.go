// Package benchmarks measures the library, and its parts beside the limits of the processor:
//
//	go test -run xxx -bench . ./benchmarks
//
// docs/benchmarks.md tells more, and how to compare with other libraries.
package benchmarks

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/unroll-go/unroll/internal/kernel"
)

// peaks are the limits in GFLOP/s by the number of processors.
var peaks sync.Map

func peak(processors int) float64 {
	limit, ok := peaks.Load(processors)
	if !ok {
		limit, _ = peaks.LoadOrStore(processors, kernel.PeakFMA(processors))
	}
	return limit.(float64)
}

// readRates are the speeds of reading in bytes a nanosecond, by the number of processors and of bytes.
var readRates sync.Map

// readRate is how fast so many processors read a share of so many bytes each, again and again.
func readRate(processors, bytes int) float64 {
	key := [2]int{processors, bytes}
	if rate, ok := readRates.Load(key); ok {
		return rate.(float64)
	}
	rates := make([]float64, processors)
	var running sync.WaitGroup
	for i := range rates {
		running.Go(func() {
			x := make([]float32, bytes/4/processors)
			for j := range x {
				x[j] = 1
			}
			for start := time.Now(); time.Since(start) < 10*time.Millisecond; {
				begin := time.Now()
				kernel.Sum(x)
				rates[i] = max(rates[i], float64(4*len(x))/float64(time.Since(begin).Nanoseconds()))
			}
		})
	}
	running.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	rate, _ := readRates.LoadOrStore(key, sum)
	return rate.(float64)
}

// BenchmarkGemm multiplies [M, K] by [K, N], stored as they are or transposed, or with B packed before. "of-limit" is
// the share of what the processors in use could do at most. "of-bound" is that where memory allows as much, and otherwise
// the share of the speed at which both operands and the result could be read once.
func BenchmarkGemm(b *testing.B) {
	steps := [][3]int{{32, 128, 512}, {32, 256, 1024}, {32, 512, 2048}, {64, 650, 2600}, {32, 1024, 4096},
		{1, 512, 2048}, {4, 512, 2048}, {8, 512, 2048}}
	b.Run("packed", func(b *testing.B) {
		for _, s := range steps {
			benchmarkGemm(b, s, func(m, k, n int, x, y, c []float32) func() {
				var p kernel.Packed[float32]
				p.Pack(false, k, n, y, n)
				return func() { kernel.GemmPacked(false, m, 1, x, k, &p, 0, c, n, nil) }
			})
		}
	})
	b.Run("NN", func(b *testing.B) {
		for _, s := range steps {
			benchmarkGemm(b, s, func(m, k, n int, x, y, c []float32) func() {
				return func() { kernel.Gemm(false, false, m, n, k, 1, x, k, y, n, 0, c, n) }
			})
		}
	})
	b.Run("TN", func(b *testing.B) {
		benchmarkGemm(b, [3]int{512, 1600, 2048}, func(m, k, n int, x, y, c []float32) func() {
			return func() { kernel.Gemm(true, false, m, n, k, 1, x, m, y, n, 0, c, n) }
		})
	})
	b.Run("NT", func(b *testing.B) {
		for _, s := range [][3]int{{32, 2048, 512}, {1, 512, 2048}} {
			benchmarkGemm(b, s, func(m, k, n int, x, y, c []float32) func() {
				return func() { kernel.Gemm(false, true, m, n, k, 1, x, k, y, k, 0, c, n) }
			})
		}
	})
}

func benchmarkGemm(b *testing.B, size [3]int, prepare func(m, k, n int, x, y, c []float32) func()) {
	m, k, n := size[0], size[1], size[2]
	b.Run(fmt.Sprintf("%dx%dx%d", m, k, n), func(b *testing.B) {
		rng := rand.New(rand.NewPCG(1, 1))
		normal := func(n int) []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			return x
		}
		run := prepare(m, k, n, normal(m*k), normal(k*n), make([]float32, m*n))
		run()
		for b.Loop() {
			run()
		}
		rate := 2 * float64(m) * float64(k) * float64(n) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
		b.ReportMetric(rate, "GFLOP/s")
		if limit := peak(runtime.GOMAXPROCS(0)); limit > 0 {
			bytes := 4 * (m*k + k*n + m*n)
			perByte := 2 * float64(m) * float64(k) * float64(n) / float64(bytes)
			b.ReportMetric(rate/limit, "of-limit")
			b.ReportMetric(rate/min(limit, perByte*readRate(runtime.GOMAXPROCS(0), bytes)), "of-bound")
		}
	})
}

// BenchmarkPack packs a weight of a step, as it is and transposed.
func BenchmarkPack(b *testing.B) {
	for _, size := range [][2]int{{128, 512}, {512, 2048}, {1024, 4096}} {
		k, n := size[0], size[1]
		for _, trans := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dx%d/transposed=%t", k, n, trans), func(b *testing.B) {
				w := make([]float32, k*n)
				ld := n
				if trans {
					ld = k
				}
				var p kernel.Packed[float32]
				b.SetBytes(int64(4 * k * n))
				for b.Loop() {
					p.Pack(trans, k, n, w, ld)
				}
			})
		}
	}
}
