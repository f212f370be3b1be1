package decode

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// path is a sequence so far: its last token, and the path before that. Paths share their beginnings.
type path struct {
	before    *path // nil at the start
	token     int
	p         float64   // log-probability of the token
	logProb   float64   // of the whole path
	length    int       // tokens, End included
	attention []float32 // the attention weights for the token
	finished  bool
	score     float64 // set when the path is complete
}

// with returns the path extended by a token of log-probability v.
func (p *path) with(token int, v float64, attention []float32, end bool) *path {
	return &path{before: p, token: token, p: v, logProb: p.logProb + v, length: p.length + 1, attention: attention, finished: end}
}

// tokens returns the tokens after the start, without End.
func (p *path) tokens() []int {
	out := make([]int, 0, p.length)
	for q := p; q.before != nil; q = q.before {
		if !(q == p && p.finished) {
			out = append(out, q.token)
		}
	}
	slices.Reverse(out)
	return out
}

// hypothesis returns the path as a result.
func (p *path) hypothesis() Hypothesis {
	h := Hypothesis{Tokens: p.tokens(), Finished: p.finished, LogProb: p.logProb, Score: p.score}
	if p.finished {
		h.End = p.token
	}
	for q := p; q.before != nil; q = q.before {
		h.LogProbs = append(h.LogProbs, q.p)
		if q.attention != nil && !(q == p && p.finished) {
			h.Attention = append(h.Attention, widened(nil, q.attention))
		}
	}
	slices.Reverse(h.LogProbs)
	slices.Reverse(h.Attention)
	return h
}

// candidate is an extension of a path by one token.
type candidate struct {
	row, token int
	p, logProb float64
}

// better orders candidates: the likelier first, then by row, then by token.
func better(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.logProb, a.logProb), cmp.Compare(a.row, b.row), cmp.Compare(a.token, b.token))
}

// beam follows the likeliest paths of one source; one path is greedy search.
type beam struct {
	Search
	width  int
	live   []*path // of each row
	done   []*path // best first, at most width
	closed bool
	found  []candidate
	room   []float64
}

func newBeam(s Search, width int) *beam {
	return &beam{Search: s, width: width, live: []*path{{token: s.Start}}}
}

func (b *beam) advance(r rowsOf) (bool, error) {
	if b.closed {
		return false, nil
	}
	if b.live[0].length == b.Max {
		b.closed = true
		return false, b.stop(r)
	}
	err := b.collect(r)
	if errors.Is(err, errDeadEnd) && len(b.done) > 0 {
		b.closed = true // no live path can continue, but others are complete
		return false, nil
	}
	if err != nil {
		return false, err
	}
	next, taken := make([]*path, 0, b.width), 0
	for _, c := range b.found {
		end := b.ends(c.token)
		if !end && taken == b.width {
			continue
		}
		p := b.live[c.row].with(c.token, c.p, r.attention(c.row), end)
		if end {
			b.finish(p)
		} else {
			taken++
			r.choose(len(next), c.token, c.row)
			next = append(next, p)
		}
		if b.width == 1 {
			break // greedy: the likeliest token, whatever it is
		}
	}
	b.live = next
	b.closed = len(next) == 0 || b.certain()
	return !b.closed, nil
}

// stop is the step after Max tokens, in which only ends count. A path ends with every end that it may have. It is also cut
// off as it is if the likeliest token is not an end, or if no token is allowed. Greedy search follows the likeliest token.
func (b *beam) stop(r rowsOf) error {
	for row, p := range b.live {
		probs, err := b.logProbs(p, r.logits(row), b.room)
		if err != nil {
			return errors.Wrapf(err, "after %d tokens", p.length)
		}
		b.room = probs
		top := first(probs)
		for token, v := range probs {
			if b.ends(token) && !math.IsInf(v, -1) && (token == top || b.width > 1) {
				b.finish(p.with(token, v, r.attention(row), true))
			}
		}
		if !b.ends(top) || math.IsInf(probs[top], -1) {
			b.finish(p)
		}
	}
	return nil
}

// collect finds the likeliest extensions, enough of them to fill the beam even if every path also ends with every end.
func (b *beam) collect(r rowsOf) error {
	b.found = b.found[:0]
	for row, p := range b.live {
		logits := r.logits(row)
		probs, err := b.logProbs(p, logits, b.room)
		if err != nil {
			return errors.Wrapf(err, "after %d tokens", p.length)
		}
		b.room = probs
		for token, v := range probs {
			if math.IsInf(v, -1) {
				continue
			}
			b.keep(candidate{row, token, v, p.logProb + v})
		}
	}
	if len(b.found) == 0 {
		return errors.Wrapf(errDeadEnd, "after %d tokens", b.live[0].length)
	}
	slices.SortFunc(b.found, better)
	return nil
}

// keep adds a candidate to the best found so far, which are a heap with the worst at the root.
func (b *beam) keep(c candidate) {
	if len(b.found) < (2+len(b.Stops))*b.width {
		b.found = append(b.found, c)
		for i := len(b.found) - 1; i > 0; {
			up := (i - 1) / 2
			if better(b.found[i], b.found[up]) <= 0 {
				break
			}
			b.found[i], b.found[up] = b.found[up], b.found[i]
			i = up
		}
		return
	}
	if better(c, b.found[0]) >= 0 {
		return
	}
	b.found[0] = c
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(b.found); child++ {
			if better(b.found[child], b.found[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		b.found[i], b.found[worst] = b.found[worst], b.found[i]
		i = worst
	}
}

// finish ranks a path among those that are complete.
func (b *beam) finish(p *path) {
	p.score = b.score(p)
	at, _ := slices.BinarySearchFunc(b.done, p, func(q, p *path) int {
		if q.score >= p.score {
			return -1
		}
		return 1
	})
	if b.done = slices.Insert(b.done, at, p); len(b.done) > b.width {
		b.done = b.done[:b.width]
	}
}

// certain tells whether no live path can end among the best any more: log-probabilities only fall, and the divisor of the
// length penalty is largest for the longest sequence.
func (b *beam) certain() bool {
	want := max(b.Best, 1)
	if len(b.done) < want {
		return false
	}
	for _, p := range b.live {
		if p.logProb/b.penalty(b.Max+1) > b.done[want-1].score {
			return false
		}
	}
	return true
}

func (b *beam) results() []Hypothesis {
	var out []Hypothesis
	for _, p := range b.done[:min(len(b.done), max(b.Best, 1))] {
		out = append(out, p.hypothesis())
	}
	return out
}
