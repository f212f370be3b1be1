package catalog

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
)

// ImageSet is a data set of pictures in grey, all of one size, each of a class.
type ImageSet struct {
	Info
	load func(ctx context.Context, info Info, o Options) (ImageParts, error)
}

// Images are pictures with their classes.
type Images struct {
	Pixels        []float32 // [N, Rows, Columns], from 0 (paper) to 1 (ink)
	Rows, Columns int
	Labels        []int // picture i is of the class Classes[Labels[i]]
	Classes       []string
}

// ImageParts are the parts of an ImageSet.
type ImageParts struct{ Train, Validation, Test Images }

// Load reads the set, and fetches it before if need be.
func (s ImageSet) Load(ctx context.Context, o Options) (ImageParts, error) {
	if s.load == nil {
		return ImageParts{}, errNoLoader(s.Info)
	}
	return s.load(ctx, s.Info, o)
}

// Len is the number of pictures.
func (m Images) Len() int { return len(m.Labels) }

// Pixel is the grey of picture i at a row and a column.
func (m Images) Pixel(i, row, column int) float32 {
	return m.Pixels[(i*m.Rows+row)*m.Columns+column]
}

func (m Images) pick(rows []int) Images {
	return Images{
		Pixels: pickBlocks(m.Pixels, m.Rows*m.Columns, rows), Rows: m.Rows, Columns: m.Columns,
		Labels: pick(m.Labels, rows), Classes: m.Classes,
	}
}

// RecordingSet is a data set of measured sequences of one length, each of a class.
type RecordingSet struct {
	Info
	load func(ctx context.Context, info Info, o Options) (RecordingParts, error)
}

// Recordings are measured sequences with their classes.
type Recordings struct {
	Values   []float32 // [N, Steps, len(Channels)]
	Steps    int
	Channels []string
	Labels   []int // recording i is of the class Classes[Labels[i]]
	Classes  []string
	Subjects []int // who was recorded
}

// RecordingParts are the parts of a RecordingSet.
type RecordingParts struct{ Train, Validation, Test Recordings }

// Load reads the set, and fetches it before if need be.
func (s RecordingSet) Load(ctx context.Context, o Options) (RecordingParts, error) {
	if s.load == nil {
		return RecordingParts{}, errNoLoader(s.Info)
	}
	return s.load(ctx, s.Info, o)
}

// Len is the number of recordings.
func (r Recordings) Len() int { return len(r.Labels) }

func (r Recordings) pick(rows []int) Recordings {
	return Recordings{
		Values: pickBlocks(r.Values, r.Steps*len(r.Channels), rows), Steps: r.Steps, Channels: r.Channels,
		Labels: pick(r.Labels, rows), Classes: r.Classes, Subjects: pick(r.Subjects, rows),
	}
}

// Batch returns the pictures of those numbers as sequences of their rows: values [Rows, B, Columns], and their labels
// [B]. Numbers that are no picture's are an error.
func (m Images) Batch(examples []int) (values []float32, labels []int, err error) {
	return batch(m.Pixels, m.Labels, m.Rows, m.Columns, examples)
}

// Batch returns the recordings of those numbers as sequences: values [Steps, B, len(Channels)], and their labels [B].
// Numbers that are no recording's are an error.
func (r Recordings) Batch(examples []int) (values []float32, labels []int, err error) {
	return batch(r.Values, r.Labels, r.Steps, len(r.Channels), examples)
}

// batch turns examples of [N, T, F] into a batch [T, B, F].
func batch(all []float32, of []int, steps, features int, examples []int) (values []float32, labels []int, err error) {
	for _, e := range examples {
		if e < 0 || e >= len(of) {
			return nil, nil, errors.Errorf("datasets: example %d; there are %d, counted from 0", e, len(of))
		}
	}
	if want, err := dense.Size([]int{len(of), steps, features}); len(examples) > 0 && (err != nil || want != len(all)) {
		return nil, nil, errors.Errorf("datasets: found %d numbers; want those of %d examples of %d steps with %d features",
			len(all), len(of), steps, features)
	}
	values, labels = make([]float32, len(examples)*steps*features), make([]int, len(examples))
	for b, e := range examples {
		labels[b] = of[e]
		for t := range steps {
			copy(values[(t*len(examples)+b)*features:][:features], all[(e*steps+t)*features:])
		}
	}
	return values, labels, nil
}
