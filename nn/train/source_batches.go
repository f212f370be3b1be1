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
	err    error // of a batch that cannot be
}

// FromBatches makes a Source of datasets.Batches, or of a Prefetch of them. The loss function gets, of what a batch has
// and in this order:
//
//	Inputs [T, B] or Values [T, B, F]      what the network reads
//	Lengths [B]                            of the sequences; numeric windows have none
//	TargetInputs [U, B]                    what a decoder is fed
//	Labels [B], Numbers [B, G], Targets [T, B] or [U, B], or Future [H, B, G]      what it is to predict
//	Targets [B, U], TargetLengths [B]      or a transcript, as losses.CTC and losses.Transducer want it
//
// BatchOf gives them their names back.
//
// A shuffled source has another order in every pass, which the number of the pass decides: a run that is resumed reads
// what it would have read.
func FromBatches(s datasets.BatchSource) Source {
	if s == nil {
		s = nothing("train: FromBatches: the source is nil")
	}
	return &batches{BatchSource: s}
}

// nothing is a source without batches, and why.
type nothing string

func (nothing) Len() int                        { return 0 }
func (nothing) SetEpoch(int)                    {}
func (n nothing) Seek(int) error                { return n.Err() }
func (n nothing) Next() (*datasets.Batch, bool) { return nil, false }
func (n nothing) Err() error                    { return errors.New(string(n)) }

// Tokens is the number of sequences, of targets that are not padding, or of future values.
func (s *batches) Tokens() int { return s.tokens }

// TokensOf is the number of tokens in examples from to to of the batch; examples that it does not have have none.
func (s *batches) TokensOf(from, to int) int {
	if from, to = max(from, 0), min(to, s.n); from >= to {
		return 0
	}
	if s.count != nil {
		return sum(s.count[from:to])
	}
	return s.tokens / s.n * (to - from)
}

// Seek makes the next batch the one of that number.
func (s *batches) Seek(batch int) error {
	s.err = nil
	return s.BatchSource.Seek(batch)
}

// Err is the error that ended the pass.
func (s *batches) Err() error { return firstError(s.err, s.BatchSource.Err()) }

func (s *batches) Next() ([]*tensor.Dense, bool) {
	b, ok := s.BatchSource.Next()
	if !ok {
		return nil, false
	}
	if s.err = checkBatch(b); s.err != nil {
		return nil, false
	}
	n := len(b.Examples)
	var out []*tensor.Dense
	ids := func(v []int, shape ...int) {
		if v != nil {
			out = append(out, graph.Ints(v, shape...))
		}
	}
	floats := func(v []float32, steps int) {
		if v != nil {
			out = append(out, graph.Floats(v, steps, n, len(v)/(steps*n)))
		}
	}
	ids(b.Inputs, b.Steps, n)
	floats(b.Values, b.Steps)
	ids(b.Lengths, n)
	ids(b.TargetInputs, b.TargetSteps, n)
	ids(b.Labels, n)
	if b.Numbers != nil {
		out = append(out, graph.Floats(b.Numbers, n, len(b.Numbers)/n))
	}
	switch {
	case b.TargetInputs != nil:
		ids(b.Targets, b.TargetSteps, n)
	case b.TargetLengths != nil: // a transcript
		ids(b.Targets, n, b.TargetSteps)
		ids(b.TargetLengths, n)
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

func sum(v []int) int {
	n := 0
	for _, x := range v {
		n += x
	}
	return n
}

// checkBatch refuses a batch of somebody's own source whose parts do not fit together.
func checkBatch(b *datasets.Batch) error {
	if b == nil || len(b.Examples) == 0 {
		return errors.New("train: FromBatches: a batch without examples")
	}
	n := len(b.Examples)
	targets := b.Steps
	if b.TargetInputs != nil || b.TargetLengths != nil {
		targets = b.TargetSteps
	}
	for _, part := range []struct {
		name      string
		given     bool
		len, unit int
		many      bool // of unit, one for each feature
	}{
		{"Inputs", b.Inputs != nil, len(b.Inputs), b.Steps * n, false},
		{"Values", b.Values != nil, len(b.Values), b.Steps * n, true},
		{"Lengths", b.Lengths != nil, len(b.Lengths), n, false},
		{"Labels", b.Labels != nil, len(b.Labels), n, false},
		{"Numbers", b.Numbers != nil, len(b.Numbers), n, true},
		{"Targets", b.Targets != nil, len(b.Targets), targets * n, false},
		{"TargetInputs", b.TargetInputs != nil, len(b.TargetInputs), b.TargetSteps * n, false},
		{"TargetLengths", b.TargetLengths != nil, len(b.TargetLengths), n, false},
		{"Future", b.Future != nil, len(b.Future), b.TargetSteps * n, true},
	} {
		switch {
		case !part.given:
		case part.many && (part.unit <= 0 || part.len == 0 || part.len%part.unit != 0):
			return errors.Errorf("train: FromBatches: a batch has %d %s; want a multiple of %d", part.len, part.name, part.unit)
		case !part.many && part.len != part.unit:
			return errors.Errorf("train: FromBatches: a batch has %d %s; want %d", part.len, part.name, part.unit)
		}
	}
	return nil
}
