package nn

import "github.com/unroll-go/unroll/graph"

// BatchNorm standardises each feature of x [..., F] over all other axes, then scales and shifts it (Ioffe and Szegedy,
// 2015, arXiv 1502.03167), as torch.nn.BatchNorm1d(F) does with features on its axis 1. In training, mean and variance
// are those of all steps of the batch, and each Func.Grad updates running values of both:
//
//	running = (1-Momentum)·running + Momentum·batch
//
// with the unbiased variance. Evaluation uses the running values, so it does not depend on the batch.
//
// Parameters: weight [F], one at the start; bias [F], zero. Buffers: running_mean [F], zero; running_var [F], one.
// PyTorch's counter num_batches_tracked does not exist here; Params.Load skips it.
type BatchNorm struct {
	Momentum float64 // share of the newest batch in the running values; 0 for 0.1
	Epsilon  float64 // 0 for 1e-5
	NoAffine bool    // standardise only: no weight and no bias
}

// Apply normalises x. Training needs at least two rows.
func (n BatchNorm) Apply(g *graph.Graph, x graph.Node) graph.Node {
	return n.ApplyPadded(g, x, graph.Node{})
}

// ApplyPadded normalises sequences x [T, B, F] of the given lengths [B]. Padding has no part in the statistics and gives zero.
// A batch with a single step that is not padding has variance 0, towards which the running variance then moves.
func (n BatchNorm) ApplyPadded(g *graph.Graph, x, lengths graph.Node) graph.Node {
	epsilon, ok := normEpsilon(g, "BatchNorm", x, n.Epsilon, 1e-5)
	if !ok {
		return graph.Node{}
	}
	if x.Rank() < 2 || !(n.Momentum >= 0 && n.Momentum <= 1) {
		return g.Failf("BatchNorm", "input %v, momentum %g; want [..., F] of at least two dimensions, and 0 to 1", x.Shape(), n.Momentum)
	}
	var mask graph.Node
	if lengths.Valid() {
		if !isSequence(g, "BatchNorm", x) {
			return graph.Node{}
		}
		mask = SequenceMask(g, "BatchNorm", x, lengths)
		if x = g.Where(mask, x, g.Full(0)); !x.Valid() {
			return x
		}
	}
	f := x.Dim(-1)
	mean, variance := g.Buffer("running_mean", graph.Constant(0), f), g.Buffer("running_var", graph.Constant(1), f)
	if g.Training() {
		if size(x) == f {
			return g.Failf("BatchNorm", "want more than one row to train with, found %v", x.Shape())
		}
		mean, variance = n.statistics(g, x, mask, mean, variance)
	}
	y := g.Div(g.Sub(x, mean), g.Sqrt(g.AddScalar(variance, epsilon)))
	if !n.NoAffine {
		y = g.Mul(y, g.Param("weight", graph.Constant(1), f))
		y = g.Add(y, g.Param("bias", graph.Constant(0), f))
	}
	if mask.Valid() {
		y = g.Where(mask, y, g.Full(0))
	}
	return y
}

// statistics returns the batch's mean and variance, [F], and updates the running ones. Padding in x is zero.
func (n BatchNorm) statistics(g *graph.Graph, x, mask, runningMean, runningVar graph.Node) (mean, variance graph.Node) {
	f := x.Dim(-1)
	rows := size(x) / f
	count := g.Full(float64(rows))
	if mask.Valid() {
		count = g.Clamp(g.Sum(mask), 1, float64(rows))
	}
	mean = g.Div(g.SumTo(x, f), count)
	centred := g.Sub(x, mean)
	if mask.Valid() {
		centred = g.Where(mask, centred, g.Full(0))
	}
	squares := g.SumTo(g.Square(centred), f)
	variance = g.Div(squares, count)
	unbiased := g.Div(squares, g.Clamp(g.AddScalar(count, -1), 1, float64(rows)))

	share := n.Momentum
	if share == 0 {
		share = 0.1
	}
	follow := func(running, batch graph.Node) {
		g.Assign(running, g.Add(g.MulScalar(running, 1-share), g.MulScalar(batch, share)))
	}
	follow(runningMean, mean)
	follow(runningVar, unbiased)
	return mean, variance
}

// size is the number of x's elements.
func size(x graph.Node) int {
	n := 1
	for _, d := range x.Shape() {
		n *= d
	}
	return n
}
