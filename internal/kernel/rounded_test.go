package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var roundedShapes = [][3]int{
	{1, 1, 1}, {1, 5, 3}, {2, 64, 4}, {8, 32, 32}, {9, 33, 31}, {31, 127, 65}, {32, 128, 64}, {33, 129, 100}, {64, 256, 33},
	{15, 64, 40}, {300, 40, 257}, {0, 3, 4}, {3, 0, 4}, {3, 4, 0},
}

// eachEngine runs a test with all engines that run here, each with its definition, for both precisions or for one.
func eachEngine(t *testing.T, test func(t *testing.T, p Precision, e, definition *engine)) {
	for _, p := range []Precision{BFloat16Precision, BFloat16x3Precision} {
		t.Run(p.String()+"/loops", func(t *testing.T) { test(t, p, &tileLoops, &tileLoops) })
		if p == BFloat16Precision {
			t.Run(p.String()+"/pairs in loops", func(t *testing.T) { test(t, p, &pairLoops, &pairLoops) })
		}
		if e, err := fastEngine(p); err == nil {
			definition := &tileLoops
			if e.name == "AVX512_BF16" {
				definition = &pairLoops
			}
			t.Run(p.String()+"/"+e.name, func(t *testing.T) { test(t, p, e, definition) })
		}
	}
}

// roundedOff is what a product is off by, relative to the sum of the sizes of what is added up: the most, the root of the
// mean square, and the whole relative to the whole.
func roundedOff(m, n, k int, a, b, c []float32) (most, rms, norm float64) {
	var squares, off, all float64
	for i := range m {
		for j := range n {
			var exact, size float64
			for l := range k {
				v := float64(a[i*k+l]) * float64(b[l*n+j])
				exact += v
				size += math.Abs(v)
			}
			e := math.Abs(float64(c[i*n+j]) - exact)
			most = max(most, e/size)
			squares += e / size * e / size
			off += e * e
			all += exact * exact
		}
	}
	return most, math.Sqrt(squares / float64(m*n)), math.Sqrt(off / all)
}

// TestRounded compares the bits of products of every shape with the definition, looks at what must not be touched,
// and compares all with float64.
func TestRounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	eachEngine(t, func(t *testing.T, p Precision, e, definition *engine) {
		for _, s := range roundedShapes {
			m, n, k := s[0], s[1], s[2]
			for variant := range 12 {
				if e == definition && (variant < 6 || m > 100) || testing.Short() && m*n*k > 10000 && variant != 7 {
					continue // too slow
				}
				transA, transB, packed := variant%3 == 1, variant%3 == 2, variant/3%2 == 1
				more, beta := variant/6*3, []float32{0, 1, 0.5, 0}[variant%4]
				rowsA, colsA, rowsB, colsB := m, k, k, n
				if transA {
					rowsA, colsA = k, m
				}
				if transB {
					rowsB, colsB = n, k
				}
				a, b, c := newOperand[float32](rng, rowsA, colsA, more), newOperand[float32](rng, rowsB, colsB, more), newOperand[float32](rng, m, n, more)
				var bias []float32
				if variant%2 == 1 {
					bias = newOperand[float32](rng, 1, n, 0).x
				}
				want := operand[float32]{all: append([]float32(nil), c.all...), ld: c.ld}
				want.x = want.all[37 : len(want.all)-37]
				exact := roundedExact(transA, transB, m, n, k, a, b, beta, c, bias)
				gemmRounded(definition, p, transA, transB, m, n, k, a.x, a.ld, b.x, b.ld, beta, want.x, want.ld, bias)
				if packed {
					w := NewReduced(p.Format()).(*Rounded)
					w.set(e, k, n, b.x, b.ld, transB)
					w.share()
					w.multiply(e, transA, m, a.x, a.ld, beta, c.x, c.ld, bias)
				} else {
					gemmRounded(e, p, transA, transB, m, n, k, a.x, a.ld, b.x, b.ld, beta, c.x, c.ld, bias)
				}
				about := fmt.Sprintf("[%d, %d]·[%d, %d], variant %d", m, k, k, n, variant)
				if !c.sameMatrix(want.all) {
					t.Fatalf("%s: other bits than the definition", about)
				}
				bound := map[Precision]float64{BFloat16Precision: 0x1.02p-7, BFloat16x3Precision: 5e-5}[p]
				for i := range m {
					for j := range n {
						if got := exact[i*n+j]; math.Abs(float64(c.x[i*c.ld+j])-got[0]) > bound*got[1]+1e-6 {
							t.Fatalf("%s: element %d, %d is %v, want %v", about, i, j, c.x[i*c.ld+j], got[0])
						}
					}
				}
			}
		}
	})
}

// roundedExact is each element in float64, and the sum of the sizes of the products in it.
func roundedExact(transA, transB bool, m, n, k int, a, b operand[float32], beta float32, c operand[float32], bias []float32) [][2]float64 {
	out := make([][2]float64, m*n)
	for i := range m {
		for j := range n {
			o := &out[i*n+j]
			if beta != 0 {
				o[0] = float64(beta) * float64(c.x[i*c.ld+j])
			}
			if bias != nil {
				o[0] += float64(bias[j])
			}
			for l := range k {
				x, y := i*a.ld+l, l*b.ld+j
				if transA {
					x = l*a.ld + i
				}
				if transB {
					y = j*b.ld + l
				}
				v := float64(a.x[x]) * float64(b.x[y])
				o[0] += v
				o[1] += math.Abs(v)
			}
		}
	}
	return out
}

// TestRoundedError holds the errors against float64 between bounds, on the data of docs/precision.md.
func TestRoundedError(t *testing.T) {
	const m, n, k = 16, 64, 512
	data := map[string]func(rng *rand.Rand) (a, b float32){
		"tanh and uniform": func(r *rand.Rand) (a, b float32) {
			return float32(math.Tanh(r.NormFloat64())), float32(2*r.Float64()-1) / 16
		},
		"normal":   func(r *rand.Rand) (a, b float32) { return float32(r.NormFloat64()), float32(r.NormFloat64()) },
		"positive": func(r *rand.Rand) (a, b float32) { return r.Float32(), r.Float32() },
	}
	eachEngine(t, func(t *testing.T, p Precision, e, _ *engine) {
		most, rms := 1.2e-3, 2.5e-4
		if p == BFloat16x3Precision {
			most, rms = 2.5e-6, 5e-7
		}
		for name, draw := range data {
			rng := rand.New(rand.NewPCG(5, 6))
			a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
			for i := range a {
				a[i], _ = draw(rng)
			}
			for i := range b {
				_, b[i] = draw(rng)
			}
			gemmRounded(e, p, false, false, m, n, k, a, k, b, n, 0, c, n, nil)
			gotMost, gotRMS, norm := roundedOff(m, n, k, a, b, c)
			t.Logf("%s: most %.2g, rms %.2g, norm %.2g", name, gotMost, gotRMS, norm)
			if gotMost > most || gotRMS > rms || gotMost < most/20 || gotRMS < rms/20 {
				t.Errorf("%s: an error of %.2g at most, rms %.2g; want below %.2g and %.2g, and above a twentieth of them", name, gotMost, gotRMS, most, rms)
			}
		}
	})
}

// TestRoundedSpecialValues has what becomes of infinities, NaN, the largest and the smallest numbers.
func TestRoundedSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	const largest = math.MaxFloat32
	for _, c := range []struct{ a, b, one, three float32 }{
		{inf, 2, inf, nan}, {-inf, 2, -inf, nan}, {2, -inf, -inf, nan}, {inf, 0, nan, nan}, {nan, 1, nan, nan}, {0, nan, nan, nan},
		{math.Float32frombits(0x7fffffff), 1, nan, nan}, {math.Float32frombits(0xffffffff), 0, nan, nan},
		{largest, 1, inf, nan}, {largest, 0.5, inf, nan}, {1e20, 1e20, inf, inf}, {3.3895314e38, 1, 3.3895314e38, 3.3895314e38},
		{1e-40, 1, 0, 0}, {1e-40, 1e20, 0, 0}, {1e-20, 1e-20, 0, 0}, {-1e-40, 1, 0, 0},
		{0x1p-126, 1, 0x1p-126, 0x1p-126}, {0x1.02p-126, 0.5, 0, 0},
		{1.2345678e-37, 1, 0x1.5p-123, 0x1.5p-123}, {1 + 0x1p-8, 1, 1, 1 + 0x1p-8}, {1 + 0x1p-15, 1, 1, 1 + 0x1p-15},
	} {
		eachEngine(t, func(t *testing.T, p Precision, e, _ *engine) {
			want := c.one
			if p == BFloat16x3Precision {
				want = c.three
			}
			out := make([]float32, 2)
			gemmRounded(e, p, false, false, 1, 2, 3, []float32{c.a, 0.5, 0.25}, 3, []float32{c.b, 1, 0, 3, 0, 5}, 2, 0, out, 2, nil)
			if got := out[0]; !sameBits(got, want) && (got != 0 || want != 0) {
				t.Errorf("%g·%g is %g, want %g", c.a, c.b, got, want)
			}
			if c.a-c.a == 0 && (e == &tileLoops || p == BFloat16Precision) && c.a < 3.39e38 && out[1]-out[1] != 0 {
				t.Errorf("%g·%g: the other column is %g", c.a, c.b, out[1])
			}
		})
	}
}

// TestRoundedTinySums has sums about the smallest number that is not denormal, 2⁻¹²⁶ - c·2⁻¹⁵⁰, which are rounded before they
// are looked at.
func TestRoundedTinySums(t *testing.T) {
	eachEngine(t, func(t *testing.T, p Precision, e, _ *engine) {
		if e.name != pairLoops.name && e.name != "AVX512_BF16" {
			return // AMX adds up such pairs apart
		}
		for c, want := range map[float32]float32{0.5: 0x1p-126, 0.75: 0, 1: 0, 1.5: 0, -1: 0x1p-126, -2: 0x1.000002p-126} {
			out := make([]float32, 1)
			gemmRounded(e, p, false, false, 1, 1, 2, []float32{-0x1p-75 * c, 0x1p-63}, 2, []float32{0x1p-75, 0x1p-63}, 1, 0, out, 1, nil)
			if out[0] != want {
				t.Errorf("%s: %v is %b, want %b", e.name, c, out[0], want)
			}
		}
	})
}

// TestRoundedRowsAreTheSameAlone multiplies many rows at once, and each alone.
func TestRoundedRowsAreTheSameAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	eachEngine(t, func(t *testing.T, p Precision, e, definition *engine) {
		m, k, n := 13, 70, 140
		if e != definition {
			m, k, n = 70, 1030, 1100 // enough to be shared
		}
		a, b := newOperand[float32](rng, m, k, 0), newOperand[float32](rng, k, n, 0)
		w, c, one := NewReduced(p.Format()).(*Rounded), make([]float32, m*n), make([]float32, n)
		w.set(e, k, n, b.x, b.ld, false)
		w.share()
		w.multiply(e, false, m, a.x, a.ld, 0, c, n, nil)
		for i := range m {
			w.multiply(e, false, 1, a.x[i*k:], a.ld, 0, one, n, nil)
			for j, v := range one {
				if math.Float32bits(v) != math.Float32bits(c[i*n+j]) {
					t.Fatalf("row %d, column %d: %v alone, %v among others", i, j, v, c[i*n+j])
				}
			}
		}
	})
}

// TestCheckEngine has the check find engines that are wrong in small ways.
func TestCheckEngine(t *testing.T) {
	eachEngine(t, func(t *testing.T, p Precision, e, definition *engine) {
		if err := checkEngine(p, e, definition); err != nil {
			t.Error(err)
		}
	})
	swapped := tileLoops // tiles 1 and 2 of the sums are in each other's place
	swapped.multiply = func(parts, blocks, rows, panels int, a, b []uint32, c []float32, ldc int, _ bool) {
		whole := make([]float32, stripLines*panels*stripLines)
		tileLoops.multiply(parts, blocks, stripLines, panels, a, b, whole, panels*stripLines, false)
		for r := range rows {
			for j := range panels * stripLines {
				from, column := r, j
				if r/tileLines != j%stripLines/tileLines {
					from, column = r^tileLines, j^tileLines
				}
				c[r*ldc+j] = whole[from*panels*stripLines+column]
			}
		}
	}
	truncating := tileLoops // numbers are cut off, not rounded
	truncating.roundRows = func(parts int, tile []uint32, src []float32, ld, rows, depth int) {
		cut := make([]float32, (rows-1)*ld+depth)
		for i := range cut {
			cut[i] = math.Float32frombits(math.Float32bits(src[i]) &^ 0xffff)
			if parts == 2 { // all but the second part
				cut[i] = math.Float32frombits(math.Float32bits(src[i]) &^ 0xff)
			}
		}
		roundRowsGeneric(parts, tile, cut, ld, rows, depth)
	}
	forgetful := tileLoops // the smallest of the products is not added
	forgetful.multiply = multiplier(func(parts, blocks int, a, b []uint32) float32 {
		if parts == 2 {
			a = append([]uint32(nil), a...)
			for k := range blocks {
				last := k*parts*partSize + partSize
				clear(a[last:min(last+tileLines, len(a))])
			}
		}
		return tileSums(parts, blocks, a, b)
	})
	for name, c := range map[string]struct {
		p Precision
		e *engine
	}{
		"swapped tiles": {BFloat16Precision, &swapped}, "swapped tiles, split": {BFloat16x3Precision, &swapped},
		"no rounding": {BFloat16Precision, &truncating}, "no rounding, split": {BFloat16x3Precision, &truncating},
		"no second part": {BFloat16x3Precision, &forgetful}, "another order of sums": {BFloat16Precision, &pairLoops},
	} {
		if checkEngine(c.p, c.e, &tileLoops) == nil {
			t.Errorf("%s: the check has found nothing", name)
		}
	}
}

func TestRoundedAllocatesNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, p Precision, e, _ *engine) {
		const m, k, n = 20, 60, 70
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		if allocations := testing.AllocsPerRun(10, func() {
			gemmRounded(e, p, false, false, m, n, k, a, k, b, n, 0, c, n, nil)
		}); allocations > 0 {
			t.Errorf("%v allocations", allocations)
		}
	})
}

func BenchmarkRounded(b *testing.B) {
	for _, s := range []struct {
		m, k, n int
		tn      bool
	}{{1, 1024, 4096, false}, {8, 32, 128, false}, {32, 512, 2048, false}, {50, 512, 2048, false}, {32, 128, 512, false}, {64, 650, 2600, false}, {32, 1024, 4096, false}, {1750, 512, 2048, false}, {512, 1600, 2048, true}} {
		rng := rand.New(rand.NewPCG(1, 1))
		rows, cols := s.m, s.k
		if s.tn {
			rows, cols = cols, rows
		}
		x, y := newOperand[float32](rng, rows, cols, 0), newOperand[float32](rng, s.k, s.n, 0)
		c := make([]float32, s.m*s.n)
		size := fmt.Sprintf("%dx%dx%d", s.m, s.k, s.n)
		rate := func(name string, f func()) {
			b.Run(size+"/"+name, func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(2*float64(s.m*s.k*s.n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
		if s.tn {
			rate("float32 TN", func() { GemmBias(true, false, s.m, s.n, s.k, 1, x.x, x.ld, y.x, y.ld, 0, c, s.n, nil) })
			rate("bf16 TN", func() {
				GemmRounded(BFloat16Precision, true, false, s.m, s.n, s.k, x.x, x.ld, y.x, y.ld, 0, c, s.n, nil)
			})
			continue
		}
		var full Packed[float32]
		full.Pack(false, s.k, s.n, y.x, y.ld)
		w := NewReduced(RoundedFormat)
		w.Pack(false, s.k, s.n, y.x, y.ld)
		rate("float32", func() { GemmPacked(false, s.m, 1, x.x, x.ld, &full, 0, c, s.n, nil) })
		rate("bf16", func() { w.Multiply(s.m, x.x, x.ld, 0, c, s.n, nil) })
	}
}
