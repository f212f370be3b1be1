package explain

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/pkg/errors"
	"gonum.org/v1/gonum/integrate/quad"
)

// Integration says how exactly IntegratedGradients integrates.
type Integration struct {
	// Tolerance is how far the scores may be from adding up, as a share of what they add up to; 0 for 1e-4.
	Tolerance float64
	// Runs limits how many sequences the network is computed over; 0 for 16384. Attribution.Gap says what was reached.
	Runs int
}

func (o Integration) checked() (Integration, error) {
	if !(o.Tolerance >= 0) || o.Runs < 0 {
		return o, errors.Errorf("explain: Integration{Tolerance: %g, Runs: %d}; want 0 or more of both", o.Tolerance, o.Runs)
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-4
	}
	if o.Runs == 0 {
		o.Runs = 1 << 14
	}
	return o, nil
}

// nodes is how many points Gauss and Legendre's rule has in a piece of the path. It is exact for polynomials of degree 15.
const nodes = 8

// piece is a part of the path from the baseline, 0, to the input, 1.
type piece struct {
	from, to       float64
	atFrom, atTo   float64   // the output there
	integral       []float64 // of the gradient over the piece, [T, F]
	gain, mistaken float64   // what the integral says that the output gains, and by how much that is wrong
}

// IntegratedGradients scores every element by its gradient, averaged over the straight path from the baseline to the
// input, times its distance from the baseline (Sundararajan, Taly and Yan 2017, equation 1). The scores of all elements add
// up to what the output is more than at the baseline: completeness.
//
// Over each piece of the path, what they add up to is known, from the outputs at its ends: so the error of the integral
// is known, too. Pieces with large errors are halved until all of it is within the tolerance. Where a network has
// corners, as of a maximum over time, the pieces become small there alone. If ctx is cancelled it stops with that error; nil never is.
func (e *Explainer) IntegratedGradients(ctx context.Context, in Input, o Integration) (*Attribution, error) {
	c, err := in.checked()
	if err != nil {
		return nil, err
	}
	if o, err = o.checked(); err != nil {
		return nil, err
	}
	ends, err := e.along(ctx, c, []float64{0, 1})
	if err != nil {
		return nil, err
	}
	a := &Attribution{Output: ends[1].value, Baseline: ends[0].value, Runs: 2}
	whole := a.Output - a.Baseline
	allowed := max(o.Tolerance*math.Abs(whole), 1e-13*(1+math.Abs(a.Output)+math.Abs(a.Baseline)))
	pieces := []*piece{{to: 1, atFrom: a.Baseline, atTo: a.Output}}
	fresh := pieces
	for {
		n, err := e.integrate(ctx, c, fresh)
		if err != nil {
			return nil, err
		}
		a.Runs += n
		fresh, pieces = worst(pieces, allowed)
		if len(fresh) == 0 || a.Runs+len(fresh)*(2*nodes+1) > o.Runs {
			break
		}
		if fresh, err = e.halve(ctx, c, fresh); err != nil {
			return nil, err
		}
		a.Runs += len(fresh) / 2
		pieces = append(pieces, fresh...)
	}
	values := make([]float64, len(c.x))
	for _, p := range append(pieces, fresh...) {
		for i, v := range p.integral {
			values[i] += v * (c.x[i] - c.base[i])
		}
		a.Gap += p.mistaken
	}
	a.sum(c, values)
	return a, nil
}

// integrate fills in the integrals of pieces, and returns how many runs that took.
func (e *Explainer) integrate(ctx context.Context, in *input, pieces []*piece) (runs int, err error) {
	at, weight := make([]float64, nodes), make([]float64, nodes)
	var places, weights []float64
	for _, p := range pieces {
		quad.Legendre{}.FixedLocations(at, weight, p.from, p.to)
		places, weights = append(places, at...), append(weights, weight...)
	}
	found, err := e.along(ctx, in, places)
	if err != nil {
		return 0, err
	}
	for k, p := range pieces {
		p.integral, p.gain = make([]float64, len(in.x)), 0
		for j := k * nodes; j < (k+1)*nodes; j++ {
			for i, d := range found[j].slope {
				p.integral[i] += weights[j] * d
			}
		}
		for i, v := range p.integral {
			p.gain += v * (in.x[i] - in.base[i])
		}
		p.mistaken = p.gain - (p.atTo - p.atFrom)
	}
	return len(places), nil
}

// halve makes two of each piece.
func (e *Explainer) halve(ctx context.Context, in *input, pieces []*piece) ([]*piece, error) {
	middles := make([]float64, len(pieces))
	for i, p := range pieces {
		middles[i] = (p.from + p.to) / 2
	}
	found, err := e.along(ctx, in, middles)
	if err != nil {
		return nil, err
	}
	var out []*piece
	for i, p := range pieces {
		out = append(out,
			&piece{from: p.from, to: middles[i], atFrom: p.atFrom, atTo: found[i].value},
			&piece{from: middles[i], to: p.to, atFrom: found[i].value, atTo: p.atTo})
	}
	return out, nil
}

// worst takes the pieces out that are to be halved: none if the errors add up to what is allowed; otherwise the largest,
// until those of the rest would do. Errors of either sign may cancel out by chance, so their sizes are added; but ten times
// as much of that is let pass, as they do cancel out.
func worst(pieces []*piece, allowed float64) (bad, good []*piece) {
	total, sizes := 0.0, 0.0
	for _, p := range pieces {
		total += p.mistaken
		sizes += math.Abs(p.mistaken)
	}
	if math.Abs(total) <= allowed && sizes <= 10*allowed {
		return nil, pieces
	}
	good = slices.SortedFunc(slices.Values(pieces), func(a, b *piece) int {
		return cmp.Or(cmp.Compare(math.Abs(b.mistaken), math.Abs(a.mistaken)), cmp.Compare(a.from, b.from))
	})
	n := 0
	for n < len(good) && sizes > allowed/2 && good[n].to-good[n].from > 1e-9 {
		sizes -= math.Abs(good[n].mistaken)
		n++
	}
	return good[:n], good[n:]
}
