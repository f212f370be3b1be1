package linear

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// hippo returns the imaginary parts, above zero and falling, of n eigenvalues of the normal part of HiPPO-LegS with 2n states
// (Gu et al., 2022, arXiv 2206.11893, eq. 5), which come in pairs -1/2 ± i·ω. Less -1/2 on its diagonal that matrix is skew,
// K_jk = ∓√((j+1/2)(k+1/2)), so the squares ω² are the eigenvalues of -K², each of them twice.
func hippo(n int) []float64 {
	size := 2 * n
	k := make([]float64, size*size)
	for i := range size {
		for j := range i {
			v := math.Sqrt((float64(i) + 0.5) * (float64(j) + 0.5))
			k[i*size+j], k[j*size+i] = -v, v
		}
	}
	square := make([]float64, size*size) // KᵀK
	for i := range size {
		for j := range size {
			sum := 0.0
			for l := range size {
				sum += float64(k[l*size+i] * k[l*size+j])
			}
			square[i*size+j] = sum
		}
	}
	all := eigenvalues(square, size)
	slices.Sort(all)
	out := make([]float64, n)
	for i := range out {
		out[n-1-i] = math.Sqrt(max(all[2*i], 0))
	}
	return out
}

// eigenvalues returns those of a symmetric matrix [n, n], which is overwritten, by Jacobi's rotations.
func eigenvalues(a []float64, n int) []float64 {
	for range 60 { // a few sweeps do
		off, all := 0.0, 0.0
		for i := range n {
			for j := range n {
				v := float64(a[i*n+j] * a[i*n+j])
				all += v
				if i != j {
					off += v
				}
			}
		}
		if off <= 1e-30*all {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, n, p, q)
			}
		}
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = a[i*n+i]
	}
	return out
}

// rotate makes element p, q of a symmetric matrix zero.
func rotate(a []float64, n, p, q int) {
	off := a[p*n+q]
	if off == 0 {
		return
	}
	theta := (a[q*n+q] - a[p*n+p]) / (2 * off)
	t := 1 / (math.Abs(theta) + math.Sqrt(float64(theta*theta)+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(float64(t*t)+1)
	s := t * c
	for i := range n {
		x, y := a[i*n+p], a[i*n+q]
		a[i*n+p], a[i*n+q] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
	}
	for i := range n {
		x, y := a[p*n+i], a[q*n+i]
		a[p*n+i], a[q*n+i] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
	}
}

// inRows starts every row of a weight with the same numbers, of which at gives n.
func inRows(at func(n int) []float64) graph.Init {
	return func(dst []float64, shape []int, _ *rand.Rand) error {
		n := shape[len(shape)-1]
		row := at(n)
		for i := range dst {
			dst[i] = row[i%n]
		}
		return nil
	}
}

// logUniform draws logarithms of numbers, uniform between those of low and high.
func logUniform(low, high float64) graph.Init { return graph.Uniform(math.Log(low), math.Log(high)) }
