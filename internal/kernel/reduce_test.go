package kernel

import (
	"math"
	"testing"
)

// TestReductions compares with the definitions, to the bit, at all short lengths and across chunks.
func TestReductions(t *testing.T) {
	lengths := []int{vectorChunk, vectorChunk + 1, 2*vectorChunk + 77}
	for n := range 201 {
		lengths = append(lengths, n)
	}
	eachVectorSet(t, func(t *testing.T) {
		for _, n := range lengths {
			a, b := newGuarded(n, 1+n%7), newGuarded(n, 1+n%5)
			fillNormal(a.x, uint64(n))
			fillNormal(b.x, uint64(n)+1)
			if got, want := Sum(a.x), sumGeneric(a.x); got != want {
				t.Fatalf("Sum of %d: %v, want %v", n, got, want)
			}
			if got, want := Dot(a.x, b.x), dotGeneric(a.x, b.x); got != want {
				t.Fatalf("Dot of %d: %v, want %v", n, got, want)
			}
			if got, want := SumSquares(a.x), sumSquaresGeneric(a.x); got != want {
				t.Fatalf("SumSquares of %d: %v, want %v", n, got, want)
			}
			if !AllFinite(a.x) {
				t.Fatalf("AllFinite of %d finite numbers is false", n)
			}
			if n == 0 {
				continue
			}
			if got, want := Max(a.x), maxGeneric(a.x); got != want {
				t.Fatalf("Max of %d: %v, want %v", n, got, want)
			}
		}
	})
}

// TestSumIsClose compares with a sum in float64, so that definition and assembly cannot be wrong alike.
func TestSumIsClose(t *testing.T) {
	x := make([]float32, 1000)
	fillNormal(x, 5)
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	eachVectorSet(t, func(t *testing.T) {
		if got := float64(Sum(x)); math.Abs(got-sum) > 1e-4 {
			t.Errorf("Sum is %v, want %v", got, sum)
		}
		if got := SumSquares(x); math.Abs(got-squares) > 1e-9 {
			t.Errorf("SumSquares is %v, want %v", got, squares)
		}
		if got := float64(Dot(x, x)); math.Abs(got-squares) > 1e-5*squares {
			t.Errorf("Dot is %v, want %v", got, squares)
		}
	})
}

// TestOneOddElement puts a special value at every place of vectors among ordinary ones.
func TestOneOddElement(t *testing.T) {
	nan := float32(math.NaN())
	odd := []float32{nan, math.Float32frombits(0xffc00001), float32(math.Inf(1)), float32(math.Inf(-1)), 0,
		float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}
	eachVectorSet(t, func(t *testing.T) {
		for n := 1; n < 80; n += 1 + n/20 {
			for _, rest := range []float32{-3, 2, 0, float32(math.Copysign(0, -1))} {
				x := make([]float32, n)
				Fill(x, rest)
				for i := range x {
					for _, v := range odd {
						x[i] = v
						if got, want := Max(x), maxGeneric(x); !sameBits(got, want) {
							t.Fatalf("Max with %g at %d of %d among %g: %g, want %g", v, i, n, rest, got, want)
						}
						if got, want := AllFinite(x), v-v == 0; got != want {
							t.Fatalf("AllFinite with %g at %d of %d: %t", v, i, n, got)
						}
					}
					x[i] = rest
				}
			}
		}
	})
}

func TestMaxAcrossChunks(t *testing.T) {
	x := make([]float32, 2*vectorChunk+5)
	eachVectorSet(t, func(t *testing.T) {
		for _, at := range []int{0, vectorChunk - 1, vectorChunk, 2*vectorChunk + 4} {
			for _, v := range []float32{7, float32(math.NaN()), float32(math.Inf(1))} {
				Fill(x, -1)
				x[at] = v
				if got := Max(x); !sameBits(got, v) {
					t.Errorf("Max with %g at %d: %g", v, at, got)
				}
				if got := AllFinite(x); got != (v == 7) {
					t.Errorf("AllFinite with %g at %d: %t", v, at, got)
				}
			}
		}
	})
}

func TestAddRows(t *testing.T) {
	shapes := [][2]int{{0, 5}, {3, vectorChunk + 9}, {vectorChunk + 3, 2}, {700, 33}}
	for cols := range 75 {
		shapes = append(shapes, [2]int{1 + cols%6, cols})
	}
	eachVectorSet(t, func(t *testing.T) {
		for _, s := range shapes {
			rows, cols := s[0], s[1]
			dst, x := newGuarded(cols, 3), newGuarded(rows*cols, 1)
			fillNormal(dst.x, 1)
			fillNormal(x.x, 2)
			want := append([]float32{}, dst.x...)
			for r := range rows {
				addToGeneric(want, x.x[r*cols:][:cols])
			}
			AddRows(dst.x, x.x, rows, cols)
			for i := range want {
				if dst.x[i] != want[i] {
					t.Fatalf("AddRows of %d x %d: column %d is %v, want %v", rows, cols, i, dst.x[i], want[i])
				}
			}
			dst.check(t)
		}
	})
}

func TestSoftmaxRow(t *testing.T) {
	inf := float32(math.Inf(1))
	eachVectorSet(t, func(t *testing.T) {
		for n := 1; n < 200; n++ {
			x := newGuarded(n, n%5)
			fillNormal(x.x, uint64(n))
			Affine(x.x, x.x, 1, []float32{0, 100, -3000, 30000}[n%4])
			m, sum := maxGeneric(x.x), 0.0
			for _, v := range x.x {
				sum += math.Exp(float64(v) - float64(m))
			}
			want := float64(m) + math.Log(sum)
			p := newGuarded(n, n%3)
			l := SoftmaxRow(p.x, x.x)
			if got := LogSumExpRow(x.x); got != l || ulps(l, want) > 1 {
				t.Fatalf("of %d: SoftmaxRow gives %v, LogSumExpRow %v, want %v", n, l, got, want)
			}
			for i, v := range x.x {
				d := float64(v) - float64(m) // rounding it costs up to |d| units
				if e := math.Exp(d) / sum; ulps(p.x[i], e) > 3-d {
					t.Fatalf("softmax of %d: element %d is %v, want %v", n, i, p.x[i], e)
				}
			}
			p.check(t)
			SoftmaxRow(x.x, x.x)
			for i := range x.x {
				if x.x[i] != p.x[i] {
					t.Fatalf("softmax of %d in place: element %d is %v, want %v", n, i, x.x[i], p.x[i])
				}
			}
			x.check(t)
		}
		if got := LogSumExpRow([]float32{-inf, -inf}); got != -inf {
			t.Errorf("LogSumExpRow of -Inf: %v", got)
		}
		if got := LogSumExpRow([]float32{-inf, 3, -inf}); got != 3 {
			t.Errorf("LogSumExpRow of 3 and -Inf: %v", got)
		}
		if got := LogSumExpRow([]float32{1, float32(math.NaN()), 3}); got == got {
			t.Errorf("LogSumExpRow with NaN: %v", got)
		}
	})
}

// TestSoftmaxRowOddRows has rows of nothing, of one element, of equal large ones, and with infinities.
func TestSoftmaxRowOddRows(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	cases := []struct {
		x, want []float32
		lse     float32
	}{
		{nil, nil, -inf},
		{[]float32{-7}, []float32{1}, -7},
		{[]float32{10000, 10000}, []float32{0.5, 0.5}, 10000.6931},
		{[]float32{-inf, 2, -inf}, []float32{0, 1, 0}, 2},
		{[]float32{math.MaxFloat32, -math.MaxFloat32}, []float32{1, 0}, math.MaxFloat32},
		{[]float32{-inf, -inf}, []float32{nan, nan}, -inf},
		{[]float32{inf, 3}, []float32{nan, 0}, inf},
		{[]float32{1, nan}, []float32{nan, nan}, nan},
	}
	eachVectorSet(t, func(t *testing.T) {
		for _, c := range cases {
			got := make([]float32, len(c.x))
			if l := SoftmaxRow(got, c.x); !sameBits(l, c.lse) || !sameBits(LogSumExpRow(c.x), c.lse) {
				t.Errorf("SoftmaxRow(%v) returns %v, LogSumExpRow %v, want %v", c.x, l, LogSumExpRow(c.x), c.lse)
			}
			wide, wide64 := make([]float64, len(c.x)), make([]float64, len(c.x))
			for i, v := range c.x {
				wide[i] = float64(v)
			}
			SoftmaxRow(wide64, wide)
			for i, want := range c.want {
				if !sameBits(got[i], want) || !sameBits(float32(wide64[i]), want) {
					t.Errorf("SoftmaxRow(%v) = %v, in float64 %v, want %v", c.x, got, wide64, c.want)
				}
			}
		}
	})
}

// Logits of any size have the same logarithms of probabilities when all are moved by one number that changes none of
// their differences.
func TestLogSoftmaxRowOfLargeLogits(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 7, 64, 65, 1000} {
			near, far := make([]float32, n), make([]float32, n)
			for i := range near {
				near[i] = float32(i%13) - 6
				far[i] = near[i] + 16384
			}
			a, b := make([]float32, n), make([]float32, n)
			LogSoftmaxRow(a, near)
			LogSoftmaxRow(b, far)
			sum := 0.0
			for i := range a {
				if a[i] != b[i] {
					t.Fatalf("of %d: element %d is %v, and %v for larger logits", n, i, a[i], b[i])
				}
				sum += math.Exp(float64(a[i]))
			}
			if math.Abs(sum-1) > 1e-5 {
				t.Errorf("of %d: the probabilities add up to %v", n, sum)
			}
		}
	})
}
