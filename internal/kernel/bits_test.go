package kernel

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"
)

// bitsOf are checksums of what kernels give, as recorded on a processor with AVX2. AVX2, AVX-512 and NEON give the same
// bits; the Go loops others where products and transcendental functions are concerned, the same on every machine.
// A change that is meant to change them copies here what the test prints.
var bitsOf = map[string]uint64{
	"any Abs":                            0x031c3e3964502034,
	"any AdaGrad":                        0xf9bd40cf5bcd690e,
	"any Adam":                           0x85cafe8c2994e8d2,
	"any Add":                            0x9c4d7e7031269daa,
	"any AddRows":                        0x882379c3c53d5314,
	"any AddTo":                          0x1f4d868b71a97905,
	"any Affine":                         0x6a30fcbba8410036,
	"any Axpy":                           0xcd64afb14ce05fe9,
	"any Div":                            0xa8783a5186e352d2,
	"any Dot":                            0xcb6333718676dee8,
	"any Erf":                            0x228bc00e9da06eff,
	"any Gamma":                          0x57b9f1f7c525d4c7,
	"any Fill":                           0x0a44ff158f6aea68,
	"any Int8":                           0xe6c05162f22bffd4,
	"any Max":                            0x57f2295f264372f2,
	"any Mul":                            0x40f49024fd154149,
	"any Neg":                            0x340cf42369f260a2,
	"any RMSProp":                        0x2ad62d224205ba89,
	"any RMSPropCentred":                 0x72972c53a9007c9a,
	"any RMSPropCentredMomentum":         0x1cdc7111a7053724,
	"any RMSPropMomentum":                0x7ea5875e06f435fa,
	"any ReLU":                           0xcba57514f891363a,
	"any ReLUGrad":                       0xcdff5df89dbaf1ed,
	"any SGD":                            0xf1668862be70573f,
	"any SGDMomentum":                    0xddfe80024afd0c16,
	"any SGDNesterov":                    0xd2996f4f9f2b4aed,
	"any ScatterAddRows":                 0x166d32e8b5d7bf01,
	"any SigmoidGrad":                    0xdbe3cef03342fa23,
	"any Sqrt":                           0xacf42e6bc9d33506,
	"any Square":                         0x0b77b221bfc6e4d7,
	"any Sub":                            0xc73fef47650fb99c,
	"any Sum":                            0xa3e9eea24fcf024b,
	"any SumSquares":                     0x7272433a956646c3,
	"any TanhGrad":                       0x08dcb60c31e86e8f,
	"assembly BFloat16":                  0x9ed64087c760897d,
	"assembly Exp":                       0x2e7ad53c0a7b4eda,
	"assembly Gemm float32":              0x15b8e06e652cada6,
	"assembly Gemm float64":              0xb7bbece655bcff90,
	"assembly Gemm of few rows, float32": 0xa3b7c75bdf988198,
	"assembly Gemm of few rows, float64": 0x596a61a4bf70e8af,
	"assembly GemmPacked float32":        0xac15abb265c5d261,
	"assembly GemmPacked float64":        0x6b77eb10349cccdd,
	"assembly Log":                       0xea20e82962abf801,
	"assembly Sigmoid":                   0xb50a1652134ad982,
	"assembly SoftmaxRow":                0xa4ebe95e232b7feb,
	"assembly Softplus":                  0xe0fc96125ca2d097,
	"assembly Tanh":                      0x7377bf9ddbe79718,
	"assembly sumExp":                    0xb3de5985a7407a60,
	"avx512 Gemm of few rows, float32":   0x0dd9a8143943e5e9,
	"avx512 Gemm of few rows, float64":   0x43292a74609ac311,
	"generic BFloat16":                   0x9426833f8c965be5,
	"generic Exp":                        0x3493859b4db0bc66,
	"generic Gemm float32":               0xe2ef4e87e1733905,
	"generic Gemm float64":               0xa98828a02bc1ed80,
	"generic Gemm of few rows, float32":  0xf4177f684152f58a,
	"generic Gemm of few rows, float64":  0xd02620ca9561e9c8,
	"generic GemmPacked float32":         0x5b8acb3559c42c61,
	"generic GemmPacked float64":         0x6db923c0c588e408,
	"generic Log":                        0x6727de9db439af94,
	"generic Sigmoid":                    0x8b1ac233d44048ec,
	"generic SoftmaxRow":                 0xbb26badb08666367,
	"generic Softplus":                   0xa9c7fdfc4140f7bc,
	"generic Tanh":                       0x9c37c7fc343be918,
	"generic sumExp":                     0x7cfb9d5727887ef9,
}

// checksum adds up the bits of results. One NaN is as good as another: processors differ in those.
type checksum struct{ sum uint64 }

func (c *checksum) add(x ...float64) {
	for _, v := range x {
		if v != v {
			v = math.NaN()
		}
		c.sum = bits.RotateLeft64((c.sum^math.Float64bits(v))*0x9e3779b97f4a7c15, 29)
	}
}

// draw gives n numbers in [-2, 2) by integers alone, with special ones among them if that is asked for.
func draw[T Float](n int, seed uint64, odd bool) []T {
	x := make([]T, n)
	for i := range x {
		seed = seed*6364136223846793005 + 1442695040888963407
		x[i] = T(int32(seed>>32)) / (1 << 30)
		if odd && seed>>20&7 == 0 {
			x[i] = T(special[seed>>40%uint64(len(special))])
		}
	}
	return x
}

var bitsLengths = []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 300}

func vectorBits(run func(dst, a, b []float32)) uint64 {
	var c checksum
	for _, n := range bitsLengths {
		dst, a, b := draw[float32](n, 1, false), draw[float32](n, 2, true), draw[float32](n, 3, true)
		run(dst, a, b)
		c.add(float64s(dst)...)
	}
	return c.sum
}

func reductionBits(run func(x, y []float32) float64) uint64 {
	var c checksum
	for _, n := range bitsLengths {
		c.add(run(draw[float32](n, 4, false), draw[float32](n, 5, false)))
	}
	return c.sum
}

func updateBits(run func(p [5][]float32)) uint64 {
	var c checksum
	for _, n := range bitsLengths {
		var p [5][]float32
		for i := range p {
			p[i] = draw[float32](n, uint64(10+i), false)
			if i > 1 {
				Abs(p[i], p[i])
			}
		}
		run(p)
		for _, x := range p {
			c.add(float64s(x)...)
		}
	}
	return c.sum
}

// productBits goes through products of all layouts with at least so many rows; packed or not.
func productBits[T Float](rows, most int, packed bool) uint64 {
	var c checksum
	for _, m := range []int{1, 2, 3, 4, 5, 6, 7, 12, 33, 130} {
		if m < rows || m > most {
			continue
		}
		for i, n := range []int{1, 3, 7, 8, 10, 16, 17, 31, 64, 75, 130} {
			k, tr := []int{1, 5, 64, 130, 515}[(m+i)%5], transposes[(m+i)%4]
			a, b, out := draw[T](m*k, 6, false), draw[T](k*n, 7, false), draw[T](m*n, 8, false)
			lda, ldb := k, n
			if tr[0] {
				lda = m
			}
			if tr[1] {
				ldb = k
			}
			if packed {
				var p Packed[T]
				p.Pack(tr[1], k, n, b, ldb)
				GemmPacked(tr[0], m, 0.7, a, lda, &p, T(i%2), out, n, draw[T](n, 9, false))
			} else {
				Gemm(tr[0], tr[1], m, n, k, -1.3, a, lda, b, ldb, T(i%2), out, n)
			}
			c.add(float64s(out)...)
		}
	}
	return c.sum
}

// reducedBits are those of products with weights of fewer bits.
func reducedBits(w Reduced) uint64 {
	var c checksum
	for m := 1; m <= 7; m++ {
		for i, n := range []int{1, 3, 31, 64, 75, 130, 257} {
			k, transB := []int{1, 5, 64, 130, 515}[(m+i)%5], i%2 == 0
			a, b, out := draw[float32](m*k, 6, false), draw[float32](k*n, 7, false), draw[float32](m*n, 8, false)
			ldb := n
			if transB {
				ldb = k
			}
			w.Pack(transB, k, n, b, ldb)
			w.Multiply(m, a, k, float32(i%3)/2, out, n, draw[float32](n, 9, false))
			c.add(float64s(out)...)
		}
	}
	return c.sum
}

// bitsNow computes the checksums. Names begin with what decides about the bits: "any" for all kinds alike.
func bitsNow(kind string) map[string]uint64 {
	assembly := "assembly"
	if kind == "generic" {
		assembly = kind
	}
	sums := map[string]uint64{}
	for _, v := range vectorCases {
		of := "any"
		if v.ulp > 0 {
			of = assembly
		}
		sums[of+" "+v.name] = vectorBits(v.run)
	}
	sums["any Sum"] = reductionBits(func(x, _ []float32) float64 { return float64(Sum(x)) })
	sums["any Dot"] = reductionBits(func(x, y []float32) float64 { return float64(Dot(x, y)) })
	sums["any SumSquares"] = reductionBits(func(x, _ []float32) float64 { return SumSquares(x) })
	sums["any Max"] = reductionBits(func(x, _ []float32) float64 { return float64(Max(x)) })
	sums["any Gamma"] = vectorBits(gammaFunctions)
	sums["any Erf"] = vectorBits(func(dst, a, _ []float32) { Erf(dst, a) })
	sums[assembly+" sumExp"] = reductionBits(func(x, _ []float32) float64 { return sumExp(x, 1.5) })
	sums[assembly+" SoftmaxRow"] = vectorBits(func(dst, _, _ []float32) { SoftmaxRow(dst, dst) })
	sums["any AddRows"] = reductionBits(func(x, y []float32) float64 {
		AddRows(x[:len(x)/3], y, 3, len(x)/3)
		return float64(Sum(x))
	})
	sums["any ScatterAddRows"] = reductionBits(func(x, y []float32) float64 {
		ScatterAddRows(x, y[:len(x)/3*3], []int{0, 1, 0}, len(x)/3, -1)
		return float64(Sum(x))
	})
	for _, u := range updates {
		sums["any "+u.name] = updateBits(u.run)
	}
	sums[assembly+" Gemm float32"] = productBits[float32](4, 1000, false)
	sums[assembly+" Gemm float64"] = productBits[float64](4, 1000, false)
	sums[assembly+" GemmPacked float32"] = productBits[float32](1, 1000, true)
	sums[assembly+" GemmPacked float64"] = productBits[float64](1, 1000, true)
	sums[assembly+" BFloat16"] = reducedBits(new(BFloat16))
	sums["any Int8"] = reducedBits(new(Int8))
	// Dot products have the lanes of a register: those of AVX-512 are more.
	lanes := assembly
	if kind == "avx512" {
		lanes = kind
	}
	sums[lanes+" Gemm of few rows, float32"] = productBits[float32](1, 3, false)
	sums[lanes+" Gemm of few rows, float64"] = productBits[float64](1, 3, false)
	return sums
}

// TestBits holds the results of every kind of kernels against the recorded ones. It passes on amd64 and arm64 alike, so
// one seed gives the same bytes on both.
func TestBits(t *testing.T) {
	var found []string
	eachVectorSet(t, func(t *testing.T) {
		for name, sum := range bitsNow(kind()) {
			found = append(found, fmt.Sprintf("\t%q: %#016x,\n", name, sum))
			if bitsOf[name] != sum {
				t.Errorf("%s: checksum %#016x, want %#016x", name, sum, bitsOf[name])
			}
		}
	})
	if t.Failed() {
		slices.Sort(found)
		t.Logf("now:\n%s", strings.Join(slices.Compact(found), ""))
	}
}
