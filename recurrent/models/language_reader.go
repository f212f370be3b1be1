package models

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// textReader reads many texts side by side with a language model, token by token.
type textReader struct {
	m       *LanguageModel
	vocab   *datasets.Vocabulary
	newline int // the token at the end of a line; -1 if there is none
}

func newTextReader(m *LanguageModel) textReader {
	r := textReader{m, m.vocab, -1}
	if id, ok := m.vocab.ID("\n"); ok {
		r.newline = id
	}
	return r
}

// readText is a text that was read.
type readText struct {
	state []*tensor.Dense // of one sequence
	next  []float64       // log-probabilities of the token that follows, [V]; nil before the first token
}

var logZero = math.Inf(-1)

// logProb is that of a token; -1 never comes. Nothing is known of the first one of a text.
func (r *readText) logProb(token int) float64 {
	switch {
	case token < 0:
		return logZero
	case r.next == nil:
		return 0
	}
	return r.next[token]
}

// end is the log-probability of the end of a line, 0 for a model without lines.
func (r *readText) end(newline int) float64 {
	if newline < 0 {
		return 0
	}
	return r.logProb(newline)
}

// begin is the begin of a text, behind the end of a line where the model knows lines.
func (r textReader) begin() (*readText, error) {
	state, err := r.m.State(1)
	if err != nil {
		return nil, err
	}
	first := &readText{state: state}
	if r.newline < 0 {
		return first, nil
	}
	after, err := r.read([]*readText{first}, []int{r.newline})
	if err != nil {
		return nil, err
	}
	return after[0], nil
}

// readRows is how many texts are read at a time: a function is compiled for one number of rows.
const readRows = 8

// read reads a token behind each text.
func (r textReader) read(at []*readText, tokens []int) (out []*readText, err error) {
	err = r.m.reads.with(func(f *graph.Func) error {
		for from := 0; from < len(at); from += readRows {
			to := min(from+readRows, len(at))
			rows, ids := slices.Clone(at[from:to]), slices.Clone(tokens[from:to])
			for len(rows) < readRows { // rows that are not in use repeat the first
				rows, ids = append(rows, rows[0]), append(ids, ids[0])
			}
			after, err := readWith(f, rows, ids)
			if err != nil {
				return err
			}
			out = append(out, after[:to-from]...)
		}
		return nil
	})
	return out, errors.Wrap(err, "models: Language")
}

// readAll reads some tokens behind each text, and adds up their log-probabilities.
func (r textReader) readAll(at []*readText, tokens [][]int) (logProbs []float64, after []*readText, err error) {
	logProbs, after = make([]float64, len(at)), slices.Clone(at)
	for step := 0; ; step++ {
		var open, next []int
		var rows []*readText
		for i, t := range tokens {
			if step < len(t) {
				open, next, rows = append(open, i), append(next, t[step]), append(rows, after[i])
				logProbs[i] += after[i].logProb(t[step])
			}
		}
		if len(open) == 0 {
			return logProbs, after, nil
		}
		read, err := r.read(rows, next)
		if err != nil {
			return nil, nil, err
		}
		for j, i := range open {
			after[i] = read[j]
		}
	}
}

// readWith reads a token behind each of several texts at once.
func readWith(f *graph.Func, rows []*readText, tokens []int) ([]*readText, error) {
	in := []*tensor.Dense{graph.Ints(tokens, 1, len(tokens))}
	for i := range rows[0].state {
		entries := make([]*tensor.Dense, len(rows))
		for j, r := range rows {
			entries[j] = r.state[i]
		}
		in = append(in, sideBySide(entries))
	}
	out, err := f.Run(in...)
	if err != nil {
		return nil, err
	}
	after := make([]*readText, len(rows))
	width := out[0].Shape()[2]
	for j := range after {
		logits := make([]float64, width)
		for i, v := range out[0].Float32s()[j*width:][:width] {
			logits[i] = float64(v)
		}
		after[j] = &readText{next: logSoftmaxed(logits)}
		for _, v := range out[1:] {
			after[j].state = append(after[j].state, rowOfState(v, j))
		}
	}
	return after, nil
}

// sideBySide is entries of one sequence each as one of a batch.
func sideBySide(rows []*tensor.Dense) *tensor.Dense {
	shape := slices.Clone([]int(rows[0].Shape()))
	shape[0] = len(rows)
	switch rows[0].Dtype() {
	case tensor.Int:
		return graph.Ints(concatenated(rows, (*tensor.Dense).Ints), shape...)
	case tensor.Float64:
		return graph.Floats64(concatenated(rows, (*tensor.Dense).Float64s), shape...)
	}
	return graph.Floats(concatenated(rows, (*tensor.Dense).Float32s), shape...)
}

func concatenated[T any](rows []*tensor.Dense, values func(*tensor.Dense) []T) []T {
	var out []T
	for _, r := range rows {
		out = append(out, values(r)...)
	}
	return out
}

// rowOfState is a copy of one sequence's entry of a batch.
func rowOfState(v *tensor.Dense, row int) *tensor.Dense {
	shape := slices.Clone([]int(v.Shape()))
	width := v.Shape().TotalSize() / shape[0]
	shape[0] = 1
	switch from := row * width; v.Dtype() {
	case tensor.Int:
		return graph.Ints(slices.Clone(v.Ints()[from:][:width]), shape...)
	case tensor.Float64:
		return graph.Floats64(slices.Clone(v.Float64s()[from:][:width]), shape...)
	default:
		return graph.Floats(slices.Clone(v.Float32s()[from:][:width]), shape...)
	}
}
