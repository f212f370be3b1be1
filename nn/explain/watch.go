package explain

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Layer is what the units of a layer did over a sequence: one entry of its state, after every step, or one of its gates.
type Layer struct {
	Name  string      // such as rnn.state_0_l0: h of layer 0, where state_1 is an LSTM's c
	Units [][]float64 // [H][T]: of every unit, in order of time
	Gate  bool        // it is a gate of the layer, such as rnn.forget_gate_l0, and no state
}

// Watcher runs a network and notes the states of its recurrent layers. It serves one goroutine at a time; Watch makes one.
type Watcher struct {
	f     *graph.Func
	names []string // of what was recorded, in the order in which it came up
}

// Watch returns a watcher of a network over the weights of a store. Every layer that recurrent.Unroll builds in it is
// watched.
func Watch(p *graph.Params, network graph.Build) (*Watcher, error) {
	if p == nil || network == nil {
		return nil, errors.New("explain: Watch: the store and the network must be given")
	}
	w := &Watcher{}
	w.f = graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return w.build(g, network, in) })
	return w, nil
}

// build adds what layers record to a network's outputs.
func (w *Watcher) build(g *graph.Graph, network graph.Build, in []graph.Node) []graph.Node {
	w.names = nil
	nodes := map[string][]graph.Node{}
	out := network(g.Recording(func(name string, n graph.Node) {
		if !isState(name) && !isGate(name) {
			return
		}
		if nodes[name] == nil {
			w.names = append(w.names, name)
		}
		nodes[name] = append(nodes[name], n)
	}), in)
	if g.Err() != nil {
		return out
	}
	for _, name := range w.names {
		out = append(out, g.Stack(nodes[name]...)) // [T, B, H]
	}
	return out
}

// own is a name without its scope.
func own(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func isState(name string) bool { return strings.HasPrefix(own(name), "state_") }

func isGate(name string) bool {
	return strings.Contains(own(name), "_gate_") || strings.HasSuffix(name, "_gate")
}

// Run computes the network for one sequence, that is, batches of 1. It returns the network's outputs, which hold until the
// next call, and what its layers did.
func (w *Watcher) Run(in ...*tensor.Dense) (out []*tensor.Dense, layers []Layer, err error) {
	if w.f == nil {
		return nil, nil, errors.New("explain: there is no Watcher: make one with Watch")
	}
	all, err := w.f.Run(in...)
	if err != nil {
		return nil, nil, errors.Wrap(err, "explain")
	}
	n := len(all) - len(w.names)
	for i, name := range w.names {
		x := all[n+i]
		shape := x.Shape()
		if len(shape) < 3 || shape[1] != 1 {
			return nil, nil, errors.Errorf("explain: the state %s has the shape %v; want [T, 1, H], of one sequence", name, []int(shape))
		}
		values := dense.Float64s(x) // a memory of matrices has a unit for each of their numbers
		layers = append(layers, Layer{name, unitsOf(values, shape[0], len(values)/shape[0], strings.HasSuffix(name, "_reverse")), isGate(name)})
	}
	return all[:n], layers, nil
}

// unitsOf turns [T, H] into [H][T]. What walked backwards was recorded from the last step to the first.
func unitsOf(x []float64, steps, hidden int, reverse bool) [][]float64 {
	out := make([][]float64, hidden)
	for h := range out {
		out[h] = make([]float64, steps)
		for t := range steps {
			out[h][t] = x[t*hidden+h]
		}
		if reverse {
			slices.Reverse(out[h])
		}
	}
	return out
}

// Joined are layers over one piece of a sequence after another: b's steps come after a's. Without a, they are b.
func Joined(a, b []Layer) ([]Layer, error) {
	if len(a) == 0 {
		return b, nil
	}
	if len(a) != len(b) {
		return nil, errors.Errorf("explain: Joined: %d layers and %d; want as many", len(a), len(b))
	}
	for i := range a {
		if a[i].Name != b[i].Name || len(a[i].Units) != len(b[i].Units) {
			return nil, errors.Errorf("explain: Joined: layer %s of %d units and layer %s of %d; want the same",
				a[i].Name, len(a[i].Units), b[i].Name, len(b[i].Units))
		}
		for h := range a[i].Units {
			a[i].Units[h] = append(a[i].Units[h], b[i].Units[h]...)
		}
	}
	return a, nil
}
