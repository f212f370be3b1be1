package datasets

import "github.com/pkg/errors"

// LabelledBatches batches sequences of ids with a label each: many to one.
func LabelledBatches(sequences [][]int, labels []int, o Batching) (*Batches, error) {
	if len(sequences) != len(labels) {
		return nil, errors.Errorf("datasets: %d sequences and %d labels", len(sequences), len(labels))
	}
	return newBatches(lengthsOf(sequences), o, func(b *Batch) {
		b.Steps, b.Inputs, b.Lengths = padded(sequences, b.Examples, o.RoundTo, o.Padding)
		b.Labels = make([]int, len(b.Examples))
		for i, e := range b.Examples {
			b.Labels[i] = labels[e]
		}
	})
}

// FeatureBatches batches numeric sequences with a label each, such as recordings of several channels or the rows of
// pictures: sequence i is [T, F], row-major, its T its own. Values is [T, B, F], with zeros for padding.
func FeatureBatches(sequences [][]float32, features int, labels []int, o Batching) (*Batches, error) {
	if len(sequences) != len(labels) {
		return nil, errors.Errorf("datasets: %d sequences and %d labels", len(sequences), len(labels))
	}
	lengths := make([]int, len(sequences))
	for i, s := range sequences {
		if features < 1 || len(s)%features != 0 {
			return nil, errors.Errorf("datasets: sequence %d, of %d values, is not steps of %d features", i, len(s), features)
		}
		lengths[i] = len(s) / features
	}
	return newBatches(lengths, o, func(b *Batch) {
		n := len(b.Examples)
		b.Lengths, b.Labels = make([]int, n), make([]int, n)
		for k, e := range b.Examples {
			b.Lengths[k], b.Labels[k] = lengths[e], labels[e]
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
