package kernel

import (
	"fmt"
	"testing"
)

// BenchmarkVector gives ns per element of 4096, which stay in the cache. UNROLL_KERNEL chooses the implementation.
func BenchmarkVector(b *testing.B) {
	const n = 4096
	dst, x, y := make([]float32, n), make([]float32, n), make([]float32, n)
	fillNormal(x, 1)
	fillNormal(y, 2)
	total := 0.0
	run := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/elem")
			b.ReportMetric(0, "ns/op")
		})
	}
	for _, c := range vectorCases {
		if c.name == "Log" || c.name == "Sqrt" {
			Abs(x, x)
		} else {
			fillNormal(x, 1)
		}
		Fill(dst, 0)
		run(c.name, func() { c.run(dst, x, y) })
	}
	run("Sum", func() { total += float64(Sum(x)) })
	run("Dot", func() { total += float64(Dot(x, y)) })
	run("SumSquares", func() { total += SumSquares(x) })
	run("Max", func() { total += float64(Max(x)) })
	run("AllFinite", func() { AllFinite(x) })
	run("AddRows", func() { AddRows(dst[:128], x, 32, 128) })
	ids := make([]int, 32)
	for i := range ids {
		ids[i] = i * 7 % 13
	}
	run("ScatterAddRows", func() { ScatterAddRows(dst[:13*128], x, ids, 128, -1) })
	run("LogSumExpRow", func() { total += float64(LogSumExpRow(x)) })
	run("SoftmaxRow", func() { SoftmaxRow(dst, x) })
	for _, c := range updates {
		var p [5][]float32
		for i := range p {
			p[i] = make([]float32, n)
			fillNormal(p[i], uint64(i))
			Abs(p[i], p[i])
		}
		// Gradients that alternate keep all vectors where they are, far from numbers that take longer.
		back := p
		back[1] = make([]float32, n)
		Neg(back[1], p[1])
		run(c.name, func() {
			c.run(p)
			p, back = back, p
		})
	}
}

// BenchmarkShort gives ns a call for a few elements, where the way to the kernel counts.
func BenchmarkShort(b *testing.B) {
	dst, x, y := make([]float32, 128), make([]float32, 128), make([]float32, 128)
	fillNormal(x, 1)
	for _, n := range []int{1, 3, 8, 16, 24, 32, 64, 128} {
		for _, c := range vectorCases {
			if c.name == "Add" || c.name == "Tanh" {
				b.Run(fmt.Sprint(c.name, "/", n), func(b *testing.B) {
					for b.Loop() {
						c.run(dst[:n], x, y)
					}
				})
			}
		}
	}
}
