package train

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// batches is a Source over datasets' batches.
type batches struct {
	datasets.BatchSource
	tokens int
	count  []int // tokens of each example; nil if all have as many
	n      int   // examples
	failed error // what Next met
}

// FromBatches makes a Source of datasets.Batches, or of a Prefetch of them. The loss function gets, of what a batch has
// and in this order:
//
//	Inputs [T, B] or Values [T, B, F]      what the network reads
//	Lengths [B]                            of the sequences; numeric windows have none
//	TargetInputs [U, B]                    what a decoder is fed
//	Labels [B], Numbers [B, G], Targets [T, B] or [U, B], or Future [H, B, G]      what it is to predict
//
// A shuffled source has another order in every pass, which the number of the pass decides: a run that is resumed reads
// what it would have read. Without batches there is no source: the result is nil, as if none were set.
func FromBatches(s datasets.BatchSource) Source {
	if s == nil {
		return nil
	}
	return &batches{BatchSource: s}
}

// Tokens is the number of sequences, of targets that are not padding, or of future values.
func (s *batches) Tokens() int { return s.tokens }

// TokensOf is the number of tokens in examples from to to of the batch; examples that it does not have count nothing.
func (s *batches) TokensOf(from, to int) int {
	from, to = max(from, 0), min(to, s.n)
	if from >= to {
		return 0
	}
	if s.count != nil {
		return sum(s.count[from:to])
	}
	return s.tokens / s.n * (to - from)
}

func (s *batches) Next() ([]*tensor.Dense, bool) {
	b, ok := s.BatchSource.Next()
	if ok && b == nil {
		s.failed = errors.New("train: the source says that it has a batch, and gives none")
	}
	if !ok || b == nil {
		return nil, false
	}
	n := len(b.Examples)
	var out []*tensor.Dense
	// Sizes that do not fit each other are refused with the tensor, where it is used.
	ids := func(v []int, shape ...int) {
		if v != nil {
			out = append(out, graph.Ints(v, shape...))
		}
	}
	floats := func(v []float32, steps int) {
		if v != nil {
			out = append(out, graph.Floats(v, steps, n, len(v)/max(steps*n, 1)))
		}
	}
	ids(b.Inputs, b.Steps, n)
	floats(b.Values, b.Steps)
	ids(b.Lengths, n)
	ids(b.TargetInputs, b.TargetSteps, n)
	ids(b.Labels, n)
	if b.Numbers != nil {
		out = append(out, graph.Floats(b.Numbers, n, len(b.Numbers)/max(n, 1)))
	}
	switch {
	case b.TargetInputs != nil:
		ids(b.Targets, b.TargetSteps, n)
	default:
		ids(b.Targets, b.Steps, n)
	}
	floats(b.Future, b.TargetSteps)
	s.tokens, s.count, s.n = n, nil, n
	switch {
	case b.TargetLengths != nil:
		s.tokens, s.count = sum(b.TargetLengths), b.TargetLengths
	case b.Targets != nil:
		s.tokens, s.count = sum(b.Lengths), b.Lengths
	case b.Future != nil:
		s.tokens = len(b.Future)
	}
	return out, true
}

// Err is the error that ended the pass, or nil.
func (s *batches) Err() error { return firstError(s.failed, s.BatchSource.Err()) }

func sum(v []int) int {
	n := 0
	for _, x := range v {
		n += x
	}
	return n
}
