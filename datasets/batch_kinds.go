package datasets

import "github.com/pkg/errors"

// LabelledBatches batches sequences of ids with a label each: many to one. labels may be nil: for prediction, or for
// regression, see WithNumbers.
func LabelledBatches(sequences [][]int, labels []int, o Batching) (*Batches, error) {
	if labels != nil && len(sequences) != len(labels) {
		return nil, errors.Errorf("datasets: %d sequences and %d labels", len(sequences), len(labels))
	}
	return newBatches(lengthsOf(sequences), o, func(b *Batch) {
		b.Steps, b.Inputs, b.Lengths = padded(sequences, b.Examples, o.RoundTo, o.Padding)
		b.Labels = labelsOf(labels, b.Examples)
	})
}

// mostFeatures bounds the width of a step: more is a mistake.
const mostFeatures = 1 << 24

// FeatureBatches batches numeric sequences with a label each, such as recordings of several channels or the rows of
// pictures: sequence i is [T, F], row-major, with a T of its own. Values is [T, B, F], with zeros for padding.
// labels may be nil: for prediction, or for regression, see WithNumbers.
func FeatureBatches(sequences [][]float32, features int, labels []int, o Batching) (*Batches, error) {
	if labels != nil && len(sequences) != len(labels) {
		return nil, errors.Errorf("datasets: %d sequences and %d labels", len(sequences), len(labels))
	}
	if features < 1 || features > mostFeatures {
		return nil, errors.Errorf("datasets: steps of %d features; want 1 to %d", features, mostFeatures)
	}
	lengths := make([]int, len(sequences))
	for i, s := range sequences {
		if len(s)%features != 0 {
			return nil, errors.Errorf("datasets: sequence %d, of %d values, is not steps of %d features", i, len(s), features)
		}
		lengths[i] = len(s) / features
	}
	return newBatches(lengths, o, func(b *Batch) {
		n := len(b.Examples)
		b.Lengths, b.Labels = make([]int, n), labelsOf(labels, b.Examples)
		for k, e := range b.Examples {
			b.Lengths[k] = lengths[e]
		}
		b.Steps = paddedSteps(b.Lengths, o.RoundTo)
		b.Values = make([]float32, b.Steps*n*features)
		for k, e := range b.Examples {
			for t := range lengths[e] {
				copy(b.Values[(t*n+k)*features:][:features], sequences[e][t*features:])
			}
		}
	})
}

// labelsOf are the labels of examples, or nil if there are none.
func labelsOf(labels []int, examples []int) []int {
	if labels == nil {
		return nil
	}
	out := make([]int, len(examples))
	for i, e := range examples {
		out[i] = labels[e]
	}
	return out
}

// WithNumbers returns the same batches with numbers to predict for each sequence, which is regression: numbers[i] are the
// G of sequence i, and a batch's Numbers is [B, G]. The sequences may be of ids or of features, with labels or without.
//
//	batches, err := datasets.FeatureBatches(recordings, 3, nil, o)
//	batches, err = batches.WithNumbers(ages) // [][]float32, one number each
func (s *Batches) WithNumbers(numbers [][]float32) (*Batches, error) {
	if len(numbers) != len(s.lengths) || len(numbers) == 0 {
		return nil, errors.Errorf("datasets: numbers for %d of %d sequences", len(numbers), len(s.lengths))
	}
	width := len(numbers[0])
	if width == 0 {
		return nil, errors.New("datasets: no numbers for sequence 0; want 1 or more")
	}
	for i, n := range numbers {
		if len(n) != width {
			return nil, errors.Errorf("datasets: %d numbers for sequence %d, and %d for sequence 0", len(n), i, width)
		}
		for j, v := range n {
			if v-v != 0 { // NaN or infinite
				return nil, errors.Errorf("datasets: number %d of sequence %d is %g", j, i, v)
			}
		}
	}
	return newBatches(s.lengths, s.o, func(b *Batch) {
		s.fill(b)
		b.Numbers = make([]float32, 0, len(b.Examples)*width)
		for _, e := range b.Examples {
			b.Numbers = append(b.Numbers, numbers[e]...)
		}
	})
}

// TaggedBatches batches sequences of ids with a target for each step, as in tagging: many to many.
func TaggedBatches(sequences, targets [][]int, o Batching) (*Batches, error) {
	if len(sequences) != len(targets) {
		return nil, errors.Errorf("datasets: %d sequences and %d of targets", len(sequences), len(targets))
	}
	for i, s := range sequences {
		if len(s) != len(targets[i]) {
			return nil, errors.Errorf("datasets: sequence %d has %d steps and %d targets", i, len(s), len(targets[i]))
		}
	}
	return newBatches(lengthsOf(sequences), o, func(b *Batch) {
		b.Steps, b.Inputs, b.Lengths = padded(sequences, b.Examples, o.RoundTo, o.Padding)
		_, b.Targets, _ = padded(targets, b.Examples, o.RoundTo, o.TargetPadding)
	})
}

// PairBatches batches pairs of sequences of different lengths, as in translation: sequence to sequence. A target x y
// becomes the decoder's inputs start x y and its targets x y end.
func PairBatches(sources, targets [][]int, start, end int, o Batching) (*Batches, error) {
	if len(sources) != len(targets) {
		return nil, errors.Errorf("datasets: %d sources and %d targets", len(sources), len(targets))
	}
	lengths := lengthsOf(sources)
	for i := range lengths {
		lengths[i] += len(targets[i]) // near enough to sort by: the two go together
	}
	return newBatches(lengths, o, func(b *Batch) {
		b.Steps, b.Inputs, b.Lengths = padded(sources, b.Examples, o.RoundTo, o.Padding)
		fed, wanted := make([][]int, len(b.Examples)), make([][]int, len(b.Examples))
		all := make([]int, len(b.Examples))
		for i, e := range b.Examples {
			fed[i] = append([]int{start}, targets[e]...)
			wanted[i] = append(append([]int{}, targets[e]...), end)
			all[i] = i
		}
		b.TargetSteps, b.TargetInputs, b.TargetLengths = padded(fed, all, o.RoundTo, o.Padding)
		_, b.Targets, _ = padded(wanted, all, o.RoundTo, o.TargetPadding)
	})
}

func lengthsOf(sequences [][]int) []int {
	lengths := make([]int, len(sequences))
	for i, s := range sequences {
		lengths[i] = len(s)
	}
	return lengths
}

// paddedSteps is the longest length, or the next multiple of roundTo, and 1 at least.
func paddedSteps(lengths []int, roundTo int) int {
	steps := 1
	for _, n := range lengths {
		steps = max(steps, n)
	}
	if roundTo > 1 {
		steps = (steps + roundTo - 1) / roundTo * roundTo
	}
	return steps
}

// padded lays sequences out as [T, B].
func padded(sequences [][]int, examples []int, roundTo, padding int) (steps int, ids, lengths []int) {
	lengths = make([]int, len(examples))
	for b, e := range examples {
		lengths[b] = len(sequences[e])
	}
	steps = paddedSteps(lengths, roundTo)
	ids = make([]int, steps*len(examples))
	for b, e := range examples {
		for t := range steps {
			id := padding
			if t < lengths[b] {
				id = sequences[e][t]
			}
			ids[t*len(examples)+b] = id
		}
	}
	return steps, ids, lengths
}
