package keras

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// lastAxis reads an axis that must be the last one; which number that is shows when the layer runs.
func lastAxis(s settings) func(x graph.Node) bool {
	v := s.values["axis"]
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	axis, ok := v.(float64)
	if v == nil {
		axis, ok = -1, true
	}
	if !ok {
		s.problem("axis is %s; only the last one is supported", brief(s.values["axis"]))
	}
	return func(x graph.Node) bool { return axis == -1 || int(axis) == x.Rank()-1 }
}

// affine takes gamma and beta, if the layer has them.
func affine(t *taker, scale, center bool, width int) int {
	for _, p := range []struct {
		name, local string
		there       bool
	}{{"gamma", "weight", scale}, {"beta", "bias", center}} {
		if p.there {
			d := t.next(p.name, width)
			width = d.Shape[0]
			t.put(p.local, d, same(d.Shape))
		}
	}
	return width
}

// scaled multiplies with gamma and adds beta.
func scaled(c *call, y graph.Node) graph.Node {
	if w := c.weight(c.g, "weight"); w.Valid() {
		y = c.g.Mul(y, w)
	}
	if b := c.weight(c.g, "bias"); b.Valid() {
		y = c.g.Add(y, b)
	}
	return y
}

// batchNormLayer standardises each channel of [B, ..., C]. In training, mean and variance are those of the batch, of the steps
// that are not masked, and the running values follow them: running = momentum·running + (1-momentum)·batch.
func batchNormLayer(s settings) operation {
	epsilon, momentum := s.number("epsilon", 1e-3), s.number("momentum", 0.99)
	center, scale, trainable := s.truth("center", true), s.truth("scale", true), s.truth("trainable", true)
	last := lastAxis(s)
	return operation{
		take: func(t *taker) {
			width := affine(t, scale, center, -1)
			t.buffer("running_mean", t.next("moving mean", width))
			t.buffer("running_var", t.next("moving variance", width))
		},
		run: func(c *call) []value {
			g, x := c.g, c.in[0].x
			mean, variance := c.weight(g, "running_mean"), c.weight(g, "running_var")
			if g.Err() == nil && (x.IsIDs() || !last(x)) {
				g.Failf("Keras", "%s normalises another axis than the last of %v, which is not supported", c.layer.name, x)
			}
			if g.Training() && trainable && g.Err() == nil {
				mean, variance = statistics(g, c.in[0], mean, variance, momentum)
			}
			y := g.Div(g.Sub(x, mean), g.Sqrt(g.AddScalar(variance, epsilon)))
			return []value{{scaled(c, y), c.in[0].mask}}
		},
	}
}

// statistics are mean and variance of a batch; the running ones follow.
func statistics(g *graph.Graph, in value, runningMean, runningVar graph.Node, momentum float64) (mean, variance graph.Node) {
	x := in.x
	shape, f := x.Shape(), x.Dim(-1)
	count := g.Full(float64(size(shape) / f))
	counted := func(x graph.Node) graph.Node { return x }
	if in.mask.Valid() && x.Rank() == 3 {
		m := g.Reshape(in.mask, shape[0], shape[1], 1)
		count = g.Clamp(g.Sum(in.mask), 1, float64(shape[0]*shape[1]))
		counted = func(x graph.Node) graph.Node { return g.Mul(x, m) }
	}
	mean = g.Div(g.SumTo(counted(x), f), count)
	variance = g.Div(g.SumTo(counted(g.Square(g.Sub(x, mean))), f), count)
	follow := func(running, batch graph.Node) {
		g.Assign(running, g.Add(g.MulScalar(running, momentum), g.MulScalar(batch, 1-momentum)))
	}
	follow(runningMean, mean)
	follow(runningVar, variance)
	return mean, variance
}

// layerNormLayer standardises the last axis of [..., F].
func layerNormLayer(s settings) operation {
	epsilon := s.number("epsilon", 1e-3)
	center, scale := s.truth("center", true), s.truth("scale", true)
	last := lastAxis(s)
	s.only("rms_scaling", false)
	return operation{
		take: func(t *taker) { affine(t, scale, center, -1) },
		run: func(c *call) []value {
			g, x := c.g, c.in[0].x
			rows := c.rows(last)
			if rows == nil {
				return nil
			}
			mean := func(x graph.Node) graph.Node { return g.Reshape(g.Mean(x, -1), rows...) }
			centred := g.Sub(x, mean(x))
			y := g.Div(centred, g.Sqrt(g.AddScalar(mean(g.Square(centred)), epsilon)))
			return []value{{scaled(c, y), c.in[0].mask}}
		},
	}
}

// rows is the shape of one number for each row of the input, whose last axis is to be normalised; nil after an error.
func (c *call) rows(last func(graph.Node) bool) []int {
	g, x := c.g, c.in[0].x
	if g.Err() == nil && (x.IsIDs() || x.Rank() < 2 || !last(x)) {
		g.Failf("Keras", "%s normalises another axis than the last of %v, which is not supported", c.layer.name, x)
	}
	if g.Err() != nil {
		return nil
	}
	rows := x.Shape()
	rows[len(rows)-1] = 1
	return rows
}

// unitNormLayer gives the last axis of [..., F] the length 1: x/max(‖x‖, 1e-12).
func unitNormLayer(s settings) operation {
	last := lastAxis(s)
	return operation{run: func(c *call) []value {
		g, x := c.g, c.in[0].x
		rows := c.rows(last)
		if rows == nil {
			return nil
		}
		length := g.Clamp(g.Reshape(g.Sum(g.Square(x), -1), rows...), 1e-24, math.MaxFloat32)
		return []value{{g.Div(x, g.Sqrt(length)), c.in[0].mask}}
	}}
}
