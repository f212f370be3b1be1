package decode

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// CTC finds the labels that a network trained with losses.CTC saw in its frames.
type CTC struct {
	Blank int // the id of the blank
	// Beam is how many prefixes are followed at a time (prefix beam search: Graves et al., 2006; Hannun et al., 2014).
	// 0 or 1 takes the likeliest label of every frame (best path). That is the likeliest alignment, but not always the
	// likeliest labels, whose probability is the sum over many alignments.
	Beam int
	// Language, if not nil, is a language model. Sequences of labels are ranked by
	//
	//	log P(labels | frames) + Weight·log P(labels, end) + Insertion·(number of labels)
	//
	// (shallow fusion, Hannun et al., 2014, equation 2, there with a bonus for each word).
	Language  Language
	Weight    float64 // 0 counts as 1
	Insertion float64 // what a label gains, without a Language too: language models favour short texts
}

// Labelling is the result for one sequence of frames.
type Labelling struct {
	Labels []int
	// LogProb is the log-probability, in nats, of the labels, summed over the alignments that the beam kept; a beam that is
	// wide enough keeps all. Without a beam it is that of the best path alone.
	LogProb float64
	Score   float64 // by which it was ranked: LogProb, and what Language, Weight and Insertion add
}

// Run finds the labels of a batch: logits [T, B, V], float32 or float64, and the numbers of frames [B], nil if all are T. A
// logit that is NaN or +Inf is an error, except at padding.
func (d CTC) Run(logits *tensor.Dense, frames []int) ([]Labelling, error) {
	var out []Labelling
	err := d.sequences(logits, frames, func(b int, rows [][]float64) error {
		f, err := d.follower(logits.Shape()[2])
		if err != nil {
			return err
		}
		for t, row := range rows {
			if err := f.add(row); err != nil {
				return errors.Wrapf(err, "frame %d", t)
			}
		}
		out = append(out, f.best())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// sequences checks logits [T, B, V] and calls use with the log-probabilities of each sequence, [frames][V].
func (d CTC) sequences(logits *tensor.Dense, frames []int, use func(b int, rows [][]float64) error) error {
	if err := dense.CheckFloats(logits); err != nil {
		return errors.Wrap(err, "decode: CTC: want float logits [T, B, V]")
	}
	shape := logits.Shape()
	if len(shape) != 3 {
		return errors.Errorf("decode: CTC: want float logits [T, B, V], found %v %v", logits.Dtype(), []int(shape))
	}
	steps, batch, classes := shape[0], shape[1], shape[2]
	if err := d.check(classes); err != nil {
		return err
	}
	if frames != nil && len(frames) != batch {
		return errors.Errorf("decode: CTC: %d numbers of frames for %d sequences", len(frames), batch)
	}
	for b := range batch {
		n, err := framesOf(frames, b, steps)
		if err != nil {
			return errors.Wrap(err, "decode: CTC")
		}
		rows := make([][]float64, n)
		for t := range rows {
			if rows[t], err = logProbsOf(logits, (t*batch+b)*classes, classes); err != nil {
				return errors.Wrapf(err, "decode: CTC: sequence %d, frame %d", b, t)
			}
		}
		if err := use(b, rows); err != nil {
			return errors.Wrapf(err, "decode: CTC: sequence %d", b)
		}
	}
	return nil
}

func (d CTC) check(classes int) error {
	switch {
	case d.Blank < 0 || d.Blank >= classes:
		return errors.Errorf("decode: CTC: blank %d; want 0 to %d", d.Blank, classes-1)
	case d.Beam < 0 || d.Beam > most:
		return errors.Errorf("decode: CTC: Beam %d; want 0 to %d", d.Beam, most)
	case !(d.Weight >= 0) || math.IsInf(d.Weight, 1):
		return errors.Errorf("decode: CTC: Weight %g; want 0 or more", d.Weight)
	case math.IsNaN(d.Insertion) || math.IsInf(d.Insertion, 0):
		return errors.Errorf("decode: CTC: Insertion %g; want a finite number", d.Insertion)
	}
	return nil
}

// follower reads log-probabilities [V], which it may keep, frame by frame.
type follower interface {
	add(row []float64) error
	best() Labelling
	// take returns the labels but for the last ones, and forgets them.
	take(behind int) []int
}

func (d CTC) follower(classes int) (follower, error) {
	if d.Beam > 1 || d.Language != nil || d.Insertion != 0 {
		return d.search(classes)
	}
	return &bestPath{blank: d.Blank, last: d.Blank}, nil
}

// logProbsOf are the log-probabilities of a row of logits.
func logProbsOf(logits *tensor.Dense, from, n int) ([]float64, error) {
	row := rowOf(logits, from, n)
	if err := checkLogits(row); err != nil {
		return nil, err
	}
	logSoftmax(row)
	return row, nil
}

func rowOf(t *tensor.Dense, from, n int) []float64 {
	if t.Dtype() == tensor.Float64 {
		return widened(nil, t.Float64s()[from:from+n])
	}
	return widened(nil, t.Float32s()[from:from+n])
}

// bestPath takes the likeliest label of every frame, and reads the labels of that path.
type bestPath struct {
	blank, last int
	labels      []int
	logProb     float64
}

func (p *bestPath) add(row []float64) error {
	top := first(row)
	if top != p.blank && top != p.last {
		p.labels = append(p.labels, top)
	}
	p.last = top
	p.logProb += row[top]
	return nil
}

func (p *bestPath) take(behind int) []int {
	n := max(len(p.labels)-behind, 0)
	out := p.labels[:n:n]
	p.labels = append([]int{}, p.labels[n:]...)
	return out
}

func (p *bestPath) best() Labelling {
	return Labelling{append([]int{}, p.labels...), p.logProb, p.logProb}
}
