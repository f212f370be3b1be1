package decode

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// TransducerSearch says how the labels of a transducer are searched for. The zero value is greedy search.
type TransducerSearch struct {
	// Beam is how many sequences of labels are followed at a time, by time-synchronous decoding (Saon et al., 2020, "Alignment-length
	// synchronous decoding for RNN transducer", section 2): ways to the same labels are added up. 0 or 1 takes the likeliest label,
	// or blank, at every step.
	Beam int
	// Max is the largest number of labels in one frame; 0 for 8.
	Max int
}

func (s TransducerSearch) check() error {
	switch {
	case s.Beam < 0 || s.Beam > most:
		return errors.Errorf("decode: Transducer: Beam %d; want 0 to %d", s.Beam, most)
	case s.Max < 0 || s.Max > most:
		return errors.Errorf("decode: Transducer: Max %d; want 0 to %d", s.Max, most)
	}
	return nil
}

// Transducer finds the labels that a trained recurrent.Transducer hears in its encoder's outputs.
type Transducer struct {
	model            recurrent.Transducer
	predict, joining *graph.Func
}

// NewTransducer combines a description with its weights.
func NewTransducer(m recurrent.Transducer, p *graph.Params) *Transducer {
	if p == nil {
		return &Transducer{} // Run and Stream say so
	}
	return &Transducer{m, graph.NewFunc(p, m.Predicting), graph.NewFunc(p, m.Joining)}
}

// Run finds the labels of a batch: the encoder's outputs [T, B, F], and the numbers of frames [B], nil if all are T.
func (d *Transducer) Run(s TransducerSearch, encoded *tensor.Dense, frames []int) ([]Labelling, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var out []Labelling
	err := d.sequences(encoded, frames, func(_ int, rows [][]float64) error {
		stream, err := d.Stream(s)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := stream.add(row, encoded.Dtype()); err != nil {
				return err
			}
		}
		out = append(out, stream.Best())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// sequences checks the encoder's outputs [T, B, F] and calls use with those of each sequence, [frames][F].
func (d *Transducer) sequences(encoded *tensor.Dense, frames []int, use func(b int, rows [][]float64) error) error {
	if err := d.ready(); err != nil {
		return err
	}
	if err := dense.CheckFloats(encoded); err != nil {
		return errors.Wrap(err, "decode: Transducer: want the encoder's outputs [T, B, F]")
	}
	shape := encoded.Shape()
	if len(shape) != 3 {
		return errors.Errorf("decode: Transducer: want the encoder's outputs [T, B, F], found %v", []int(shape))
	}
	steps, batch, width := shape[0], shape[1], shape[2]
	if frames != nil && len(frames) != batch {
		return errors.Errorf("decode: Transducer: %d numbers of frames for %d sequences", len(frames), batch)
	}
	for b := range batch {
		n, err := framesOf(frames, b, steps)
		if err != nil {
			return errors.Wrap(err, "decode: Transducer")
		}
		rows := make([][]float64, n)
		for t := range rows {
			rows[t] = rowOf(encoded, (t*batch+b)*width, width)
		}
		if err := use(b, rows); err != nil {
			return errors.Wrapf(err, "decode: Transducer: sequence %d", b)
		}
	}
	return nil
}

func (d *Transducer) ready() error {
	if d == nil || d.predict == nil {
		return errors.New("decode: a Transducer without weights; NewTransducer makes one of a description and its store")
	}
	return nil
}

// Stream begins a search for the labels of one sequence, whose frames come piece by piece.
func (d *Transducer) Stream(s TransducerSearch) (*TransducerStream, error) {
	if err := d.ready(); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Max == 0 {
		s.Max = 8
	}
	s.Beam = max(s.Beam, 1)
	t := newTree(d.model.Blank, predicted{})
	return &TransducerStream{d: d, search: s, beam: []*heard{t.root}, tree: t}, nil
}
