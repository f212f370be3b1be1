package modules

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// generation says how an encoder and decoder make ids one after the other: the network reads begin and the ids that it made so
// far as an input, [B, U] or [U], and the largest of the logits [B, U, V] or [U, V] at the last step is the next, until end or
// limit.
type generation struct {
	Input  string `json:"input"`
	Output string `json:"output"`
	Begin  int    `json:"begin"`
	End    int    `json:"end"`
	Limit  int    `json:"limit"`
}

// generated is what the ids that were made are called among the outputs.
const generated = "generated"

// maxGenerated is the largest limit: each id costs a run over all of them.
const maxGenerated = 1024

// generation checks what the description says.
func (p *parser) generation(n *Network) {
	o := n.generate
	if o == nil {
		return
	}
	at := slices.IndexFunc(n.inputs, func(in Port) bool { return in.Name == o.Input })
	switch {
	case at != len(n.inputs)-1 || !n.inputs[at].Ints || len(n.inputs[at].Shape) < 1 || len(n.inputs[at].Shape) > 2:
		p.problem("generate: input %q; want the last input, of ids [B, U] or [U]", o.Input)
	case !slices.Contains(n.outputs, o.Output):
		p.problem("generate: output %q is none of the outputs", o.Output)
	case o.Limit < 1 || o.Limit > maxGenerated || o.Begin < 0 || o.End < 0:
		p.problem("generate: begin %d, end %d, limit %d; want ids, and 1 to %d", o.Begin, o.End, o.Limit, maxGenerated)
	case p.known[generated]:
		p.problem("generate: the name %q is taken", generated)
	}
}

// crf takes the CRF out of the layers: it is no part of the graph, and decodes what comes out.
func (p *parser) crf(n *Network) *layer {
	at := slices.IndexFunc(n.layers, func(l *layer) bool { return l.module == "CRF" })
	if at < 0 {
		return nil
	}
	l := n.layers[at]
	if at != len(n.layers)-1 || !slices.Contains(n.outputs, l.from[0]) || slices.Contains(n.outputs, l.name) {
		p.problem("layer %s: a CRF comes last, and what it reads is an output; its paths are one, too", l.name)
	}
	n.layers = n.layers[:at]
	return l
}

// Generates tells whether Run makes what the last input wants, unless that is given.
func (n *Network) Generates() bool { return n != nil && n.generate != nil }

// Run computes the outputs that Outputs lists. A network that generates takes one input less, and gives the outputs at the ids
// that it made, and these: without begin, and with end from the end on. With all inputs it gives the outputs alone.
func (n *Network) Run(p *graph.Params, in ...*tensor.Dense) ([]*tensor.Dense, error) {
	if n == nil || n.layers == nil {
		return nil, errEmpty
	}
	f := graph.NewFunc(p, n.Build)
	if n.generate != nil && len(in) == len(n.inputs)-1 {
		return n.generateIDs(f, in)
	}
	out, err := f.Run(in...)
	if err != nil || n.crf == nil {
		return out, err
	}
	paths, err := n.decode(p, out[slices.Index(n.outputs, n.crf.from[0])])
	return append(out, paths), err
}

// decode finds the best path for emissions [T, B, K], [B, T, K] or [T, K]; the result has their first axes.
func (n *Network) decode(p *graph.Params, emissions *tensor.Dense) (*tensor.Dense, error) {
	shape := slices.Clone([]int(emissions.Shape()))
	e := emissions.Clone().(*tensor.Dense)
	var err error
	switch {
	case len(shape) == 2:
		err = e.Reshape(shape[0], 1, shape[1])
	case n.crf.batchFirst && len(shape) == 3:
		if err = e.T(1, 0, 2); err == nil {
			err = e.Transpose()
		}
	}
	if err != nil {
		return nil, errors.Wrap(err, "modules: CRF")
	}
	tags, _, err := losses.CRF{}.Tags(p, n.crf.weights, e, nil)
	if err != nil {
		return nil, err
	}
	ids := make([]int, 0, product(shape[:len(shape)-1]))
	if len(shape) == 2 || n.crf.batchFirst {
		for _, row := range tags {
			ids = append(ids, row...)
		}
		return graph.Ints(ids, shape[:len(shape)-1]...), nil
	}
	for t := range shape[0] {
		for _, row := range tags {
			ids = append(ids, row[t])
		}
	}
	return graph.Ints(ids, shape[:2]...), nil
}

// generateIDs makes ids until all sequences have ended, or the limit is reached. The decoder reads a sequence of the limit's
// length all the time, of which it has not made the rest yet: what comes later has no effect on what comes before.
func (n *Network) generateIDs(f *graph.Func, in []*tensor.Dense) ([]*tensor.Dense, error) {
	o, at := n.generate, slices.Index(n.outputs, n.generate.Output)
	batch, rank := 1, len(n.inputs[len(n.inputs)-1].Shape)
	if rank == 2 {
		var err error
		if batch, err = n.batchOf(in); err != nil {
			return nil, err
		}
	}
	ids := slices.Repeat([]int{o.End}, batch*o.Limit)
	ended, made := make([]bool, batch), 0
	for b := range batch {
		ids[b*o.Limit] = o.Begin
	}
	steps := func(length int, from []int) *tensor.Dense {
		if rank == 1 {
			return graph.Ints(from, length)
		}
		return graph.Ints(from, batch, length)
	}
	result := slices.Repeat([]int{o.End}, batch*o.Limit)
	for t := 0; t < o.Limit && slices.Contains(ended, false); t++ {
		out, err := f.Run(append(slices.Clone(in), steps(o.Limit, ids))...)
		if err != nil {
			return nil, err
		}
		best, err := largest(out[at], batch, o.Limit, t)
		if err != nil {
			return nil, err
		}
		for b := range batch {
			if ended[b] {
				continue
			}
			if ended[b] = best[b] == o.End; !ended[b] {
				result[b*o.Limit+t] = best[b]
			}
			if t+1 < o.Limit {
				ids[b*o.Limit+t+1] = best[b]
			}
		}
		made = t + 1
	}
	short := func(rows []int) []int {
		var out []int
		for b := range batch {
			out = append(out, rows[b*o.Limit:b*o.Limit+made]...)
		}
		return out
	}
	out, err := f.Run(append(slices.Clone(in), steps(made, short(ids)))...)
	if err != nil {
		return nil, err
	}
	return append(out, steps(made, short(result))), nil
}

// batchOf is the length of the axis that the generated input shares with others.
func (n *Network) batchOf(in []*tensor.Dense) (int, error) {
	name := n.inputs[len(n.inputs)-1].Shape[0]
	if size, ok := number(name); ok {
		return size, nil
	}
	for i, t := range in {
		for k, d := range n.inputs[i].Shape {
			if d == name && t != nil && k < len(t.Shape()) {
				return t.Shape()[k], nil
			}
		}
	}
	return 0, errors.Errorf("modules: no input has the axis %s of %v, so the size of the batch is unknown", name, n.inputs[len(n.inputs)-1])
}

// largest are the numbers of the largest logits at a step, for each sequence of logits [B, U, V] or [U, V].
func largest(logits *tensor.Dense, batch, steps, t int) ([]int, error) {
	shape := logits.Shape()
	v := shape[len(shape)-1]
	if len(shape) < 2 || product(shape) != batch*steps*v {
		return nil, errors.Errorf("modules: generate: logits of shape %v; want %d sequences of %d steps", shape, batch, steps)
	}
	wide := converted(logits, tensor.Float64).Float64s()
	out := make([]int, batch)
	for b := range batch {
		row := wide[(b*steps+t)*v : (b*steps+t+1)*v]
		for i, x := range row {
			if x > row[out[b]] {
				out[b] = i
			}
		}
	}
	return out, nil
}
