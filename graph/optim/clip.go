package optim

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// GlobalNorm is the Euclidean length of all gradients of the store taken as one vector. It is an error, naming the
// parameter, if a gradient is not finite.
func GlobalNorm(p *graph.Params) (float64, error) {
	if err := given(p); err != nil {
		return 0, err
	}
	total := 0.0
	for i := 0; i < p.Len(); i++ {
		q := p.At(i)
		if q.Frozen() {
			continue
		}
		s := kernel.SumSquares(float32s(q.Grad())) + kernel.SumSquares(float64s(q.Grad()))
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return 0, errors.Errorf("optim: the gradient of %s is not finite", q.Name())
		}
		total += s
	}
	return math.Sqrt(total), nil
}

// ClipByNorm scales all gradients so that their global norm is at most limit, and returns the norm they had before
// (Pascanu, Mikolov and Bengio, 2013): the remedy for exploding gradients. A limit of 0 only measures; a negative one, or
// NaN, is an error.
func ClipByNorm(p *graph.Params, limit float64) (float64, error) {
	if err := checkLimit(limit); err != nil {
		return 0, err
	}
	norm, err := GlobalNorm(p)
	if err != nil || limit <= 0 || norm <= limit {
		return norm, err
	}
	scale := limit / (norm + normEpsilon)
	for i := 0; i < p.Len(); i++ {
		if p.At(i).Frozen() {
			continue
		}
		g := p.At(i).Grad()
		kernel.Affine(float32s(g), float32s(g), float32(scale), 0)
		kernel.Affine(float64s(g), float64s(g), scale, 0)
	}
	return norm, nil
}

// checkLimit refuses limits of a norm that limit nothing.
func checkLimit(limit float64) error {
	if !(limit >= 0) {
		return errors.Errorf("optim: limit %g of the gradients' norm; want 0 or more", limit)
	}
	return nil
}

// ClipByValue limits every element of every gradient to [-limit, limit].
func ClipByValue(p *graph.Params, limit float64) error {
	if err := given(p); err != nil {
		return err
	}
	if !(limit > 0) {
		return errors.Errorf("optim: clip value %g; want above 0", limit)
	}
	for i := 0; i < p.Len(); i++ {
		if p.At(i).Frozen() {
			continue
		}
		g := p.At(i).Grad()
		clip(float32s(g), float32(limit))
		clip(float64s(g), limit)
	}
	return nil
}

func clip[T kernel.Float](x []T, limit T) {
	for i, v := range x {
		switch {
		case v > limit:
			x[i] = limit
		case v < -limit:
			x[i] = -limit
		}
	}
}
