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
	done  []bool // of each draw
	rngs  []*rand.Rand
	room  []float64
}

func newSampling(s Search, source int) *sampling {
	w := &sampling{Search: s}
	for i := range max(s.Best, 1) {
		w.draws, w.done = append(w.draws, &path{token: s.Start}), append(w.done, false)
		w.rngs = append(w.rngs, rand.New(rand.NewPCG(s.Seed, uint64(s.FirstSource+source)<<20+uint64(i))))
	}
	return w
}

func (w *sampling) advance(r rowsOf) (bool, error) {
	busy := false
	for i, p := range w.draws {
		if w.done[i] {
			continue
		}
		probs, err := w.logProbs(p, r.logits(i), w.room)
		if err != nil {
			return false, errors.Wrapf(err, "draw %d after %d tokens", i, p.length)
		}
		w.room = probs
		if math.IsInf(slices.Max(probs), -1) {
			if p.length == w.Max {
				w.finish(i, p)
				continue
			}
			return false, errors.Wrapf(errDeadEnd, "draw %d after %d tokens", i, p.length)
		}
		token, err := draw(*w.Sampler, probs, w.rngs[i])
		if err != nil {
			return false, err
		}
		end := w.ends(token)
		switch next := p.with(token, probs[token], r.attention(i), end); {
		case end:
			w.finish(i, next)
		case p.length == w.Max: // after Max tokens only an end counts
			w.finish(i, p)
		default:
			w.draws[i], busy = next, true
			r.choose(i, token, i)
		}
	}
	return busy, nil
}

// finish makes p the result of draw i.
func (w *sampling) finish(i int, p *path) {
	p.score = w.score(p)
	w.draws[i], w.done[i] = p, true
}

// results are the draws in their order.
func (w *sampling) results() []Hypothesis {
	out := make([]Hypothesis, len(w.draws))
	for i, p := range w.draws {
		out[i] = p.hypothesis()
	}
	return out
}
