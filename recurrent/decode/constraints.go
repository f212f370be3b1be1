package decode

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Constraints say which tokens may come next. Forbidding a token does not change the log-probabilities of the others, which
// stay those of the model.
type Constraints struct {
	Forbidden []int // tokens that never come
	Prefix    []int // tokens that every sequence begins with
	// NoRepeat n forbids that n tokens in a row come twice; 0 for no limit.
	NoRepeat int
	// RepetitionPenalty θ makes earlier tokens less likely: positive logits are divided by θ, negative ones multiplied
	// (Keskar et al., 2019). 0 and 1 change nothing; 1.2 is usual.
	RepetitionPenalty float64
	// Allow, if not nil, returns the tokens that may follow the given ones; it returns nil if all may.
	Allow func(tokens []int) []int
}

func (c Constraints) check() error {
	switch {
	case c.NoRepeat < 0:
		return errors.Errorf("decode: NoRepeat %d; want 0 or more", c.NoRepeat)
	case c.RepetitionPenalty != 0 && !(c.RepetitionPenalty > 0) || math.IsInf(c.RepetitionPenalty, 1):
		return errors.Errorf("decode: RepetitionPenalty %g; want a number above 0", c.RepetitionPenalty)
	}
	return nil
}

// errDeadEnd says that the constraints leave no token.
var errDeadEnd = errors.New("no token is allowed")

// logProbs are the log-probabilities of the tokens after a path, -Inf where they may not come. They are written to room
// if it is large enough.
func (s Search) logProbs(p *path, logits []float32, room []float64) ([]float64, error) {
	out, err := s.penalised(p, logits, room)
	if err != nil {
		return nil, err
	}
	logSoftmax(out)
	if p.length < len(s.Prefix) {
		return out, only(out, s.Prefix[p.length:p.length+1])
	}
	never := math.Inf(-1)
	if p.length < s.Min {
		out[s.End] = never
		for _, t := range s.Stops {
			out[t] = never
		}
	}
	for _, t := range s.Forbidden {
		if t < 0 || t >= len(out) {
			return nil, errors.Errorf("token %d is forbidden; want 0 to %d", t, len(out)-1)
		}
		out[t] = never
	}
	if s.NoRepeat > 0 {
		for _, t := range repeats(p.tokens(), s.NoRepeat) {
			out[t] = never
		}
	}
	if s.Allow != nil {
		if allowed := s.Allow(p.tokens()); allowed != nil {
			return out, only(out, allowed)
		}
	}
	return out, nil
}

// only forbids all tokens but the given ones.
func only(logProbs []float64, tokens []int) error {
	kept := make([]float64, len(tokens))
	for i, t := range tokens {
		if t < 0 || t >= len(logProbs) {
			return errors.Errorf("token %d is asked for; want 0 to %d", t, len(logProbs)-1)
		}
		kept[i] = logProbs[t]
	}
	for i := range logProbs {
		logProbs[i] = math.Inf(-1)
	}
	for i, t := range tokens {
		logProbs[t] = kept[i]
	}
	return nil
}

// penalised are the logits as float64, after the repetition penalty.
func (s Search) penalised(p *path, logits []float32, room []float64) ([]float64, error) {
	if err := checkLogits(logits); err != nil {
		return nil, err
	}
	out := widened(room, logits)
	if θ := s.RepetitionPenalty; θ != 0 && θ != 1 {
		seen := map[int]bool{}
		for q := p; q.before != nil; q = q.before {
			if !seen[q.token] {
				seen[q.token] = true
				if out[q.token] > 0 {
					out[q.token] /= θ
				} else {
					out[q.token] *= θ
				}
			}
		}
	}
	return out, nil
}

// repeats returns the tokens that would complete a repetition of n tokens.
func repeats(tokens []int, n int) []int {
	if len(tokens) < n-1 {
		return nil
	}
	last := tokens[len(tokens)-(n-1):]
	var out []int
	for i := 0; i+n <= len(tokens); i++ {
		if slices.Equal(tokens[i:i+n-1], last) {
			out = append(out, tokens[i+n-1])
		}
	}
	return out
}
