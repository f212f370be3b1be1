package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// large are products that a team shares: by columns, by rows, streamed both ways.
var large = []gemmCase{
	{m: 32, n: 517, k: 300},
	{m: 263, n: 40, k: 520, transA: true},
	{m: 700, n: 9, k: 600, transB: true},
	{m: 140, n: 300, k: 530, transA: true, transB: true},
	{m: 2, n: 1500, k: 1500},
	{m: 1, n: 1503, k: 1501, transB: true},
}

// product gives the function that computes g, packed or not, of fixed operands into c.
func (g gemmCase) product(packed bool) (run func(), c []float32) {
	rng, sa, sb := g.operands(3)
	a, b := newOperand[float32](rng, sa[0], sa[1], 0), newOperand[float32](rng, sb[0], sb[1], 0)
	c = make([]float32, g.m*g.n)
	var p Packed[float32]
	return func() {
		if packed {
			p.Pack(g.transB, g.k, g.n, b.x, b.ld)
			GemmPacked(g.transA, g.m, 1, a.x, a.ld, &p, 0, c, g.n, nil)
		} else {
			Gemm(g.transA, g.transB, g.m, g.n, g.k, 1, a.x, a.ld, b.x, b.ld, 0, c, g.n)
		}
	}, c
}

func sameFloats(a, b []float32) bool {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// TestGemmDeterminism wants the same bits whatever the number of processors.
func TestGemmDeterminism(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	eachVectorSet(t, func(t *testing.T) {
		for _, g := range large {
			for _, packed := range []bool{false, true} {
				run, c := g.product(packed)
				runtime.GOMAXPROCS(1)
				run()
				want := append([]float32{}, c...)
				for _, procs := range []int{2, 4, 3} {
					if testing.Short() && procs == 4 {
						continue // as 2, which halves the work again
					}
					runtime.GOMAXPROCS(procs)
					clear(c)
					if run(); !sameFloats(c, want) {
						t.Errorf("%v, packed %t: %d processors give other bits than one", g, packed, procs)
					}
				}
			}
		}
	})
}

// TestGemmConcurrent has several callers at a time, only one of which gets the team.
func TestGemmConcurrent(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var callers sync.WaitGroup
	for i, g := range large[:4] {
		run, c := g.product(i%2 == 0)
		run()
		want := append([]float32{}, c...)
		callers.Go(func() {
			for range 10 {
				clear(c)
				if run(); !sameFloats(c, want) {
					t.Errorf("%v: wrong beside other callers", g)
				}
			}
		})
	}
	callers.Wait()
}

// TestPackedIsShared multiplies several times at once by the same packed matrix.
func TestPackedIsShared(t *testing.T) {
	const m, n, k = 5, 70, 90
	rng := rand.New(rand.NewPCG(1, 1))
	a, b := newOperand[float64](rng, m, k, 0), newOperand[float64](rng, k, n, 0)
	var p Packed[float64]
	p.Pack(false, k, n, b.x, n)
	results := make([][]float64, 4)
	var callers sync.WaitGroup
	for i := range results {
		callers.Go(func() {
			results[i] = make([]float64, m*n)
			GemmPacked(false, m, 1, a.x, k, &p, 0, results[i], n, nil)
		})
	}
	callers.Wait()
	for i, r := range results[1:] {
		for j, v := range r {
			if v != results[0][j] {
				t.Fatalf("caller %d: element %d is %g, want %g", i+1, j, v, results[0][j])
			}
		}
	}
}

// TestGemmNoAllocation also packs again into the same memory.
func TestGemmNoAllocation(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	cases := append([]gemmCase{{m: 2, n: 3, k: 4}, {m: 9, n: 40, k: 30, transB: true}}, large...)
	eachVectorSet(t, func(t *testing.T) {
		for i, g := range cases {
			if i >= 2 && tileShape[float32]().rows == 0 {
				break // nothing is shared
			}
			run, _ := g.product(i%2 == 0)
			// AllocsPerRun leaves one processor: what a team allocates is counted in another way.
			if n := testing.AllocsPerRun(2, run); n != 0 {
				t.Errorf("%v: %g allocations", g, n)
			}
			if n := allocations(run); n >= 10 { // the run-time system may have some of its own
				t.Errorf("%v: %d allocations in 10 shared products", g, n)
			}
		}
	})
}

// allocations counts those in ten runs, after two to warm up.
func allocations(run func()) uint64 {
	var before, after runtime.MemStats
	run()
	run()
	runtime.ReadMemStats(&before)
	for range 10 {
		run()
	}
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// counted is a job that counts how often each of its parts is done.
type counted struct{ times []atomic.Int32 }

func (c *counted) part(i int, s *scratch) {
	c.times[i].Add(1)
	s.a[0]++ // nobody else has this scratch
}

// TestTeam gives jobs to members that look out, and to members that sleep.
func TestTeam(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	team := team{wake: make(chan struct{}, maxMembers)}
	for r := range 3000 {
		parts := 1 + r%23
		job := &counted{times: make([]atomic.Int32, parts)}
		team.run(job, parts, r%4)
		for i := range job.times {
			if n := job.times[i].Load(); n != 1 {
				t.Fatalf("job %d: part %d of %d done %d times", r, i, parts, n)
			}
		}
		if r%100 == 0 {
			time.Sleep(time.Millisecond) // members fall asleep
		}
	}
}

// TestTeamSleeps wants members that have nothing to do to sleep.
func TestTeamSleeps(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	team := team{wake: make(chan struct{}, maxMembers)}
	team.run(&counted{times: make([]atomic.Int32, 8)}, 8, 3)
	for deadline := time.Now().Add(time.Minute); team.asleep.Load() < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d members sleep, want 3", team.asleep.Load())
		}
	}
}

// FuzzGemm compares products of any shape with the definition.
func FuzzGemm(f *testing.F) {
	f.Add(uint8(0), uint8(1), uint8(1), uint16(1), uint8(0), uint64(1))
	f.Add(uint8(1), uint8(9), uint8(33), uint16(513), uint8(3), uint64(2))
	f.Add(uint8(2), uint8(2), uint8(130), uint16(37), uint8(7), uint64(3))
	f.Add(uint8(3), uint8(130), uint8(25), uint16(600), uint8(1), uint64(4))
	f.Fuzz(func(t *testing.T, transpose, m, n uint8, k uint16, more uint8, scale uint64) {
		g := gemmCase{transA: transpose&1 != 0, transB: transpose&2 != 0, m: int(m), n: int(n), k: int(k % 1100),
			moreA: int(more & 3), moreB: int(more >> 2 & 3), moreC: int(more >> 4 & 3),
			alpha: scalars[scale%4], beta: scalars[scale/4%4]}
		checkGemmBoth(t, g)
	})
}

func ExampleGemmPacked() {
	w := []float32{1, 2, 3, 4, 5, 6} // [2, 3]
	var p Packed[float32]
	p.Pack(false, 2, 3, w, 3)
	h := make([]float32, 3)
	GemmPacked(false, 1, 1, []float32{10, 1}, 2, &p, 0, h, 3, nil)
	fmt.Println(h)
	// Output: [14 25 36]
}
