package kernel

import (
	"math"
	"testing"
)

// crossEntropy is the loss of a row and its gradient, in float64 and with differences taken first.
func crossEntropy(x []float32, target int, dy float64) (loss float64, grad []float64) {
	m, sum := float64(maxGeneric(x)), 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - m)
	}
	grad = make([]float64, len(x))
	for i, v := range x {
		grad[i] = math.Exp(float64(v)-m) / sum * dy
	}
	grad[target] -= dy
	return math.Log(sum) + (m - float64(x[target])), grad
}

// Logits of any size, with targets near the largest and far from it, in rows of one piece and of several.
func TestCrossEntropyRow(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 3, 17, 256, 257, gradientPiece, gradientPiece + 1, 3*gradientPiece + 5} {
			for _, at := range []float32{0, 100, -900, 3000, 1e6, 1e7, -1e7, 3e9} {
				for _, spread := range []float32{1, 40, 1e5} {
					x := newGuarded(n, n%5)
					fillNormal(x.x, uint64(n))
					Affine(x.x, x.x, spread, at)
					for _, target := range []int{0, n / 2, n - 1} {
						checkCrossEntropy(t, x, target)
					}
				}
			}
		}
	})
}

func checkCrossEntropy(t *testing.T, x guarded, target int) {
	t.Helper()
	const dy = 0.25
	n := len(x.x)
	want, grad := crossEntropy(x.x, target, dy)
	loss := CrossEntropyRow(x.x, target)
	// Below largeLogit the loss has an error of the logits' size; beyond, one of its own.
	if e := math.Abs(float64(loss) - want); e > 2e-4+1e-6*math.Abs(want) {
		t.Fatalf("of %d around %v, target %d: loss %v, want %v", n, x.x[0], target, loss, want)
	}
	got := newGuarded(n, n%3)
	CrossEntropyGradRow(got.x, x.x, target, loss, dy)
	for i, g := range got.x {
		if e := math.Abs(float64(g) - grad[i]); !(e <= 1e-4) {
			t.Fatalf("of %d around %v, target %d: gradient %d is %v, want %v", n, x.x[0], target, i, g, grad[i])
		}
	}
	got.check(t)
	over := append([]float32{}, x.x...)
	CrossEntropyGradRow(over, over, target, loss, dy)
	if !sameFloats(over, got.x) {
		t.Fatalf("of %d around %v, target %d: in place it is another gradient", n, x.x[0], target)
	}
}

// Moved by a number that changes none of their differences, logits keep loss and gradient. The values are those of
// torch.nn.functional.cross_entropy in float64 (PyTorch 2.15).
func TestCrossEntropyRowAgreesWithPyTorch(t *testing.T) {
	const want = 1.3490122167681864
	grad := []float64{0.7053845126982412, -0.7405035396575809, 0.03511902695933973}
	eachVectorSet(t, func(t *testing.T) {
		for _, at := range []float32{0, 1e6, 1e7, -1e7} {
			x, got := []float32{at, at - 1, at - 3}, make([]float32, 3)
			loss := CrossEntropyRow(x, 1)
			CrossEntropyGradRow(got, x, 1, loss, 1)
			if ulps(loss, want) > 2 {
				t.Errorf("loss of %v: %v, want %v", x, loss, want)
			}
			for i, g := range got {
				if math.Abs(float64(g)-grad[i]) > 1e-6 {
					t.Errorf("gradient of %v: %v, want %v", x, got, grad)
				}
			}
		}
	})
}
