// Package flow measures how gradients travel back through time, and what training does to weights.
//
// Measure takes a loss and one batch. Its Report tells of every state of every recurrent layer whether its gradient
// vanishes or explodes (Verdict), by which factor, and how far back the network can be taught (State.Reach); what the
// gates do; the spectral radius of the recurrent weights; and the size of every parameter's gradient. Its String says all
// that in words, with what to try. Package chart draws it. Updates compares the weights before and after a step.
package flow

import (
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// Report is what Measure measured: how gradients travel back through time, and what the network's gates and weights
// do to them.
type Report struct {
	Loss    float64
	States  []State
	Gates   []Gate
	Weights []Weight
	Params  []Param
}

// State is the gradient of the loss with respect to one entry of a layer's state, after every step.
type State struct {
	Name  string    // such as rnn.state_0_l0: h of layer 0, where state_1 is an LSTM's c
	Norms []float64 // [T]: ‖∂L/∂h_t‖ over the whole batch, in order of time
	// Factor is what the norm is multiplied by with each step back, fitted over all steps: below 1 it shrinks.
	Factor float64
	// Ratio is the norm at the end that is farthest from the loss over the largest norm of all.
	Ratio float64
}

// Gate is how far a gate is from deciding anything: the share of its activations that are closed, below 0.05, or open,
// above 0.95, where a sigmoid's derivative is below 0.05.
type Gate struct {
	Name         string
	Mean         float64
	Closed, Open float64 // shares
}

// Weight tells what a recurrent matrix does to a vector that passes through it again and again: its spectral
// radius, the largest |eigenvalue|, one for each gate. Below 1, gradients shrink that pass through it alone.
type Weight struct {
	Name   string
	Radius []float64 // of each gate's block, in the order of the gates
}

// Param compares a parameter's gradient with the parameter.
type Param struct {
	Name             string
	Weight, Gradient float64 // norms
}

// Measure computes a loss and its gradients on one batch and measures how they flow back through time. loss is what
// a train.Loop trains: a build function whose first output is a scalar; in are its arguments. Every state and gate of a layer
// that recurrent.Unroll built in it is looked at. The gradients of the parameters are left in the store; nothing is
// updated.
//
// To see how far back the network learns, let the loss depend on the last steps alone: where every step has a loss of its
// own, every state has a gradient from nearby.
func Measure(p *graph.Params, loss graph.Build, in ...*tensor.Dense) (*Report, error) {
	if p == nil || loss == nil {
		return nil, errors.New("flow: Measure: the store and the loss must be given")
	}
	probe := &flowProbe{}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return probe.build(g, loss, in) })
	out, err := f.Grad(in...)
	if err != nil {
		return nil, errors.Wrap(err, "flow: (an overflow is the last stage of an explosion)")
	}
	flow := &Report{Loss: graph.Scalar(out[0])}
	at := 1
	for _, name := range probe.states {
		s := State{Name: name, Norms: dense.Float64s(out[at])}
		at++
		if strings.HasSuffix(name, "_reverse") { // recorded as it was walked: from the last step to the first
			slices.Reverse(s.Norms)
		}
		s.fit(strings.HasSuffix(name, "_reverse"))
		flow.States = append(flow.States, s)
	}
	for _, name := range probe.gates {
		flow.Gates = append(flow.Gates, gateUse(name, dense.Float64s(out[at])))
		at++
	}
	if flow.Weights, err = recurrentWeights(p); err != nil {
		return nil, err
	}
	for i := range p.Len() {
		if q := p.At(i); !q.Frozen() {
			flow.Params = append(flow.Params, Param{q.Name(), norm(dense.Float64s(weights.Of(q))), norm(dense.Float64s(q.Grad()))})
		}
	}
	if len(flow.States) == 0 {
		return nil, errors.New("flow: the loss has no recurrent states (built by recurrent.Unroll)")
	}
	return flow, nil
}

// flowProbe finds the states and gates of a model and adds what is measured to its outputs.
type flowProbe struct {
	states, gates []string // names, in the order in which they came up
	nodes         map[string][]graph.Node
}

func (p *flowProbe) build(g *graph.Graph, loss graph.Build, in []graph.Node) []graph.Node {
	*p = flowProbe{nodes: map[string][]graph.Node{}}
	out := loss(g.Recording(p.note), in)
	if g.Err() != nil || len(out) == 0 {
		return out
	}
	var all []graph.Node
	for _, name := range p.states {
		all = append(all, p.nodes[name]...)
	}
	grads := g.Grad(out[0], all...)
	results := out[:1:1]
	for _, name := range p.states {
		norms := make([]graph.Node, len(p.nodes[name]))
		for i := range norms {
			norms[i] = normOf(g, grads[i])
		}
		grads = grads[len(norms):]
		results = append(results, g.Stack(norms...))
	}
	for _, name := range p.gates {
		results = append(results, g.Stack(p.nodes[name]...))
	}
	return results
}

// normOf is the norm of x, a scalar: its largest element is taken out first, so that no square overflows.
func normOf(g *graph.Graph, x graph.Node) graph.Node {
	top := g.Max(g.Reshape(g.Abs(x), -1), 0)
	unit := g.Div(x, g.Where(top, top, g.Full(1)))
	return g.Mul(top, g.Sqrt(g.Sum(g.Square(unit))))
}

// note takes a node that a layer recorded.
func (p *flowProbe) note(name string, n graph.Node) {
	local := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case p.nodes[name] != nil:
	case strings.HasPrefix(local, "state_"):
		p.states = append(p.states, name)
	case strings.Contains(local, "gate"):
		p.gates = append(p.gates, name)
	default:
		return
	}
	p.nodes[name] = append(p.nodes[name], n)
}

// fit finds the factor per step back by least squares on the logarithms of the norms, and the ratio.
func (s *State) fit(reverse bool) {
	var n, sx, sy, sxx, sxy float64
	for t, v := range s.Norms {
		back := float64(len(s.Norms) - 1 - t)
		if reverse { // its time runs the other way
			back = float64(t)
		}
		if v > 0 {
			y := math.Log(v)
			n, sx, sy, sxx, sxy = n+1, sx+back, sy+y, sxx+back*back, sxy+back*y
		}
	}
	s.Factor = 1
	if d := n*sxx - sx*sx; d > 0 {
		s.Factor = math.Exp((n*sxy - sx*sy) / d)
	}
	far := s.Norms[0]
	if reverse {
		far = s.Norms[len(s.Norms)-1]
	}
	if top := slices.Max(s.Norms); top > 0 {
		s.Ratio = far / top
	}
}

func gateUse(name string, x []float64) Gate {
	u := Gate{Name: name}
	each := 1 / float64(len(x))
	for _, v := range x {
		u.Mean += v * each
		if v < 0.05 {
			u.Closed += each
		}
		if v > 0.95 {
			u.Open += each
		}
	}
	return u
}

func norm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}
