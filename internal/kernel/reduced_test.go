package kernel

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

var reducedShapes = []struct{ m, k, n int }{
	{1, 1, 1}, {1, 3, 5}, {2, 4, 64}, {3, 7, 65}, {4, 64, 128}, {5, 65, 127}, {7, 130, 129}, {1, 300, 257}, {8, 33, 300}, {6, 2, 16},
	{0, 3, 4}, {3, 0, 4}, {3, 4, 0},
}

// exactFMA is a·b + c in float32, rounded once.
func exactFMA(a, b, c float32) float32 {
	exact := func(x float32) *big.Float { return new(big.Float).SetPrec(600).SetFloat64(float64(x)) }
	v := exact(a)
	v.Mul(v, exact(b))
	v.Add(v, exact(c))
	f, _ := v.Float32()
	if f == 0 { // the sign of zero is the sum's, not the sum of exact values'
		return float32(math.FMA(float64(a), float64(b), float64(c)))
	}
	return f
}

// reducedDefinition is what the kernels must give, from what was packed; fused tells that products are not rounded.
func reducedDefinition(w Reduced, fused bool, transB bool, k, n int, b []float32, ldb, m int, a []float32, lda int,
	beta float32, c []float32, ldc int, bias []float32) {
	at := func(l, j int) float32 {
		if transB {
			return b[j*ldb+l]
		}
		return b[l*ldb+j]
	}
	for i := range m {
		for j := range n {
			sum := float32(0)
			switch w.(type) {
			case *BFloat16:
				for l := range k {
					x, y := a[i*lda+l], fromBFloat16(toBFloat16(at(l, j)))
					if fused {
						sum = exactFMA(x, y, sum)
					} else {
						sum += float32(x * y)
					}
				}
			case *Int8:
				var largestA, largestB float32
				for l := range k {
					largestA, largestB = max(largestA, float32(math.Abs(float64(a[i*lda+l])))), max(largestB, float32(math.Abs(float64(at(l, j)))))
				}
				exact := 0
				for l := range k {
					exact += int(quantised(a[i*lda+l], largestA/127)) * int(quantised(at(l, j), largestB/127))
				}
				sum = float32(exact) * (largestA / 127) * (largestB / 127)
			}
			out := &c[i*ldc+j]
			if beta == 0 {
				*out = sum
			} else {
				*out = float32(*out*beta) + sum
			}
			if bias != nil {
				*out += bias[j]
			}
		}
	}
}

// eachReduced runs a test with every set of kernels and both formats.
func eachReduced(t *testing.T, test func(t *testing.T, fused bool, create func() Reduced)) {
	eachReducedSet(t, func(t *testing.T) {
		fused := Features() != "generic"
		t.Run("bfloat16", func(t *testing.T) { test(t, fused, func() Reduced { return new(BFloat16) }) })
		t.Run("int8", func(t *testing.T) { test(t, fused, func() Reduced { return new(Int8) }) })
	})
}

// TestReduced compares the bits of products of every shape with the definition, and looks at what must not be touched.
func TestReduced(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	eachReduced(t, func(t *testing.T, fused bool, create func() Reduced) {
		w := create()
		for _, s := range reducedShapes {
			for variant := range 8 {
				if testing.Short() && s.m*s.k*s.n > 10000 && variant != 7 {
					continue // several panels and pieces, once: the definition, exact as it is, takes seconds in an emulator
				}
				transB, more, withBias := variant&1 > 0, variant>>1&1*3, variant&4 > 0
				beta := []float32{0, 1, 0.5}[variant%3]
				rows, cols := s.k, s.n
				if transB {
					rows, cols = cols, rows
				}
				b := newOperand[float32](rng, rows, cols, more)
				a, c := newOperand[float32](rng, s.m, s.k, more), newOperand[float32](rng, s.m, s.n, more)
				var bias []float32
				if withBias {
					bias = newOperand[float32](rng, 1, s.n, 0).x
				}
				want := append([]float32(nil), c.all...)
				const fence = 37
				reducedDefinition(w, fused, transB, s.k, s.n, b.x, b.ld, s.m, a.x, a.ld, beta, want[fence:], c.ld, bias)
				w.Pack(transB, s.k, s.n, b.x, b.ld)
				w.Multiply(s.m, a.x, a.ld, beta, c.x, c.ld, bias)
				if !c.sameMatrix(want) {
					t.Errorf("%+v, transB %v, %d more, beta %v, bias %v: other bits than the definition", s, transB, more, beta, withBias)
				}
			}
		}
	})
}

// TestReducedError compares with the product in float64.
func TestReducedError(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const m, k, n = 3, 512, 256
	a, b := newOperand[float32](rng, m, k, 0), newOperand[float32](rng, k, n, 0)
	eachReduced(t, func(t *testing.T, _ bool, create func() Reduced) {
		w, c := create(), make([]float32, m*n)
		w.Pack(false, k, n, b.x, b.ld)
		w.Multiply(m, a.x, a.ld, 0, c, n, nil)
		var off, norm float64
		for i := range m {
			for j := range n {
				var sum float64
				for l := range k {
					sum += float64(a.x[i*k+l]) * float64(b.x[l*n+j])
				}
				off += (sum - float64(c[i*n+j])) * (sum - float64(c[i*n+j]))
				norm += sum * sum
			}
		}
		bound := 0.003 // half a unit of 8 bits, uniform numbers
		if _, ok := w.(*Int8); ok {
			bound = 0.01
		}
		if got := math.Sqrt(off / norm); got > bound || got < bound/10 {
			t.Errorf("relative error %.2g, want below %.2g and above a tenth of it", got, bound)
		}
	})
}

// TestReducedRowsAreTheSameAlone multiplies many rows at once, and each alone.
func TestReducedRowsAreTheSameAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const m, k, n = 13, 1030, 1100 // enough to be shared
	a, b := newOperand[float32](rng, m, k, 0), newOperand[float32](rng, k, n, 0)
	eachReduced(t, func(t *testing.T, _ bool, create func() Reduced) {
		w, c, one := create(), make([]float32, m*n), make([]float32, n)
		w.Pack(false, k, n, b.x, b.ld)
		w.Multiply(m, a.x, a.ld, 0, c, n, nil)
		for i := range m {
			w.Multiply(1, a.x[i*k:], a.ld, 0, one, n, nil)
			for j, v := range one {
				if math.Float32bits(v) != math.Float32bits(c[i*n+j]) {
					t.Fatalf("row %d, column %d: %v alone, %v among others", i, j, v, c[i*n+j])
				}
			}
		}
	})
}

// TestReducedSpecialValues keeps infinities and NaN from disappearing.
func TestReducedSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	finite := func(x float32) bool { return x-x == 0 }
	eachReduced(t, func(t *testing.T, _ bool, create func() Reduced) {
		for _, special := range []float32{inf, -inf, nan} {
			for _, c := range []struct{ a, b float32 }{{special, 1}, {1, special}, {special, 0}, {0, special}} {
				w, out := create(), make([]float32, 2)
				w.Pack(false, 3, 2, []float32{c.b, 1, 2, 3, 4, 5}, 2)
				w.Multiply(1, []float32{c.a, 0.5, 0.25}, 3, 0, out, 2, nil)
				if finite(out[0]) {
					t.Errorf("%v·%v + …: %v", c.a, c.b, out[0])
				}
				if finite(c.a) && !finite(out[1]) {
					t.Errorf("%v·%v + …: the other column is %v", c.a, c.b, out[1])
				}
			}
		}
	})
}

func TestBFloat16Rounding(t *testing.T) {
	for _, c := range []struct{ bits, want uint32 }{
		{0x3f800000, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f818000, 0x3f82}, {0x3f808001, 0x3f81}, {0x80000000, 0x8000},
		{0x7f7fffff, 0x7f80}, {0x7f800000, 0x7f80}, {0xff800000, 0xff80}, {0x7f800001, 0x7fc0}, {0x00000001, 0x0000}, {0x00018000, 0x0002},
	} {
		if got := toBFloat16(math.Float32frombits(c.bits)); uint32(got) != c.want {
			t.Errorf("%#x became %#x, want %#x", c.bits, got, c.want)
		}
	}
}

// TestQuantised compares with the rounding of float64, at ties and beyond the ends too.
func TestQuantised(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, scale := range []float32{1, 0.5, 0.3, 1e30, 1e-38, math.SmallestNonzeroFloat32, 0, float32(math.NaN())} {
		for i := range 2000 {
			x := scale * float32(rng.IntN(4*191)-2*191) / 2
			if i%2 > 0 {
				x = scale * float32(rng.Float64()-0.5) * 381
			}
			want := int32(0)
			if scale > 0 {
				want = int32(math.RoundToEven(float64(min(max(x/scale, -127), 127))))
			}
			if got := quantised(x, scale); got != want {
				t.Fatalf("%v in units of %v: %d, want %d", x, scale, got, want)
			}
		}
	}
}

func TestReducedAllocatesNothing(t *testing.T) {
	eachReduced(t, func(t *testing.T, _ bool, create func() Reduced) {
		w, a, b, c := create(), make([]float32, 600), make([]float32, 600*700), make([]float32, 700)
		w.Pack(false, 600, 700, b, 700)
		if n := testing.AllocsPerRun(20, func() { w.Multiply(1, a, 600, 0, c, 700, nil) }); n > 0 {
			t.Errorf("%v allocations", n)
		}
		if n := testing.AllocsPerRun(5, func() { w.Pack(false, 600, 700, b, 700) }); n > 0 {
			t.Errorf("%v allocations by packing", n)
		}
	})
}

func BenchmarkReduced(b *testing.B) {
	for _, s := range []struct{ m, k, n int }{{1, 512, 2048}, {1, 1024, 2048}, {1, 1024, 4096}, {1, 512, 10000}, {4, 1024, 4096}} {
		rng := rand.New(rand.NewPCG(1, 1))
		x, y := newOperand[float32](rng, s.m, s.k, 0), newOperand[float32](rng, s.k, s.n, 0)
		c := make([]float32, s.m*s.n)
		var full Packed[float32]
		full.Pack(false, s.k, s.n, y.x, y.ld)
		size := fmt.Sprintf("%dx%dx%d", s.m, s.k, s.n)
		b.Run(size+"/float32", func(b *testing.B) {
			for b.Loop() {
				GemmPacked(false, s.m, 1, x.x, x.ld, &full, 0, c, s.n, nil)
			}
		})
		for _, f := range []struct {
			name string
			w    Reduced
		}{{"bfloat16", new(BFloat16)}, {"int8", new(Int8)}} {
			w := f.w
			w.Pack(false, s.k, s.n, y.x, y.ld)
			b.Run(size+"/"+f.name, func(b *testing.B) {
				for b.Loop() {
					w.Multiply(s.m, x.x, x.ld, 0, c, s.n, nil)
				}
			})
		}
	}
}

func BenchmarkReducedPack(b *testing.B) {
	const k, n = 1024, 4096
	y := newOperand[float32](rand.New(rand.NewPCG(1, 1)), k, n, 0)
	for _, f := range []Format{BFloat16Format, Int8Format} {
		for _, transB := range []bool{false, true} {
			w, ldb := NewReduced(f), n
			if transB {
				ldb = k
			}
			b.Run(fmt.Sprintf("%v/transB=%v", f, transB), func(b *testing.B) {
				b.SetBytes(4 * k * n)
				for b.Loop() {
					w.Pack(transB, k, n, y.x, ldb)
				}
			})
		}
	}
}
