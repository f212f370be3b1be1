package decode

import (
	"slices"

	"github.com/pkg/errors"
)

// guarded is a beam search together with a greedy search in one more row, the last.
type guarded struct {
	beam, greedy *beam
	stuck        error // of the search whose constraints left no token
}

func (w *guarded) advance(r rowsOf) (bool, error) {
	n := w.beam.width
	first, last := r, r
	first.tokens, first.parents = r.tokens[:n], r.parents[:n]
	last.from, last.tokens, last.parents = r.from+n, r.tokens[n:], r.parents[n:]
	more, err := w.part(w.beam, first)
	if err != nil {
		return false, err
	}
	other, err := w.part(w.greedy, last)
	return more || other, err
}

// part advances one of the two searches. It is no error if one is stuck while the other can continue or is complete.
func (w *guarded) part(b *beam, r rowsOf) (bool, error) {
	more, err := b.advance(r)
	if errors.Is(err, errDeadEnd) && w.stuck == nil {
		w.stuck, b.closed = err, true
		return false, nil
	}
	return more, err
}

func (w *guarded) results() []Hypothesis {
	if len(w.greedy.done) == 0 {
		return w.beam.results()
	}
	greedy := w.greedy.done[0]
	known := slices.ContainsFunc(w.beam.done, func(p *path) bool {
		return slices.Equal(p.tokens(), greedy.tokens()) && p.finished == greedy.finished && p.token == greedy.token
	})
	if !known {
		w.beam.finish(greedy)
	}
	return w.beam.results()
}
