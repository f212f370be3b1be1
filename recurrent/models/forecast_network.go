package models

import (
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// forecastNetwork is one of two.
//
// With a distribution, DeepAR (Salinas et al., 2017): a recurrent network reads at every step the values before it and what
// is known of the step, and gives the parameters of the step's distribution.
//
// With a point or quantiles, all steps of the horizon at once, as MQ-RNN (Wen et al., 2017): a recurrent network reads the
// context; of its last state a layer makes a context for each step of the horizon and one for all; and at each step a small
// network, the same at all steps, makes the quantiles of both and of what is known of the step. Beside it goes a linear
// function of the context's values (LSTNet's highway; Lai et al., 2017), and both are added to the last value.
func forecastNetwork(c Config, f *features) (network, error) {
	in := seriesInput{width: windows{c.Forecast, f}.width(), embed: c.Embed}
	for _, k := range f.Classes {
		in.classes = append(in.classes, len(k.Known)+1)
	}
	r, err := c.recurrence("rnn", in.output())
	if err != nil {
		return nil, err
	}
	r.carried, r.dropout = true, c.Dropout
	n := network{in, r, dropout{c.Dropout}}
	if c.Forecast.steps() {
		return append(n, head{field: "output", classes: len(c.Forecast.family().Parameters()), width: c.Hidden, steps: true}), nil
	}
	return append(n, horizonHead{
		context: c.Forecast.Context, horizon: c.Forecast.Horizon, hidden: c.Hidden, classes: len(in.classes) * c.Embed, ahead: f.ahead(),
		quantiles: len(c.Forecast.levels()), dropout: c.Dropout,
	}), nil
}

// seriesInput joins what is read with the embeddings of the series' classes: weight [classes + 1, embed] in the scopes
// class_0, class_1 and so on.
type seriesInput struct {
	width   int
	classes []int // how many, with the one that stands for others
	embed   int
}

func (s seriesInput) output() int { return s.width + len(s.classes)*s.embed }

func (s seriesInput) scope(i int) string { return "class_" + strconv.Itoa(i) }

func (s seriesInput) build(g *graph.Graph, f flow) flow {
	t, b := f.x.Dim(0), f.x.Dim(1)
	parts := []graph.Node{f.x}
	for i, n := range s.classes {
		e := nn.Embedding{Tokens: n, Size: s.embed}.Apply(g.Scope(s.scope(i)), f.classes[i]) // [B, E]
		f.static = append(f.static, e)
		parts = append(parts, g.BroadcastTo(g.Reshape(e, 1, b, s.embed), t, b, s.embed))
	}
	if len(parts) > 1 {
		f.x = g.Concat(2, parts...)
	}
	return f
}

func (s seriesInput) sizes() []size {
	var out []size
	for i, n := range s.classes {
		weight := s.scope(i) + ".weight"
		out = append(out, size{"classes", n, weight, 2, 0, 1, 0}, size{"embed", s.embed, weight, 2, 1, 1, 0})
	}
	return out
}

func (s seriesInput) weights() float64 {
	n := 0.0
	for _, k := range s.classes {
		n += float64(k) * float64(s.embed)
	}
	return n
}

func (s seriesInput) kept() float64 { return float64(s.output()) }

// horizonHead makes all quantiles of all steps of the horizon, [H, B, Q]. Weights: contexts, [(H+1)·D, ·], local and head, each
// with weight and bias, and highway.weight [H, C].
type horizonHead struct {
	context, horizon, hidden, classes, ahead, quantiles int
	dropout                                             float64
}

// depth is the width D of the context of a step.
func (h horizonHead) depth() int { return max(4, h.hidden/4) }

func (h horizonHead) build(g *graph.Graph, f flow) flow {
	steps, b, d := f.x.Dim(0), f.x.Dim(1), h.depth()
	state := append([]graph.Node{g.Reshape(g.Slice(f.x, 0, steps-1, steps), b, h.hidden)}, f.static...)
	contexts := g.ReLU(nn.Dense{Units: (h.horizon + 1) * d}.Apply(g.Scope("contexts"), g.Concat(1, state...)))
	own := g.Reshape(g.Slice(contexts, 1, 0, h.horizon*d), b, h.horizon, d)
	all := g.Reshape(g.Slice(contexts, 1, h.horizon*d, (h.horizon+1)*d), 1, b, d)
	seen := g.Concat(2, g.Transpose(own, 1, 0, 2), g.BroadcastTo(all, h.horizon, b, d), f.future) // [H, B, 2D + A]
	local := g.ReLU(nn.Dense{Units: h.hidden}.Apply(g.Scope("local"), seen))
	local = nn.Dropout{Rate: h.dropout}.Apply(g, local)
	y := nn.Dense{Units: h.quantiles}.Apply(g.Scope(headScope), local) // [H, B, Q]

	last := g.Slice(f.window, 0, h.context-1, h.context) // [1, B]
	change := g.Transpose(g.Sub(f.window, last), 1, 0)   // [B, C]
	line := nn.Dense{Units: h.horizon, NoBias: true, Init: graph.Constant(0)}.Apply(g.Scope("highway"), change)
	base := g.Add(g.Transpose(line, 1, 0), last) // [H, B]
	f.x = g.Add(y, g.Reshape(base, h.horizon, b, 1))
	return f
}

func (h horizonHead) sizes() []size {
	return []size{
		{"horizon", h.horizon, "highway.weight", 2, 0, 1, 0}, {"context", h.context, "highway.weight", 2, 1, 1, 0},
		{"quantiles", h.quantiles, "head.bias", 1, 0, 1, 0}, {"horizon", h.horizon + 1, "contexts.bias", 1, 0, h.depth(), 0},
	}
}

func (h horizonHead) weights() float64 {
	d, n, hidden := float64(h.depth()), float64(h.horizon), float64(h.hidden)
	contexts := (n + 1) * d * (hidden + float64(h.classes) + 1)
	local := hidden * (2*d + float64(h.ahead) + 1)
	return contexts + local + float64(h.quantiles)*(hidden+1) + n*float64(h.context)
}

func (h horizonHead) kept() float64 { return float64(h.depth() + h.hidden) }
