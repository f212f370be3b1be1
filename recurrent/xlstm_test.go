package recurrent_test

import "math"

// The references of the xLSTM cells have no stabiliser: they are equations 8-14 and 19-27 of Beck et al. (2024) as
// they stand, on the true memories, which unscaled computes from the stored ones.

// unscaled multiplies the memory and the normaliser by exp(m), and replaces m by 0. Each element of m belongs to so
// many of the normaliser.
func unscaled(each int) func(s [][]float64) [][]float64 {
	return func(s [][]float64) [][]float64 {
		out := [][]float64{s[0], make([]float64, len(s[1])), make([]float64, len(s[2])), make([]float64, len(s[3]))}
		for j, v := range s[1] {
			out[1][j] = v * math.Exp(s[3][j*len(s[3])/len(s[1])])
		}
		for j, v := range s[2] {
			out[2][j] = v * math.Exp(s[3][j/each])
		}
		return out
	}
}

func sLSTMEquations(H, heads int, forget func(float64) float64) reference {
	D := H / heads
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		h, c, n := make([]float64, H), make([]float64, H), make([]float64, H)
		for j := range h {
			head := j / D
			own := s[0][head*D : (head+1)*D]
			z := func(gate int) float64 {
				return dot(w["weight_ih"], gate*H+j, x) + w["bias_ih"][gate*H+j] + dot(w["weight_hh"], head*4*D+gate*D+j%D, own)
			}
			i, f := math.Exp(z(0)), forget(z(1))
			c[j] = f*s[1][j] + i*math.Tanh(z(2))
			n[j] = f*s[2][j] + i
			h[j] = sigma(z(3)) * c[j] / n[j]
		}
		return h, [][]float64{h, c, n, make([]float64, H)}
	}
}

func mLSTMEquations(H, heads int, forget func(float64) float64) reference {
	D := H / heads
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		z := func(row int) float64 { return dot(w["weight_ih"], row, x) + w["bias_ih"][row] }
		h, C, n := make([]float64, H), make([]float64, H*D), make([]float64, H)
		for head := range heads {
			i, f := math.Exp(z(4*H+head)), forget(z(4*H+heads+head))
			key := make([]float64, D)
			size := 0.0
			for d := range key {
				j := head*D + d
				key[d] = dot(w["weight_ih"], H+j, x)/math.Sqrt(float64(D)) + w["bias_ih"][H+j]
				n[j] = f*s[2][j] + i*key[d]
				size += n[j] * z(j)
			}
			for a := range D { // row a of the memory: value a under every key
				j, read := head*D+a, 0.0
				for d := range key {
					at := j*D + d
					C[at] = f*s[1][at] + i*z(2*H+j)*key[d]
					read += C[at] * z(head*D+d)
				}
				h[j] = sigma(z(3*H+j)) * read / math.Max(math.Abs(size), 1)
			}
		}
		return h, [][]float64{h, C, n, make([]float64, heads)}
	}
}
