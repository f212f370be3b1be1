package decode_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/unroll-go/unroll/recurrent/decode"
)

// shares draws many tokens and returns how often each came.
func shares(t *testing.T, s decode.Sampler, logits []float32) []float64 {
	t.Helper()
	const n = 50000
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]float64, len(logits))
	for range n {
		token, err := s.Sample(logits, rng)
		if err != nil {
			t.Fatal(err)
		}
		out[token] += 1.0 / n
	}
	return out
}

func TestSampler(t *testing.T) {
	ln := func(p ...float64) []float32 {
		out := make([]float32, len(p))
		for i := range p {
			out[i] = float32(math.Log(p[i]))
		}
		return out
	}
	logits := ln(0.1, 0.4, 0.2, 0.3)
	for name, c := range map[string]struct {
		s      decode.Sampler
		logits []float32
		want   []float64
	}{
		"softmax":         {decode.Sampler{}, logits, []float64{0.1, 0.4, 0.2, 0.3}},
		"greedy":          {decode.Sampler{Greedy: true}, logits, []float64{0, 1, 0, 0}},
		"first of equals": {decode.Sampler{Greedy: true}, ln(0.2, 0.4, 0.4), []float64{0, 1, 0}},
		"temperature 1/2": {decode.Sampler{Temperature: 0.5}, logits, []float64{0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3, 0.09 / 0.3}},
		"top 2":           {decode.Sampler{TopK: 2}, logits, []float64{0, 4.0 / 7, 0, 3.0 / 7}},
		"top 1":           {decode.Sampler{TopK: 1}, logits, []float64{0, 1, 0, 0}},
		"top 0.65":        {decode.Sampler{TopP: 0.65}, logits, []float64{0, 4.0 / 7, 0, 3.0 / 7}},
		"top k, then p":   {decode.Sampler{TopK: 3, TopP: 0.5}, logits, []float64{0, 4.0 / 7, 0, 3.0 / 7}},
		"min-p 0.6":       {decode.Sampler{MinP: 0.6}, logits, []float64{0, 4.0 / 7, 0, 3.0 / 7}},
		"typical": { // entropy 1.28: information 2.30, 0.92, 1.61, 1.20 lies 1.02, 0.36, 0.33 and 0.08 from it
			decode.Sampler{Typical: 0.45}, logits, []float64{0, 0, 0.4, 0.6}},
		"-Inf":  {decode.Sampler{}, []float32{float32(math.Inf(-1)), 0}, []float64{0, 1}},
		"large": {decode.Sampler{}, []float32{1000, 1000, -1000}, []float64{0.5, 0.5, 0}},
	} {
		got := shares(t, c.s, c.logits)
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 0.01 {
				t.Errorf("%s: shares %.3f, want %.3f", name, got, c.want)
				break
			}
		}
	}
}

func TestBadUse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, logits := range [][]float32{{}, {nan, 1}, {inf, 1}, {-inf, -inf}} {
		if _, err := (decode.Sampler{}).Sample(logits, rng); err == nil {
			t.Errorf("%v was accepted", logits)
		}
	}
	for _, s := range []decode.Sampler{{Temperature: -1}, {Temperature: math.NaN()}, {TopK: -1}, {TopP: 1.5}} {
		if _, err := s.Sample([]float32{1, 2}, rng); err == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
}
