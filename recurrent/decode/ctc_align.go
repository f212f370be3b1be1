package decode

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Align finds where given labels are in the frames of each sequence of a batch: the likeliest of all paths that give just these
// labels (forced alignment; Kürzinger et al., 2020, "CTC-segmentation of large corpora", without its free ends). logits are
// [T, B, V] and frames [B], as in Run; labels[b] are those of sequence b. Beam and Language have no say in it.
//
// Every label takes one frame at least, and equal labels that follow each other want a blank between. It is an error if a sequence
// has too few frames for its labels, or if none of their paths has a probability above 0.
func (d CTC) Align(logits *tensor.Dense, frames []int, labels [][]int) ([]Alignment, error) {
	var out []Alignment
	err := d.sequences(logits, frames, func(b int, rows [][]float64) error {
		if batch := logits.Shape()[1]; len(labels) != batch {
			return errors.Errorf("labels of %d sequences for %d", len(labels), batch)
		}
		a, err := d.align(rows, labels[b], logits.Shape()[2])
		out = append(out, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// align finds the best path through the labels with a blank between all of them and around (Graves et al., 2006, section 4.1, with the
// maximum in place of the sum).
func (d CTC) align(rows [][]float64, labels []int, classes int) (Alignment, error) {
	if err := checkLabels(labels, classes, d.Blank); err != nil {
		return Alignment{}, err
	}
	extended, least := []int{d.Blank}, len(labels) // the labels with blanks; the frames that they want
	for i, l := range labels {
		extended = append(extended, l, d.Blank)
		if i > 0 && l == labels[i-1] {
			least++
		}
	}
	if len(rows) < least {
		return Alignment{}, errors.Errorf("%d frames for %d labels; want %d or more", len(rows), len(labels), least)
	}
	// best[s] is the best path so far to place s of extended; steps[t][s] is by how many places it came there in frame t.
	best, next := make([]float64, len(extended)), make([]float64, len(extended))
	for s := range best {
		best[s] = logZero
	}
	steps := make([][]uint8, len(rows))
	for t, row := range rows {
		steps[t] = make([]uint8, len(extended))
		for s, label := range extended {
			from, by := best[s], uint8(0)
			if t == 0 {
				if from = logZero; s < 2 {
					from = 0
				}
			} else {
				if s > 0 && best[s-1] > from {
					from, by = best[s-1], 1
				}
				if s > 1 && label != d.Blank && label != extended[s-2] && best[s-2] > from {
					from, by = best[s-2], 2
				}
			}
			next[s], steps[t][s] = from+row[label], by
		}
		best, next = next, best
	}
	at := len(extended) - 1
	if at > 0 && best[at-1] > best[at] {
		at--
	}
	a := Alignment{Spans: make([]Span, len(labels)), LogProb: best[at]}
	if len(rows) == 0 {
		a.LogProb = 0
	}
	if math.IsInf(a.LogProb, -1) {
		return Alignment{}, errors.Errorf("no path of the labels %v has a probability above 0", labels)
	}
	for t := range slices.Backward(rows) {
		if at%2 == 1 {
			s := &a.Spans[at/2]
			if s.End == 0 {
				s.End = t + 1
			}
			s.Begin = t
			s.Confidence += math.Exp(rows[t][extended[at]])
		}
		at -= int(steps[t][at])
	}
	for i, s := range a.Spans {
		a.Spans[i].Confidence /= float64(s.End - s.Begin)
	}
	return a, nil
}
