package train

import "gorgonia.org/tensor"

// Source gives passes over data in batches. The same batch of the same pass is always the same, so that a run can be
// resumed; passes may differ, see EpochSource. What else a source may offer: EpochSource, FallibleSource, CountingSource.
type Source interface {
	// Len is the number of batches in a pass.
	Len() int
	// Seek makes the next batch the one of that number, counted from 0.
	Seek(batch int) error
	// Next returns the next batch, the first arguments of the loss function, or false at the end of the pass. The
	// tensors hold until the next call.
	Next() ([]*tensor.Dense, bool)
	// Tokens is the number of tokens, or whatever the model predicts, in the batch that Next returned last: for reporting
	// speed, and to weigh batches by if the loss does not say what it is a mean over (see graph.MeanOver).
	Tokens() int
}

// EpochSource is a Source whose passes differ, in the order of their examples, say. A Loop calls SetEpoch and then Seek
// before each pass, and when it resumes. What the pass holds must depend on its number alone.
type EpochSource interface {
	Source
	// SetEpoch has the next Seek begin in that pass, counted from 0.
	SetEpoch(epoch int)
}

// FallibleSource is a Source whose Next may end a pass with an error: a file that cannot be read. The error ends the run.
type FallibleSource interface {
	Source
	// Err is the error that ended the pass, or nil.
	Err() error
}

// errOf is the error that ended a source's pass, if one did.
func errOf(s Source) error {
	if f, ok := s.(FallibleSource); ok {
		return f.Err()
	}
	return nil
}

// CountingSource is a Source that knows the tokens of a part of a batch: by them Parallel weighs shards if the loss does
// not say what it is a mean over.
type CountingSource interface {
	Source
	// TokensOf is the number of tokens in examples from to to, without to, of the batch that Next returned last.
	TokensOf(from, to int) int
}
