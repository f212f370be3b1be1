package models

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// lookAhead tells layers that read forward what comes next: it adds to each step what it makes of it and of so many after it,
// y_t = x_t + Σ_k w_k⊙x_{t+k} + b for k from 0 to steps, [T, B, width] both. Behind the end of a recording there are zeros. It is the
// row convolution of Deep Speech 2 (Amodei et al., 2016, section 3.7), which has it behind its layers; in front of them, they can make
// something of what it tells. Weights begin at zero, so that a model hears at first what it would without them. Weights: weight
// [width, 1, steps+1] and bias [width] in the scope ahead.
type lookAhead struct {
	width int
	steps int // 0: there is none
}

const aheadScope = "ahead"

func (l lookAhead) build(g *graph.Graph, f flow) flow {
	if l.steps == 0 || g.Err() != nil {
		return f
	}
	x := nn.ClearPadding(g, f.x, f.lengths)
	f.x = l.over(g, g.Concat(0, x, g.Full(0, l.steps, x.Dim(1), x.Dim(2))))
	return f
}

// over maps steps and those that follow the last of them, [T+steps, B, width], to [T, B, width].
func (l lookAhead) over(g *graph.Graph, x graph.Node) graph.Node {
	taps := make([]graph.Node, l.steps+1)
	for k := range taps {
		taps[k] = g.Slice(x, 0, k, k+x.Dim(0)-l.steps)
	}
	c := nn.DepthwiseConv1D{Kernel: l.steps + 1, Init: graph.Constant(0)}
	return g.Add(taps[0], c.Weigh(g.Scope(aheadScope), taps...))
}

func (l lookAhead) sizes() []size {
	if l.steps == 0 {
		return nil
	}
	return []size{
		{"look_ahead", l.steps, aheadScope + ".weight", 3, 2, 1, 1}, {"mels or hidden", l.width, aheadScope + ".weight", 3, 0, 1, 0},
	}
}

// absent are the weights of a look-ahead that there is not.
func (l lookAhead) absent() []absence {
	if l.steps > 0 {
		return nil
	}
	return []absence{{"look_ahead", aheadScope + ".weight"}}
}

func (l lookAhead) weights() float64 {
	if l.steps == 0 {
		return 0
	}
	return float64(l.width) * float64(l.steps+2)
}

// kept has what is read and given for a step.
func (l lookAhead) kept() float64 {
	if l.steps == 0 {
		return 0
	}
	return 3 * float64(l.width)
}

func (l lookAhead) keras(f *kerasFlow) {
	if l.steps > 0 {
		f.lacks("no layer like a look-ahead")
	}
}
