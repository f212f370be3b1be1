package decode

import (
	"math"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Align finds where given labels are: the likeliest of all ways to them. The encoder's outputs are [T, B, F] and frames [B], as in Run;
// labels[b] are those of sequence b. A transducer says a label in one frame, and may say several in the same one.
//
// It is an error if there are labels and no frames, or if no way to them has a probability above 0.
func (d *Transducer) Align(encoded *tensor.Dense, frames []int, labels [][]int) ([]Alignment, error) {
	var out []Alignment
	err := d.sequences(encoded, frames, func(b int, rows [][]float64) error {
		if batch := encoded.Shape()[1]; len(labels) != batch {
			return errors.Errorf("labels of %d sequences for %d", len(labels), batch)
		}
		a, err := d.align(rows, labels[b], encoded.Dtype())
		out = append(out, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// align finds the best way through the lattice of frames and labels: a blank leads to the next frame, a label to the next label.
func (d *Transducer) align(rows [][]float64, labels []int, dtype tensor.Dtype) (Alignment, error) {
	if err := checkLabels(labels, d.model.Embedding.Tokens, d.model.Blank); err != nil {
		return Alignment{}, err
	}
	T, U := len(rows), len(labels)
	a := Alignment{Spans: make([]Span, U)}
	if T == 0 {
		if U > 0 {
			return Alignment{}, errors.Errorf("0 frames for %d labels; want 1 or more", U)
		}
		return a, nil
	}
	blanks, says, err := d.lattice(rows, labels, dtype)
	if err != nil {
		return Alignment{}, err
	}
	// best[u][t] is the best way to frame t behind u labels.
	best := make([][]float64, U+1)
	for u := range best {
		best[u] = make([]float64, T)
		for t := range T {
			v := logZero
			if u == 0 && t == 0 {
				v = 0
			}
			if t > 0 {
				v = best[u][t-1] + blanks[u][t-1]
			}
			if u > 0 {
				v = max(v, best[u-1][t]+says[u-1][t])
			}
			best[u][t] = v
		}
	}
	if a.LogProb = best[U][T-1] + blanks[U][T-1]; math.IsInf(a.LogProb, -1) {
		return Alignment{}, errors.Errorf("no way to the labels %v has a probability above 0", labels)
	}
	for t, u := T-1, U; u > 0; {
		if said := best[u-1][t] + says[u-1][t]; said == best[u][t] {
			u--
			a.Spans[u] = Span{t, t + 1, math.Exp(says[u][t])}
		} else {
			t--
		}
	}
	return a, nil
}

// lattice is the log-probabilities of the blank, [U+1][T], and of the next label, [U][T], in every frame behind every number of labels.
func (d *Transducer) lattice(rows [][]float64, labels []int, dtype tensor.Dtype) (blanks, says [][]float64, err error) {
	one := &TransducerStream{d: d, search: TransducerSearch{Beam: 1}}
	at := &heard{label: d.model.Blank}
	for u := 0; ; u++ {
		if err := one.predict([]way{{at: at}}, dtype); err != nil {
			return nil, nil, err
		}
		predictions := make([][]float64, len(rows))
		for t := range predictions {
			predictions[t] = at.of.output
		}
		out, err := d.joining.Run(matrix(rows, dtype), matrix(predictions, dtype))
		if err != nil {
			return nil, nil, err
		}
		blank, say, classes := make([]float64, len(rows)), make([]float64, len(rows)), out[0].Shape()[1]
		for t := range rows {
			row, err := logProbsOf(out[0], t*classes, classes)
			if err != nil {
				return nil, nil, errors.Wrapf(err, "frame %d, behind the labels %v", t, labels[:u])
			}
			blank[t] = row[d.model.Blank]
			if u < len(labels) {
				say[t] = row[labels[u]]
			}
		}
		blanks = append(blanks, blank)
		if u == len(labels) {
			return blanks, says, nil
		}
		says = append(says, say)
		at = at.with(labels[u])
	}
}
