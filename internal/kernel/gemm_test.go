package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// gemmCase is a product with its distances between rows and scalars.
type gemmCase struct {
	transA, transB bool
	m, n, k        int
	moreA, moreB   int // by how much rows are farther apart than they must be
	moreC          int
	alpha, beta    float64
}

func (g gemmCase) String() string {
	return fmt.Sprintf("transA %t, transB %t, [%d, %d]·[%d, %d], rows longer by %d, %d, %d, alpha %g, beta %g",
		g.transA, g.transB, g.m, g.k, g.k, g.n, g.moreA, g.moreB, g.moreC, g.alpha, g.beta)
}

// operand is a stored matrix between guard elements. Elements that the product must not touch are NaN.
type operand[T Float] struct {
	all, x []T
	ld     int
}

func newOperand[T Float](rng *rand.Rand, rows, cols, more int) operand[T] {
	const fence = 37
	ld := cols + more
	size := 0
	if rows > 0 && cols > 0 {
		size = (rows-1)*ld + cols
	}
	o := operand[T]{all: make([]T, size+2*fence), ld: ld}
	for i := range o.all {
		o.all[i] = T(math.NaN())
	}
	o.x = o.all[fence : fence+size : fence+size]
	for r := range rows {
		for c := range cols {
			o.x[r*ld+c] = T(int32(rng.Uint32())) / (1 << 30)
		}
	}
	return o
}

// sameMatrix tells whether both have the same bits, the guards included.
func (o operand[T]) sameMatrix(p []T) bool {
	for i, v := range o.all {
		if math.Float64bits(float64(v)) != math.Float64bits(float64(p[i])) {
			return false
		}
	}
	return true
}

func (g gemmCase) operands(seed uint64) (rng *rand.Rand, a, b [2]int) {
	a, b = [2]int{g.m, g.k}, [2]int{g.k, g.n}
	if g.transA {
		a[0], a[1] = a[1], a[0]
	}
	if g.transB {
		b[0], b[1] = b[1], b[0]
	}
	return rand.New(rand.NewPCG(seed, 5)), a, b
}

// checkGemm compares Gemm and GemmPacked with the definition in float64.
func checkGemm[T Float](t *testing.T, g gemmCase, epsilon float64) {
	t.Helper()
	rng, sa, sb := g.operands(uint64(g.m*1000003 + g.n*1009 + g.k))
	a, b := newOperand[T](rng, sa[0], sa[1], g.moreA), newOperand[T](rng, sb[0], sb[1], g.moreB)
	c := newOperand[T](rng, g.m, g.n, g.moreC)
	if g.beta == 0 && len(c.x) > 0 { // whatever C holds
		for i := range g.m {
			c.x[i*c.ld+i%g.n] = T(math.NaN())
		}
	}
	want, size := g.definition(float64s(a.x), a.ld, float64s(b.x), b.ld, float64s(c.x), c.ld)

	beforeA, beforeB, before := append([]T{}, a.all...), append([]T{}, b.all...), append([]T{}, c.all...)
	compare := func(what string) {
		t.Helper()
		for i, v := range c.all {
			x, inside := i-(len(c.all)-len(c.x))/2, false
			if x >= 0 && x < len(c.x) {
				inside = x%c.ld < g.n
			}
			if !inside {
				if v == v {
					t.Fatalf("%s, %v: element %d beside C is %g", what, g, x, v)
				}
				continue
			}
			// A rounding is at most epsilon times what has been added up in size; k of them make about √k. The
			// definition rounds too.
			if e := math.Abs(float64(v) - want[x]); !(e <= 2*epsilon*size[x]*(3+math.Sqrt(float64(g.k)))) {
				t.Fatalf("%s, %v: C[%d, %d] = %g, want %g", what, g, x/c.ld, x%c.ld, v, want[x])
			}
		}
		copy(c.all, before)
	}
	Gemm(g.transA, g.transB, g.m, g.n, g.k, T(g.alpha), a.x, a.ld, b.x, b.ld, T(g.beta), c.x, c.ld)
	compare("Gemm")
	var p Packed[T]
	p.Pack(g.transB, g.k, g.n, b.x, b.ld)
	GemmPacked(g.transA, g.m, T(g.alpha), a.x, a.ld, &p, T(g.beta), c.x, c.ld, nil)
	compare("GemmPacked")
	bias := make([]T, g.n)
	for j := range bias {
		bias[j] = T(j%7) - 3
		for i := range g.m {
			want[i*c.ld+j] += float64(bias[j])
			size[i*c.ld+j] += math.Abs(float64(bias[j]))
		}
	}
	GemmPacked(g.transA, g.m, T(g.alpha), a.x, a.ld, &p, T(g.beta), c.x, c.ld, bias)
	compare("GemmPacked with a bias")
	if !a.sameMatrix(beforeA) || !b.sameMatrix(beforeB) {
		t.Fatalf("%v: an operand has changed", g)
	}
}

// definition is C by gemmGeneric in float64, and the sum of the sizes of what is added up in each element.
func (g gemmCase) definition(a []float64, lda int, b []float64, ldb int, c []float64, ldc int) (want, size []float64) {
	want, size = append([]float64{}, c...), append([]float64{}, c...)
	if g.m == 0 || g.n == 0 {
		return want, size
	}
	gemmGeneric(g.transA, g.transB, g.m, g.n, g.k, g.alpha, a, lda, b, ldb, g.beta, want, ldc)
	gemmGeneric(g.transA, g.transB, g.m, g.n, g.k, math.Abs(g.alpha), absolute(a), lda, absolute(b), ldb,
		math.Abs(g.beta), absolute(size), ldc)
	return want, size
}

func float64s[T Float](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func absolute(x []float64) []float64 {
	for i, v := range x {
		x[i] = math.Abs(v)
	}
	return x
}

func checkGemmBoth(t *testing.T, g gemmCase) {
	t.Helper()
	checkGemm[float32](t, g, 0x1p-24)
	checkGemm[float64](t, g, 0x1p-53)
}

var transposes = [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}}

// scalars for alpha and beta that are exact in float32.
var scalars = []float64{0, 1, -0.75, 2.5}

// TestGemmShapes goes through products of random shapes, rows at random distances.
func TestGemmShapes(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		rng, rounds := rand.New(rand.NewPCG(1, 2)), 200
		if testing.Short() {
			rounds = 40 // the race detector makes the definition slow
		}
		for range rounds {
			tr := transposes[rng.IntN(4)]
			g := gemmCase{transA: tr[0], transB: tr[1], m: rng.IntN(201), n: rng.IntN(201), k: rng.IntN(201),
				alpha: scalars[rng.IntN(4)], beta: scalars[rng.IntN(4)]}
			if rng.IntN(2) == 0 {
				g.moreA, g.moreB, g.moreC = rng.IntN(9), rng.IntN(9), rng.IntN(9)
			}
			if rng.IntN(3) == 0 {
				g.m = rng.IntN(5)
			}
			checkGemmBoth(t, g)
		}
	})
}

// TestGemmEdges goes through all sizes around one and two tiles.
func TestGemmEdges(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		for m := range 10 {
			for n := range 67 {
				tr := transposes[(m+n)%4]
				g := gemmCase{transA: tr[0], transB: tr[1], m: m, n: n, k: 1 + (m*n)%19, alpha: 1, moreB: n % 3, moreC: m % 2}
				checkGemmBoth(t, g)
				g.alpha, g.beta = 0.5, 1
				checkGemmBoth(t, g)
			}
		}
	})
}

// TestGemmDeep has sums over several slabs, and rows over several blocks.
func TestGemmDeep(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		for i, tr := range transposes {
			for _, s := range [][3]int{{1, 130, 1027}, {3, 517, 700}, {33, 35, 1537}, {197, 259, 513}, {263, 9, 515}} {
				if testing.Short() && s[0] == 197 {
					continue
				}
				checkGemmBoth(t, gemmCase{transA: tr[0], transB: tr[1], m: s[0], n: s[1], k: s[2], alpha: 1, beta: float64(i % 2)})
			}
		}
	})
}

// A bias is added to every row, whatever the shape and the layout, and with packed operands gives the same bits.
func TestGemmBias(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		return x
	}
	for _, m := range []int{1, 2, 3, 4, 7, 40, 300} {
		for _, n := range []int{1, 5, 33, 200} {
			for _, k := range []int{1, 9, 300} {
				for _, beta := range []float64{0, 1} {
					a, b, bias, before := draw(m*k), draw(n*k), draw(n), draw(m*n)
					got, want := slices.Clone(before), slices.Clone(before)
					GemmBias(false, true, m, n, k, 1, a, k, b, k, beta, got, n, bias)
					for i := range m {
						for j := range n {
							sum := beta*want[i*n+j] + bias[j]
							for l := range k {
								sum += a[i*k+l] * b[j*k+l]
							}
							if d := math.Abs(got[i*n+j] - sum); d > 1e-11 {
								t.Fatalf("m %d, n %d, k %d, beta %g: element %d,%d is %v, want %v", m, n, k, beta, i, j, got[i*n+j], sum)
							}
						}
					}
					if m <= stripRows || !PackingKeepsOrder[float64]() || m*n*k < tinyProduct {
						continue
					}
					var p Packed[float64]
					p.Pack(true, k, n, b, k)
					packed := slices.Clone(before)
					GemmPacked(false, m, 1, a, k, &p, beta, packed, n, bias)
					if !slices.Equal(packed, got) {
						t.Fatalf("m %d, n %d, k %d, beta %g: other bits than with B packed", m, n, k, beta)
					}
				}
			}
		}
	}
}
