package decode

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

// sampling draws sequences for one source, each with random numbers of its own.
type sampling struct {
	Search
	draws []*path
	rngs  []*rand.Rand
	room  []float64
}

func newSampling(s Search, source int) *sampling {
	w := &sampling{Search: s}
	for i := range max(s.Best, 1) {
		w.draws = append(w.draws, &path{token: s.Start})
		w.rngs = append(w.rngs, rand.New(rand.NewPCG(s.Seed, uint64(s.First+source)<<20+uint64(i))))
	}
	return w
}

func (w *sampling) advance(r rowsOf) (bool, error) {
	busy := false
	for i, p := range w.draws {
		if p.finished || p.length >= w.Max {
			continue
		}
		probs, err := w.logProbs(p, r.logits(i), w.room)
		if err != nil {
			return false, errors.Wrapf(err, "draw %d after %d tokens", i, p.length)
		}
		w.room = probs
		if math.IsInf(slices.Max(probs), -1) {
			return false, errors.Wrapf(errDeadEnd, "draw %d after %d tokens", i, p.length)
		}
		token, err := draw(*w.Sampler, probs, w.rngs[i])
		if err != nil {
			return false, err
		}
		next := &path{before: p, token: token, p: probs[token], logProb: p.logProb + probs[token], length: p.length + 1,
			attention: r.attention(i), finished: w.ends(token)}
		w.draws[i] = next
		r.choose(i, token, i)
		if next.finished || next.length >= w.Max {
			next.score = w.score(next)
			continue
		}
		busy = true
	}
	return busy, nil
}

// results are the draws in their order.
func (w *sampling) results() []Hypothesis {
	out := make([]Hypothesis, len(w.draws))
	for i, p := range w.draws {
		out[i] = p.hypothesis()
	}
	return out
}
