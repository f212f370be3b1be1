package explain

import (
	"context"
	"math"
)

// Gradient scores by gradient times input: what a small change of each step does, times how large the step is. It takes one
// run, and is wrong where the output has stopped moving: there IntegratedGradients is worth its runs.
func (e *Explainer) Gradient(ctx context.Context, in Input) (*Attribution, error) {
	c, err := in.checked()
	if err != nil {
		return nil, err
	}
	out, err := e.along(ctx, c, []float64{1})
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(c.x))
	for i, d := range out[0].slope {
		values[i] = d * (c.x[i] - c.base[i])
	}
	a := &Attribution{Output: out[0].value, Baseline: math.NaN(), Runs: 1}
	a.sum(c, values)
	return a, nil
}
