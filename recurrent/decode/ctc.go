package decode

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// CTC finds the labels that a network trained with losses.CTC saw in its frames.
type CTC struct {
	Blank int // the id of the blank
	// Beam is how many beginnings are followed at a time (prefix beam search: Graves et al., 2006; Hannun et al., 2014).
	// 0 or 1 takes the likeliest label of every frame, which is the likeliest way through the frames, not always the
	// likeliest labels, which many ways may share.
	Beam int
	// Language, if not nil, is a language model: the log-probability of a label after others. The search adds it, times
	// Weight, for each label.
	Language func(before []int, label int) float64
	Weight   float64
}

// Labelling is what was found in one sequence of frames.
type Labelling struct {
	Labels []int
	// LogProb is the log-probability, in nats, of the labels' ways that the beam kept: of all of them if the beam was wide
	// enough. Without a beam it is that of the one way taken.
	LogProb float64
	Score   float64 // LogProb and what the language model adds
}

// Run finds the labels of a batch: logits [T, B, V] and the numbers of frames, nil if all are T.
func (d CTC) Run(logits *tensor.Dense, frames []int) ([]Labelling, error) {
	shape := logits.Shape()
	if len(shape) != 3 || logits.Dtype() != tensor.Float32 && logits.Dtype() != tensor.Float64 {
		return nil, errors.Errorf("decode: CTC: want float logits [T, B, V], found %v %v", logits.Dtype(), []int(shape))
	}
	steps, batch, classes := shape[0], shape[1], shape[2]
	switch {
	case d.Blank < 0 || d.Blank >= classes:
		return nil, errors.Errorf("decode: CTC: blank %d; want 0 to %d", d.Blank, classes-1)
	case d.Beam < 0:
		return nil, errors.Errorf("decode: CTC: Beam %d; want 0 or more", d.Beam)
	case frames != nil && len(frames) != batch:
		return nil, errors.Errorf("decode: CTC: %d numbers of frames for %d sequences", len(frames), batch)
	}
	out := make([]Labelling, batch)
	for b := range out {
		n := steps
		if frames != nil {
			n = frames[b]
		}
		if n < 0 || n > steps {
			return nil, errors.Errorf("decode: CTC: %d frames of sequence %d; want 0 to %d", n, b, steps)
		}
		rows := make([][]float64, n)
		for t := range rows {
			rows[t] = rowOf(logits, (t*batch+b)*classes, classes)
			if err := logSoftmax(rows[t]); err != nil {
				return nil, errors.Wrapf(err, "decode: CTC: sequence %d, frame %d", b, t)
			}
		}
		if d.Beam > 1 || d.Language != nil {
			out[b] = d.search(rows)
		} else {
			out[b] = d.greedy(rows)
		}
	}
	return out, nil
}

func rowOf(t *tensor.Dense, from, n int) []float64 {
	if t.Dtype() == tensor.Float64 {
		return slices.Clone(t.Float64s()[from : from+n])
	}
	out := make([]float64, n)
	for i, v := range t.Float32s()[from : from+n] {
		out[i] = float64(v)
	}
	return out
}

// greedy takes the best way through the frames and reads its labels.
func (d CTC) greedy(rows [][]float64) Labelling {
	l, last := Labelling{Labels: []int{}}, d.Blank
	for _, row := range rows {
		best := 0
		for i, v := range row {
			if v > row[best] {
				best = i
			}
		}
		if best != d.Blank && best != last {
			l.Labels = append(l.Labels, best)
		}
		last = best
		l.LogProb += row[best]
	}
	l.Score = l.LogProb
	return l
}

// prefix is the labels of a beginning, with the log-probabilities of all ways to them that end in the blank, and in the
// last label.
type prefix struct {
	before   *prefix
	label    int
	next     map[int]*prefix // the prefixes with one label more
	blank    float64
	labelled float64
	language float64

	newBlank, newLabelled float64 // of the frame that is being read
	reached               bool
}

func (p *prefix) total() float64 { return logAdd(p.blank, p.labelled) }
func (p *prefix) score() float64 { return p.total() + p.language }

func (p *prefix) labels() []int {
	out := []int{}
	for q := p; q.before != nil; q = q.before {
		out = append(out, q.label)
	}
	slices.Reverse(out)
	return out
}

// search is the prefix beam search.
func (d CTC) search(rows [][]float64) Labelling {
	never := math.Inf(-1)
	beam := []*prefix{{blank: 0, labelled: never}}
	for _, row := range rows {
		var found []*prefix
		reach := func(p *prefix) *prefix {
			if !p.reached {
				p.reached, p.newBlank, p.newLabelled = true, never, never
				found = append(found, p)
			}
			return p
		}
		for _, p := range beam {
			q := reach(p)
			q.newBlank = logAdd(q.newBlank, p.total()+row[d.Blank])
			if p.before != nil { // the last label again is the same label
				q.newLabelled = logAdd(q.newLabelled, p.labelled+row[p.label])
			}
			for label, v := range row {
				if label == d.Blank {
					continue
				}
				from := p.total()
				if p.before != nil && label == p.label { // a second one needs a blank between
					from = p.blank
				}
				if from+v == never {
					continue
				}
				n := reach(d.extend(p, label))
				n.newLabelled = logAdd(n.newLabelled, from+v)
			}
		}
		for _, p := range found {
			p.blank, p.labelled, p.reached = p.newBlank, p.newLabelled, false
		}
		slices.SortFunc(found, func(a, b *prefix) int {
			return cmp.Or(cmp.Compare(b.score(), a.score()), slices.Compare(a.labels(), b.labels()))
		})
		beam = found[:min(len(found), max(d.Beam, 1))]
	}
	return Labelling{beam[0].labels(), beam[0].total(), beam[0].score()}
}

// extend is the prefix with one label more, which is made once.
func (d CTC) extend(p *prefix, label int) *prefix {
	if q := p.next[label]; q != nil {
		return q
	}
	q := &prefix{before: p, label: label, language: p.language, blank: math.Inf(-1), labelled: math.Inf(-1)}
	if d.Language != nil {
		q.language += d.Weight * d.Language(p.labels(), label)
	}
	if p.next == nil {
		p.next = map[int]*prefix{}
	}
	p.next[label] = q
	return q
}

// logAdd is log(eᵃ + eᵇ).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
