package explain

import (
	"context"
	"math"
)

// Occlusion runs the network without each group, the steps before and after which close up, as if they had never been
// there. A score is how much less the output is without it. If a group is all that there is, a step of the baseline takes
// its place. Sequences of one length run side by side. If ctx is cancelled it stops with that error; nil never is.
func (e *Explainer) Occlusion(ctx context.Context, in Input) (*Attribution, error) {
	c, err := in.checked()
	if err != nil {
		return nil, err
	}
	whole, err := e.values(ctx, [][]float64{c.x}, c.steps, c.width, c.target)
	if err != nil {
		return nil, err
	}
	n := len(c.groups) - 1
	a := &Attribution{Output: whole[0], Baseline: math.NaN(), Scores: make([]float64, n), Without: make([]float64, n), Runs: n + 1}
	byLength := map[int][]int{} // groups by how many steps are left without them
	for i := range n {
		left := c.steps - (c.groups[i+1] - c.groups[i])
		byLength[left] = append(byLength[left], i)
	}
	for left, groups := range byLength {
		sequences := make([][]float64, len(groups))
		for j, i := range groups {
			sequences[j] = c.without(i)
		}
		found, err := e.values(ctx, sequences, max(left, 1), c.width, c.target)
		if err != nil {
			return nil, err
		}
		for j, i := range groups {
			a.Without[i], a.Scores[i] = found[j], a.Output-found[j]
		}
	}
	return a, nil
}

// without is the sequence without a group.
func (in *input) without(group int) []float64 {
	from, to := in.groups[group]*in.width, in.groups[group+1]*in.width
	if to-from == len(in.x) {
		return in.base[:in.width]
	}
	return append(append([]float64(nil), in.x[:from]...), in.x[to:]...)
}
