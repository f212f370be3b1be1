package onnx

import (
	"fmt"
	"slices"

	"github.com/unroll-go/unroll/internal/op"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// recurrence is a loop of the graph that is written.
type recurrence struct {
	*op.Loop
	sequences, states []int // places of what it walks
	in, before        []int // of what its step sees of them
	outputs, next     []int // of what its step gives
	lengths           int   // or -1
	inside            []int // places of what a step computes anew, in order
	results           []string
}

// find takes the recurrences apart and finds what belongs to a step of each: all that depends on what the step is given, and that
// its results depend on. The rest, such as a weight turned round, is computed once, before.
func (w *writer) find() {
	w.of = make([]int, len(w.list))
	for i := range w.of {
		w.of[i] = -1
	}
	for i, n := range w.list {
		o, ok := n.Op.(*op.Loop)
		if !ok {
			continue
		}
		l := &recurrence{Loop: o, lengths: -1}
		rest := n.In
		for _, part := range []struct {
			to *[]int
			n  int
		}{
			{&l.sequences, o.Sequences}, {&l.states, o.States}, {&l.in, o.Sequences}, {&l.before, o.States},
			{&l.outputs, o.Outputs}, {&l.next, o.States},
		} {
			*part.to, rest = rest[:part.n], rest[part.n:]
		}
		if o.Lengths {
			l.lengths = rest[0]
		}
		w.loops[i] = l
		w.claim(i, l)
	}
}

// claim marks the nodes of a step.
func (w *writer) claim(at int, l *recurrence) {
	depends := map[int]bool{}
	for _, i := range slices.Concat(l.in, l.before) {
		depends[i], w.of[i] = true, at
	}
	for i := range at {
		if slices.ContainsFunc(w.list[i].In, func(k int) bool { return depends[k] }) {
			depends[i], w.of[i] = true, at
			l.inside = append(l.inside, i)
		}
	}
}

// inside tells whether a node belongs to a step of a recurrence.
func (w *writer) inside(i int) bool { return w.of[i] >= 0 }

// loop writes a recurrence as a Scan, or as ONNX's operator for it. It has results, but none of its own.
func (w *writer) loop(i int, o *op.Loop) string {
	l := w.loops[i]
	if w.known(i, l) {
		return ""
	}
	b := w.b
	outer := b.file.Node
	w.outer, b.file.Node = &outer, nil
	body := &onnxpb.GraphProto{Name: "step"}
	for _, given := range [][]int{l.before, l.in} {
		for _, k := range given {
			w.names[k] = w.fresh("step")
			body.Input = append(body.Input, valueInfo(w.names[k], b.kind, w.dims(k)))
		}
	}
	for _, k := range l.inside {
		w.names[k] = w.write(k)
	}
	for _, k := range slices.Concat(l.next, l.outputs) { // an output must be the step's own
		name := w.node(i, "Identity", []string{w.names[k]})
		body.Output = append(body.Output, valueInfo(name, b.kind, w.dims(k)))
	}
	body.Node, b.file.Node, w.outer = b.file.Node, outer, nil

	var in []string
	for _, k := range slices.Concat(l.states, l.sequences) {
		in = append(in, w.names[k])
	}
	attributes := []*attribute{{Name: "body", Type: onnxpb.AttributeProto_GRAPH, G: body}, attrInt("num_scan_inputs", o.Sequences)}
	if o.Reverse {
		attributes = append(attributes, attrInts("scan_input_directions", slices.Repeat([]int64{1}, o.Sequences)...),
			attrInts("scan_output_directions", slices.Repeat([]int64{1}, o.Outputs)...))
	}
	out := b.node("", "Scan", o.States+o.Outputs, in, attributes...)
	l.results = slices.Concat(out[o.States:], out[:o.States])
	return ""
}

// fresh reserves a name that nobody has.
func (w *writer) fresh(prefix string) string {
	for k := 0; ; k++ {
		if name := fmt.Sprintf("/%s_%d", prefix, k); !w.b.taken[name] {
			w.b.taken[name] = true
			return name
		}
	}
}
