package recurrent

import "github.com/unroll-go/unroll/graph"

// Trace has the states and the gates of every step of an unrolled cell, in order of time. Its nodes can be outputs, be
// differentiated, or go into a loss. A bidirectional layer fills Backward too.
type Trace struct {
	// States are the entries of the state after every step, [T, B, H] each: h and c of an LSTM.
	States []graph.Node
	// Gates are what the cell records with Graph.Record, [T, B, H] each, under its name in the model: an LSTM in the
	// scope "lstm" has lstm.input_gate_l0, lstm.forget_gate_l0 and lstm.output_gate_l0.
	Gates map[string]graph.Node
	// Backward is the trace of the other direction.
	Backward *Trace

	step    int
	history [][]graph.Node // of each state
	gates   map[string][]graph.Node
	steps   int
}

// listen returns a view that notes gates.
func (t *Trace) listen(g *graph.Graph, steps int) *graph.Graph {
	if t == nil {
		return g
	}
	*t = Trace{steps: steps, gates: map[string][]graph.Node{}, Backward: t.Backward}
	return g.Recording(func(name string, n graph.Node) {
		if t.gates[name] == nil {
			t.gates[name] = make([]graph.Node, steps)
		}
		t.gates[name][t.step] = n
	})
}

func (t *Trace) at(step int) {
	if t != nil {
		t.step = step
	}
}

func (t *Trace) states(s State) {
	if t == nil {
		return
	}
	for len(t.history) < len(s) {
		t.history = append(t.history, make([]graph.Node, t.steps))
	}
	for i, n := range s {
		t.history[i][t.step] = n
	}
}

// finish joins what was noted.
func (t *Trace) finish(g *graph.Graph) {
	if t == nil {
		return
	}
	for _, h := range t.history {
		t.States = append(t.States, g.Stack(h...))
	}
	t.Gates = map[string]graph.Node{}
	for name, steps := range t.gates {
		t.Gates[name] = g.Stack(steps...)
	}
	t.history, t.gates = nil, nil
}
