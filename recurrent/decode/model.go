package decode

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Model predicts the next token of each of its rows. Rows are sequences that grow together; their number does not change.
type Model interface {
	// Rows is the number of rows.
	Rows() int
	// Next appends tokens[i] to what row parents[i] was after the last call, which becomes row i, and predicts the token
	// after it. With nil parents every row continues itself.
	Next(tokens, parents []int) (Prediction, error)
}

// Prediction is the result of one step of a Model. It is valid until the next step.
type Prediction struct {
	Logits    []float32   // [rows, V], one row after the other
	Attention [][]float32 // of each row: the weights of the source's positions; nil for a model without attention
}

// Context is a tensor that is the same in all steps, such as the outputs of an encoder.
type Context struct {
	Value *tensor.Dense
	Axis  int // the axis of the sources: 0 for lengths [B], 1 for a memory [S, B, M]
}

// Stepper is a Model made of a function.
type Stepper struct {
	step    *graph.Func
	rows    int
	lengths []int // of the source of each row; nil without attention
	tokens  []int
	args    []*tensor.Dense // token, state, context
	states  []*tensor.Dense // a part of args
	next    []*tensor.Dense // the state after the last step: the function's outputs
	seen    [][]float32
	began   bool
}

// NewStepper makes a model of a function that maps token ids [rows], the entries of the state, batch first, and the
// context tensors to logits [rows, V] and the entries of the next state. If there is one more output, it is the attention
// weights over the sources, [rows, S], and lengths are the lengths of the sources.
//
// State and context are those of some sources. Each source gets the given number of rows, next to each other: one for greedy
// search, more for a beam or for several samples. Search.Rows says how many.
func NewStepper(step *graph.Func, state []*tensor.Dense, context []Context, lengths []int, copies int) (*Stepper, error) {
	if len(state) == 0 {
		return nil, errors.New("decode: there is no state; want at least one entry, since rows differ by their states")
	}
	if copies < 1 || copies > most {
		return nil, errors.Errorf("decode: %d rows for each source; want 1 to %d", copies, most)
	}
	if err := dense.Check(state[0]); err != nil {
		return nil, errors.Wrap(err, "decode: state 0; want the sources along axis 0")
	}
	if state[0].Dims() == 0 {
		return nil, errors.New("decode: state 0 is a scalar; want the sources along axis 0")
	}
	sources := state[0].Shape()[0]
	s := &Stepper{step: step, rows: sources * copies}
	s.tokens = make([]int, s.rows)
	s.args = append(s.args, graph.Ints(s.tokens, s.rows))
	for i, v := range state {
		r, err := repeated(v, 0, sources, copies)
		if err != nil {
			return nil, errors.Wrapf(err, "decode: state %d", i)
		}
		s.args = append(s.args, r)
	}
	s.states = s.args[1:]
	for i, c := range context {
		r, err := repeated(c.Value, c.Axis, sources, copies)
		if err != nil {
			return nil, errors.Wrapf(err, "decode: context %d", i)
		}
		s.args = append(s.args, r)
	}
	if lengths != nil && len(lengths) != sources {
		return nil, errors.Errorf("decode: %d lengths of %d sources", len(lengths), sources)
	}
	for i, n := range lengths {
		if n < 0 {
			return nil, errors.Errorf("decode: source %d has length %d; want 0 or more", i, n)
		}
		s.lengths = append(s.lengths, slices.Repeat([]int{n}, copies)...)
	}
	if step == nil {
		return nil, errors.New("decode: the step is nil; want a function that makes one step")
	}
	return s, nil
}

// repeated repeats every entry along an axis the given number of times.
func repeated(v *tensor.Dense, axis, sources, copies int) (*tensor.Dense, error) {
	if err := dense.Check(v); err != nil {
		return nil, errors.Wrapf(err, "want a tensor of %d sources along axis %d", sources, axis)
	}
	shape := slices.Clone([]int(v.Shape()))
	if axis < 0 || axis >= len(shape) || shape[axis] != sources {
		return nil, errors.Errorf("want %d sources along axis %d, found shape %v", sources, axis, shape)
	}
	outer, inner := 1, 1
	for i, d := range shape {
		switch {
		case i < axis:
			outer *= d
		case i > axis:
			inner *= d
		}
	}
	shape[axis] *= copies
	if _, err := dense.Size(shape); err != nil {
		return nil, err
	}
	switch v.Dtype() {
	case tensor.Int:
		return graph.Ints(repeat(v.Ints(), outer*sources, inner, copies), shape...), nil
	case tensor.Float64:
		return graph.Floats64(repeat(v.Float64s(), outer*sources, inner, copies), shape...), nil
	}
	return graph.Floats(repeat(v.Float32s(), outer*sources, inner, copies), shape...), nil
}

func repeat[T any](x []T, n, width, copies int) []T {
	out := make([]T, 0, len(x)*copies)
	for i := range n {
		for range copies {
			out = append(out, x[i*width:(i+1)*width]...)
		}
	}
	return out
}

// Rows is the number of sources times the number of copies.
func (s *Stepper) Rows() int { return s.rows }

// Next runs one step, see Model. Once the function is compiled, it allocates nothing.
func (s *Stepper) Next(tokens, parents []int) (Prediction, error) {
	if s == nil || s.step == nil {
		return Prediction{}, errors.New("decode: an empty Stepper; NewStepper makes one")
	}
	if len(tokens) != s.rows || parents != nil && len(parents) != s.rows {
		return Prediction{}, errors.Errorf("decode: %d tokens and %d parents for %d rows", len(tokens), len(parents), s.rows)
	}
	for i, p := range parents {
		if p < 0 || p >= s.rows {
			return Prediction{}, errors.Errorf("decode: row %d goes on from row %d; want 0 to %d", i, p, s.rows-1)
		}
	}
	copy(s.tokens, tokens)
	if s.began {
		for i, v := range s.states {
			moveRows(v, s.next[i], parents)
		}
	}
	out, err := s.step.Run(s.args...)
	if err != nil {
		return Prediction{}, errors.Wrap(err, "decode")
	}
	if err := s.check(out); err != nil {
		return Prediction{}, err
	}
	states := len(s.states)
	s.next, s.began = out[1:1+states], true
	p := Prediction{Logits: out[0].Float32s()}
	if len(out) == 2+states {
		p.Attention = s.attention(out[1+states])
	}
	return p, nil
}

// check reports results of the step with wrong shapes.
func (s *Stepper) check(out []*tensor.Dense) error {
	states := len(s.states)
	if len(out) != 1+states && len(out) != 2+states {
		return errors.Errorf("decode: the step gives %d results; want logits, %d states, and at most the attention", len(out), states)
	}
	matrix := func(what string, v *tensor.Dense) error {
		if v.Dtype() != tensor.Float32 || v.Dims() != 2 || v.Shape()[0] != s.rows {
			return errors.Errorf("decode: the step gives %s of %v %v; want float32 and %d rows", what, v.Dtype(), v.Shape(), s.rows)
		}
		return nil
	}
	if err := matrix("logits", out[0]); err != nil {
		return err
	}
	for i, v := range s.states {
		if n := out[1+i]; n.Dtype() != v.Dtype() || !n.Shape().Eq(v.Shape()) {
			return errors.Errorf("decode: state %d is %v %v and becomes %v %v; want the same", i, v.Dtype(), v.Shape(), n.Dtype(), n.Shape())
		}
	}
	if len(out) == 2+states {
		return matrix("attention", out[1+states])
	}
	return nil
}

// attention returns the weights of each row over its own source.
func (s *Stepper) attention(weights *tensor.Dense) [][]float32 {
	if s.seen == nil {
		s.seen = make([][]float32, s.rows)
	}
	width := weights.Shape().TotalSize() / s.rows
	for i := range s.seen {
		n := width
		if s.lengths != nil {
			n = min(n, s.lengths[i])
		}
		s.seen[i] = weights.Float32s()[i*width:][:n]
	}
	return s.seen
}

// moveRows copies row parents[i] of src to row i of dst.
func moveRows(dst, src *tensor.Dense, parents []int) {
	switch dst.Dtype() {
	case tensor.Int:
		move(dst.Ints(), src.Ints(), parents)
	case tensor.Float64:
		move(dst.Float64s(), src.Float64s(), parents)
	default:
		move(dst.Float32s(), src.Float32s(), parents)
	}
}

func move[T any](dst, src []T, parents []int) {
	if parents == nil {
		copy(dst, src)
		return
	}
	width := len(src) / len(parents)
	for i, p := range parents {
		copy(dst[i*width:(i+1)*width], src[p*width:(p+1)*width])
	}
}
