package decode_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/recurrent/decode"
)

// kept finds by its definition what a sampler may draw, and with what probability. Filters follow each other: top-k,
// top-p, min-p, typical.
func kept(s decode.Sampler, logits []float32) []float64 {
	t := s.Temperature
	if t == 0 {
		t = 1
	}
	p := make([]float64, len(logits))
	for i, v := range logits {
		p[i] = math.Exp(float64(v) / t)
	}
	normalise(p)
	likelier := func(i int) (n int, mass float64) { // the tokens before token i in the order of probability
		for j := range p {
			if p[j] > p[i] || p[j] == p[i] && j < i {
				n++
				mass += p[j]
			}
		}
		return n, mass
	}
	filter(p, func(i int) bool { n, _ := likelier(i); return s.TopK == 0 || n < s.TopK })
	filter(p, func(i int) bool { _, mass := likelier(i); return s.TopP == 0 || mass < s.TopP })
	filter(p, func(i int) bool { return p[i] >= s.MinP*slices.Max(p) })
	if s.Typical > 0 {
		entropy := 0.0
		for _, v := range p {
			if v > 0 {
				entropy -= v * math.Log(v)
			}
		}
		odd := func(i int) float64 { return math.Abs(-math.Log(p[i]) - entropy) }
		filter(p, func(i int) bool {
			closer := 0.0
			for j := range p {
				if odd(j) < odd(i) {
					closer += p[j]
				}
			}
			return closer < s.Typical
		})
	}
	return p
}

func filter(p []float64, keep func(int) bool) {
	stays := make([]bool, len(p))
	for i := range p {
		stays[i] = keep(i)
	}
	for i := range p {
		if !stays[i] {
			p[i] = 0
		}
	}
	normalise(p)
}

func normalise(p []float64) {
	sum := 0.0
	for _, v := range p {
		sum += v
	}
	for i := range p {
		p[i] /= sum
	}
}

// Draws have the distribution that the filters' definitions give: Pearson's χ² at the 0.01 % level for each of the
// samplers and models, and nothing that is filtered out.
func TestSamplersFollowTheirDefinitions(t *testing.T) {
	const n = 20000
	for _, s := range []decode.Sampler{
		{}, {Temperature: 0.3}, {Temperature: 3}, {TopK: 1}, {TopK: 3}, {TopK: 50}, {TopP: 0.01}, {TopP: 0.5}, {TopP: 0.95}, {TopP: 1},
		{MinP: 0.3}, {MinP: 1}, {Typical: 0.05}, {Typical: 0.5}, {Typical: 0.9},
		{Temperature: 1.7, TopK: 6, TopP: 0.9, MinP: 0.1, Typical: 0.8},
	} {
		for seed := range uint64(3) {
			logits := logitsOf(seed, []int{7}, 9)
			logits[4] = float32(math.Inf(-1))
			want, got := kept(s, logits), make([]float64, len(logits))
			rng := rand.New(rand.NewPCG(seed, 3))
			for range n {
				token, err := s.Sample(logits, rng)
				if err != nil {
					t.Fatal(err)
				}
				got[token]++
			}
			chi, cells := 0.0, 0
			for i, p := range want {
				if p == 0 && got[i] > 0 {
					t.Errorf("%+v: token %d was drawn, but is not kept", s, i)
				}
				if p > 0 {
					chi += (got[i] - n*p) * (got[i] - n*p) / (n * p)
					cells++
				}
			}
			if limit := chiLimit(cells - 1); chi > limit {
				t.Errorf("%+v: χ² is %g over %d cells, want at most %g", s, chi, cells, limit)
			}
		}
	}
}

// chiLimit is the 0.01 % point of χ² (Wilson and Hilferty's approximation).
func chiLimit(degrees int) float64 {
	if degrees == 0 {
		return 1e-6
	}
	d := 2 / (9 * float64(degrees))
	c := 1 - d + 3.719*math.Sqrt(d)
	return float64(degrees) * c * c * c
}

// A temperature next to zero is the likeliest token, not an overflow.
func TestTinyTemperature(t *testing.T) {
	s := decode.Sampler{Temperature: 1e-320}
	token, err := s.Sample([]float32{50, 99, 100, 100}, rand.New(rand.NewPCG(1, 2)))
	if err != nil || token < 2 {
		t.Errorf("token %d, error %v; want 2 or 3", token, err)
	}
}
