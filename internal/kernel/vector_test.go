package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// vectorCase is an element-wise kernel in a common form: dst is written, and read by some; operands not used are
// ignored.
type vectorCase struct {
	name     string
	run, def func(dst, a, b []float32) // the exported kernel and its definition
	ulp      float64                   // by how much they may differ, of float32 units in the last place
}

func one(f func(dst, x []float32)) func(dst, a, b []float32) {
	return func(dst, a, _ []float32) { f(dst, a) }
}

var vectorCases = []vectorCase{
	{"Add", Add[float32], addGeneric[float32], 0},
	{"Sub", Sub[float32], subGeneric[float32], 0},
	{"Mul", Mul[float32], mulGeneric[float32], 0},
	{"Div", Div[float32], divGeneric[float32], 0},
	{"AddTo", one(AddTo[float32]), one(addToGeneric[float32]), 0},
	{"SigmoidGrad", SigmoidGrad[float32], sigmoidGradGeneric[float32], 0},
	{"TanhGrad", TanhGrad[float32], tanhGradGeneric[float32], 0},
	{"ReLUGrad", ReLUGrad[float32], reluGradGeneric[float32], 0},
	{"ReLU", one(ReLU[float32]), one(reluGeneric[float32]), 0},
	{"Neg", one(Neg[float32]), one(negGeneric[float32]), 0},
	{"Abs", one(Abs[float32]), one(absGeneric[float32]), 0},
	{"Square", one(Square[float32]), one(squareGeneric[float32]), 0},
	{"Sqrt", one(Sqrt[float32]), one(sqrtGeneric[float32]), 0},
	{"Axpy", func(dst, a, _ []float32) { Axpy(dst, -1.7, a) },
		func(dst, a, _ []float32) { axpyGeneric(dst, -1.7, a) }, 0},
	{"Affine", func(dst, a, _ []float32) { Affine(dst, a, 0.3, -1) },
		func(dst, a, _ []float32) { affineGeneric(dst, a, 0.3, -1) }, 0},
	{"Fill", func(dst, _, _ []float32) { Fill(dst, 3) },
		func(dst, _, _ []float32) { fillGeneric(dst, 3) }, 0},
	{"Exp", one(Exp[float32]), one(expGeneric[float32]), 2},
	{"Log", one(Log[float32]), one(logGeneric[float32]), 2},
	{"Tanh", one(Tanh[float32]), one(tanhGeneric[float32]), 4},
	{"Sigmoid", one(Sigmoid[float32]), one(sigmoidGeneric[float32]), 4},
	{"Softplus", one(Softplus[float32]), one(softplusGeneric[float32]), 4},
}

// sameBits tells whether a and b are the same number with the same sign, or both NaN.
func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// special are values where kernels go wrong.
var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, float32(math.Inf(1)), float32(math.Inf(-1)),
	float32(math.NaN()), math.Float32frombits(0xffc00001), math.MaxFloat32, -math.MaxFloat32,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-126, -0x1p-126, 0x1.fffffcp-127, -0x1.fffffcp-127,
	88.72283, 88.72284, 89, -87.33655, -103.97208, -103.97209, -104, -105, 9.01, -9.02, 10, -10, 1e-20, -1e-20}

func fillNormal(x []float32, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range x {
		x[i] = float32(2 * rng.NormFloat64())
	}
}

// fillMixed fills x with ordinary and special values.
func fillMixed(x []float32, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	for i := range x {
		switch rng.IntN(8) {
		case 0:
			x[i] = special[rng.IntN(len(special))]
		case 1:
			x[i] = math.Float32frombits(rng.Uint32())
		default:
			x[i] = float32(3 * rng.NormFloat64())
		}
	}
}

const guard = 0x7fc0dead // a NaN that no kernel gives

// guarded is a slice of n at an offset from alignment, with guard words on both sides up to its capacity and beyond.
type guarded struct {
	all, x []float32
	offset int
}

func newGuarded(n, offset int) guarded {
	g := guarded{all: make([]float32, n+offset+40), offset: offset}
	for i := range g.all {
		g.all[i] = math.Float32frombits(guard)
	}
	g.x = g.all[offset : offset+n]
	return g
}

func (g guarded) check(t *testing.T) {
	t.Helper()
	for i, v := range g.all {
		if (i < g.offset || i >= g.offset+len(g.x)) && math.Float32bits(v) != guard {
			t.Fatalf("element %d of %d overwritten", i-g.offset, len(g.x))
		}
	}
}

// TestVectorKernels compares every kernel with its definition, at all short lengths and offsets, with dst apart from
// the operands and the same as one of them.
func TestVectorKernels(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		for _, c := range vectorCases {
			for n := range 201 {
				checkVectorKernel(t, c, n, uint64(n))
			}
			checkVectorKernel(t, c, vectorChunk+37, 1)
		}
	})
}

func checkVectorKernel(t *testing.T, c vectorCase, n int, seed uint64) {
	t.Helper()
	dst, a, b := newGuarded(n, 1+int(seed%7)), newGuarded(n, 1+int(seed%5)), newGuarded(n, 1+int(seed%3))
	fillMixed(a.x, seed)
	fillMixed(b.x, seed+1000)
	fillMixed(dst.x, seed+2000)
	want, a2, b2 := append([]float32{}, dst.x...), append([]float32{}, a.x...), append([]float32{}, b.x...)
	onA, onB := append([]float32{}, a.x...), append([]float32{}, b.x...)

	c.def(want, a2, b2)
	c.run(dst.x, a.x, b.x)
	compare(t, c, "dst apart", a2, b2, dst.x, want)
	for i := range a2 {
		if !sameBits(a.x[i], a2[i]) || !sameBits(b.x[i], b2[i]) {
			t.Fatalf("%s of %d elements: operand %d changed", c.name, n, i)
		}
	}
	c.def(onA, onA, b2)
	c.run(a.x, a.x, b.x)
	compare(t, c, "dst == a", a2, b2, a.x, onA)
	c.def(onB, a2, onB)
	c.run(b.x, a2, b.x)
	compare(t, c, "dst == b", a2, b2, b.x, onB)
	for _, g := range []guarded{dst, a, b} {
		g.check(t)
	}
}

func compare(t *testing.T, c vectorCase, what string, a, b, got, want []float32) {
	t.Helper()
	for i := range got {
		if sameBits(got[i], want[i]) || c.ulp > 0 && ulps(got[i], float64(want[i])) <= c.ulp {
			continue
		}
		t.Fatalf("%s of %d elements, %s: element %d of %g, %g is %g, want %g", c.name, len(got), what, i, a[i], b[i],
			got[i], want[i])
	}
}

// TestPositionIndependence moves a value through vectors of all lengths: its result must stay the same, to the bit.
// A sequence in a padded batch relies on it.
func TestPositionIndependence(t *testing.T) {
	x := make([]float32, 67)
	fillMixed(x, 3)
	copy(x, special)
	eachVectorSet(t, func(t *testing.T) {
		for _, c := range vectorCases {
			alone := make([]float32, len(x))
			for i := range x {
				c.run(alone[i:i+1], x[i:i+1], x[len(x)-1-i:len(x)-i])
			}
			b := make([]float32, len(x))
			for i := range x {
				b[i] = x[len(x)-1-i]
			}
			for from := range x {
				for to := from; to <= len(x); to++ {
					got := make([]float32, to-from)
					c.run(got, x[from:to], b[from:to])
					for i, v := range got {
						if !sameBits(v, alone[from+i]) {
							t.Fatalf("%s(%g) is %g alone and %g at %d of %d", c.name, x[from+i], alone[from+i], v, i, len(got))
						}
					}
				}
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		count := func(name string, f func()) {
			t.Helper()
			if n := testing.AllocsPerRun(10, f); n != 0 {
				t.Errorf("%s allocates %g times", name, n)
			}
		}
		dst, a, b := make([]float32, 50), make([]float32, 50), make([]float32, 50)
		for _, c := range vectorCases {
			count(c.name, func() { c.run(dst, a, b) })
		}
		total := 0.0
		count("reductions of a local array", func() {
			var x [19]float32
			Fill(x[:], 1)
			Tanh(x[:], x[:])
			AddRows(x[:3], x[:], 6, 3)
			total += float64(Sum(x[:])+Dot(x[:], x[:])+Max(x[:])+LogSumExpRow(x[:])+SoftmaxRow(x[:], x[:])) + SumSquares(x[:])
			Adam(x[:], x[:], x[:], x[:], AdamStep[float32]{Epsilon: 1})
			SGD(x[:], x[:], x[:], SGDStep[float32]{Momentum: 0.5})
			RMSProp(x[:], x[:], x[:], x[:], x[:], RMSPropStep[float32]{Epsilon: 1})
			AdaGrad(x[:], x[:], x[:], 0, 1, 0)
			ScatterAddRows(x[:6], x[9:], []int{1, 0, 1}, 3, 0)
		})
		if !AllFinite([]float64{total}) {
			t.Error("reductions gave", total)
		}
	})
}

// FuzzVector compares the kernels with their definitions on raw bits.
func FuzzVector(f *testing.F) {
	f.Add(uint32(0x3f800000), uint32(0x80000000), uint8(17))
	f.Add(uint32(0x7f800001), uint32(0x00000001), uint8(3))
	f.Fuzz(func(t *testing.T, a, b uint32, n uint8) {
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = math.Float32frombits(a + uint32(i)*0x01010101)
			y[i] = math.Float32frombits(b - uint32(i)*0x00100001)
		}
		for _, c := range vectorCases {
			got, want := append([]float32{}, y...), append([]float32{}, y...)
			c.run(got, x, y)
			c.def(want, x, y)
			compare(t, c, fmt.Sprintf("bits %#x, %#x", a, b), x, y, got, want)
		}
	})
}
