package models

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// lookAhead tells layers that read forward what comes next: it maps each step and so many after it to a step of the recurrent layers,
// y_t = ReLU(Σ_k W_k·x_{t+k} + b) for k from 0 to steps, [T, B, input] to [T, B, channels]. Behind the end of a recording there are
// zeros. Deep Speech 2 (Amodei et al., 2016) has such a convolution behind its layers, of each channel by itself; in front of them,
// the layers can make something of what it tells. Weights: weight [channels, input, steps+1] and bias [channels] in the scope ahead.
type lookAhead struct {
	input, channels int
	steps           int // 0: there is none
}

const aheadScope = "ahead"

// output is the width of a step.
func (l lookAhead) output() int {
	if l.steps == 0 {
		return l.input
	}
	return l.channels
}

func (l lookAhead) build(g *graph.Graph, f flow) flow {
	if l.steps == 0 || g.Err() != nil {
		return f
	}
	x := nn.ClearPadding(g, f.x, f.lengths)
	f.x = l.over(g, g.Concat(0, x, g.Full(0, l.steps, x.Dim(1), x.Dim(2))))
	return f
}

// over maps steps and those that follow the last of them, [T+steps, B, input], to [T, B, channels].
func (l lookAhead) over(g *graph.Graph, x graph.Node) graph.Node {
	return g.ReLU(nn.Conv1D{Channels: l.channels, Kernel: l.steps + 1}.Apply(g.Scope(aheadScope), x))
}

func (l lookAhead) sizes() []size {
	if l.steps == 0 {
		return nil
	}
	return []size{
		{"look_ahead", l.steps, aheadScope + ".weight", 3, 2, 1, 1}, {"mels or hidden", l.input, aheadScope + ".weight", 3, 1, 1, 0},
		{"hidden", l.channels, aheadScope + ".weight", 3, 0, 1, 0},
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
	return float64(l.channels) * (float64(l.input)*float64(l.steps+1) + 1)
}

// kept has what is read and given for a step.
func (l lookAhead) kept() float64 {
	if l.steps == 0 {
		return 0
	}
	return float64(l.input) + 2*float64(l.channels)
}

func (l lookAhead) keras(f *kerasFlow) {
	if l.steps > 0 {
		f.lacks("no layer like a look-ahead")
	}
}
