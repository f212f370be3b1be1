package decode

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

// Sampler draws a token from logits. The zero value draws from the softmax as it is.
type Sampler struct {
	Temperature float64 // divides the logits: below 1 makes likely tokens likelier; 0 counts as 1
	Greedy      bool    // always the likeliest token
	TopK        int     // keep the k likeliest tokens only; 0 for all
	TopP        float64 // keep the likeliest tokens, up to this sum of probabilities (Holtzman et al., 2020); 0 for all
	// Typical keeps the tokens whose information -log p is closest to the entropy, up to this sum of probabilities (Meister
	// et al., 2023); 0 for all.
	Typical float64
	MinP    float64 // keep the tokens with at least this fraction of the largest probability; 0 for all
}

// Check reports settings that make no sense.
func (s Sampler) Check() error {
	switch {
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 0):
		return errors.Errorf("decode: temperature %g; want 0 or more", s.Temperature)
	case s.TopK < 0:
		return errors.Errorf("decode: top-k %d; want 0 or more", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return errors.Errorf("decode: top-p %g; want 0 to 1", s.TopP)
	case !(s.Typical >= 0 && s.Typical <= 1):
		return errors.Errorf("decode: typical share %g; want 0 to 1", s.Typical)
	case !(s.MinP >= 0 && s.MinP <= 1):
		return errors.Errorf("decode: min-p %g; want 0 to 1", s.MinP)
	}
	return nil
}

// choice is a token with its probability.
type choice struct {
	token int
	p     float64
}

// Sample returns a token, an index of logits. Among equal logits, the token with the smaller index counts as likelier.
// It is an error if a logit is NaN or +Inf, or if all are -Inf. rng may be nil for greedy choices alone.
func (s Sampler) Sample(logits []float32, rng *rand.Rand) (int, error) {
	if err := s.Check(); err != nil {
		return 0, err
	}
	return draw(s, logits, rng)
}

// draw is Sample without checks of the settings.
func draw[F float32 | float64](s Sampler, logits []F, rng *rand.Rand) (int, error) {
	if s.Greedy {
		return likeliest(logits)
	}
	if rng == nil {
		return 0, errors.New("decode: no random numbers to draw with: the rng is nil")
	}
	choices, err := probabilities(s, logits)
	if err != nil {
		return 0, err
	}
	total := 0.0
	for _, c := range choices {
		total += c.p
	}
	at := rng.Float64() * total
	for _, c := range choices {
		if at -= c.p; at < 0 {
			return c.token, nil
		}
	}
	return choices[0].token, nil // possible by rounding alone
}

// likeliest is the token with the largest logit.
func likeliest[F float32 | float64](logits []F) (int, error) {
	if err := checkLogits(logits); err != nil {
		return 0, errors.Wrap(err, "decode")
	}
	return first(logits), nil
}

// probabilities returns the tokens that may be drawn, the likeliest first, with their probabilities, not normalised.
func probabilities[F float32 | float64](s Sampler, logits []F) ([]choice, error) {
	temperature := s.Temperature
	if temperature == 0 {
		temperature = 1
	}
	if err := checkLogits(logits); err != nil {
		return nil, errors.Wrap(err, "decode")
	}
	choices := make([]choice, len(logits))
	for i, v := range logits {
		choices[i] = choice{i, float64(v)}
	}
	slices.SortStableFunc(choices, func(a, b choice) int {
		switch {
		case a.p > b.p:
			return -1
		case a.p < b.p:
			return 1
		}
		return 0
	})
	top := choices[0].p
	for i := range choices {
		choices[i].p = math.Exp((choices[i].p - top) / temperature) // the difference first: no temperature overflows it
	}
	if s.TopK > 0 && s.TopK < len(choices) {
		choices = choices[:s.TopK]
	}
	if s.TopP > 0 {
		choices = share(choices, s.TopP)
	}
	if s.MinP > 0 {
		choices = slices.DeleteFunc(choices, func(c choice) bool { return c.p < s.MinP }) // the likeliest has 1
	}
	if s.Typical > 0 {
		choices = typical(choices, s.Typical)
	}
	return choices, nil
}

// share returns the first choices that make up a part of the sum of all.
func share(choices []choice, part float64) []choice {
	total, sum := mass(choices), 0.0
	for i, c := range choices {
		if sum += c.p; sum >= part*total {
			return choices[:i+1]
		}
	}
	return choices
}

func mass(choices []choice) float64 {
	total := 0.0
	for _, c := range choices {
		total += c.p
	}
	return total
}

// typical returns the choices whose information is closest to the entropy, up to a part of the sum of all.
func typical(choices []choice, part float64) []choice {
	total, entropy := mass(choices), 0.0
	information := func(c choice) float64 { return -math.Log(c.p / total) }
	for _, c := range choices {
		if c.p > 0 {
			entropy += c.p / total * information(c)
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int {
		return cmp.Compare(math.Abs(information(a)-entropy), math.Abs(information(b)-entropy))
	})
	return share(choices, part)
}
