package decode

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// CTCStream is a search that goes on: its labels do not depend on how the frames are cut.
type CTCStream struct {
	follower follower
	classes  int
	frames   int
	failed   error
}

// Stream begins a search for the labels of one sequence, whose frames come piece by piece, with so many labels, the blank
// included.
func (d CTC) Stream(classes int) (*CTCStream, error) {
	if classes < 1 {
		return nil, errors.Errorf("decode: CTC: %d labels; want 1 or more", classes)
	}
	if err := d.check(classes); err != nil {
		return nil, err
	}
	f, err := d.follower(classes)
	if err != nil {
		return nil, errors.Wrap(err, "decode: CTC")
	}
	return &CTCStream{follower: f, classes: classes}, nil
}

// Add reads the logits of more frames, [T, V]. After an error the stream is of no use: every other call returns it again.
func (s *CTCStream) Add(logits *tensor.Dense) error {
	if s == nil || s.follower == nil {
		return errors.New("decode: an empty CTCStream; Stream makes one")
	}
	if s.failed != nil {
		return s.failed
	}
	if err := dense.CheckFloats(logits); err != nil {
		return errors.Wrap(err, "decode: CTC: want float logits [T, V]")
	}
	shape := logits.Shape()
	if len(shape) != 2 || shape[1] != s.classes {
		return errors.Errorf("decode: CTC: want float logits [T, %d], found %v", s.classes, []int(shape))
	}
	for t := range shape[0] {
		row, err := logProbsOf(logits, t*s.classes, s.classes)
		if err == nil {
			err = s.follower.add(row)
		}
		if err != nil {
			s.failed = errors.Wrapf(err, "decode: CTC: frame %d", s.frames)
			return s.failed
		}
		s.frames++
	}
	return nil
}

// Best is the likeliest labels so far, as if the frames ended here.
func (s *CTCStream) Best() Labelling {
	if s == nil || s.follower == nil {
		return Labelling{Labels: []int{}}
	}
	return s.follower.best()
}

// Take returns the first labels of Best and forgets them: Best goes on behind them, and its LogProb and Score stay those of all frames.
// They are those that all labellings share which the beam follows, and more if there are more than so many behind these: then those
// labellings are dropped that begin otherwise. So the memory of a search in sound without an end does not grow, if Take is called now and
// then. Some dozens of labels behind hardly ever change what is found.
func (s *CTCStream) Take(behind int) []int {
	if s == nil || s.follower == nil {
		return []int{}
	}
	return append([]int{}, s.follower.take(max(behind, 0))...)
}
