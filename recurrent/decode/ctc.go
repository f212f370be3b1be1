package decode

import (
	"cmp"
	"math"
	"slices"

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
	// Language, if not nil, is a language model: it returns the log-probability of a label after others, in a slice that it
	// must not change or keep; -Inf forbids the label. The search adds it, times Weight, for each label.
	Language func(before []int, label int) float64
	Weight   float64 // 0 counts as 1
}

// Labelling is the result for one sequence of frames.
type Labelling struct {
	Labels []int
	// LogProb is the log-probability, in nats, of the labels, summed over the alignments that the beam kept; a beam that is
	// wide enough keeps all. Without a beam it is that of the best path alone.
	LogProb float64
	Score   float64 // LogProb plus what the language model adds
}

// Run finds the labels of a batch: logits [T, B, V], float32 or float64, and the numbers of frames [B], nil if all are T. A
// logit that is NaN or +Inf is an error, except at padding.
func (d CTC) Run(logits *tensor.Dense, frames []int) ([]Labelling, error) {
	if err := dense.CheckFloats(logits); err != nil {
		return nil, errors.Wrap(err, "decode: CTC: want float logits [T, B, V]")
	}
	shape := logits.Shape()
	if len(shape) != 3 {
		return nil, errors.Errorf("decode: CTC: want float logits [T, B, V], found %v %v", logits.Dtype(), []int(shape))
	}
	steps, batch, classes := shape[0], shape[1], shape[2]
	switch {
	case d.Blank < 0 || d.Blank >= classes:
		return nil, errors.Errorf("decode: CTC: blank %d; want 0 to %d", d.Blank, classes-1)
	case d.Beam < 0 || d.Beam > most:
		return nil, errors.Errorf("decode: CTC: Beam %d; want 0 to %d", d.Beam, most)
	case !(d.Weight >= 0) || math.IsInf(d.Weight, 1):
		return nil, errors.Errorf("decode: CTC: Weight %g; want 0 or more", d.Weight)
	case frames != nil && len(frames) != batch:
		return nil, errors.Errorf("decode: CTC: %d numbers of frames for %d sequences", len(frames), batch)
	}
	out := make([]Labelling, batch)
	for b := range out {
		n, err := framesOf(frames, b, steps)
		if err != nil {
			return nil, errors.Wrap(err, "decode: CTC")
		}
		rows := make([][]float64, n)
		for t := range rows {
			rows[t] = rowOf(logits, (t*batch+b)*classes, classes)
			if err := checkLogits(rows[t]); err != nil {
				return nil, errors.Wrapf(err, "decode: CTC: sequence %d, frame %d", b, t)
			}
			logSoftmax(rows[t])
		}
		if d.Beam > 1 || d.Language != nil {
			if out[b], err = d.search(rows); err != nil {
				return nil, errors.Wrapf(err, "decode: CTC: sequence %d", b)
			}
		} else {
			out[b] = d.greedy(rows)
		}
	}
	return out, nil
}

func rowOf(t *tensor.Dense, from, n int) []float64 {
	if t.Dtype() == tensor.Float64 {
		return widened(nil, t.Float64s()[from:from+n])
	}
	return widened(nil, t.Float32s()[from:from+n])
}

// greedy takes the best path through the frames and reads its labels.
func (d CTC) greedy(rows [][]float64) Labelling {
	l, last := Labelling{Labels: []int{}}, d.Blank
	for _, row := range rows {
		best := first(row)
		if best != d.Blank && best != last {
			l.Labels = append(l.Labels, best)
		}
		last = best
		l.LogProb += row[best]
	}
	l.Score = l.LogProb
	return l
}

// prefix is the labels so far, with the log-probabilities of all their alignments that end in the blank, and in the last
// label. Prefixes form a tree. One that has left the beam stays in the tree as long as a prefix of the beam continues it.
type prefix struct {
	before   *prefix
	label    int
	next     map[int]*prefix // the prefixes with one label more
	kept     bool            // in the beam
	blank    float64
	labelled float64
	language float64   // the log-probability of the labels in the language model
	follow   []float64 // that of each next label; nil until it is asked for
}

func (p *prefix) total() float64 { return logAdd(p.blank, p.labelled) }

func (p *prefix) labels() []int {
	out := []int{}
	for q := p; q.before != nil; q = q.before {
		out = append(out, q.label)
	}
	slices.Reverse(out)
	return out
}

// forget removes p from the tree, and the prefixes that only led to p.
func (p *prefix) forget() {
	for ; p.before != nil && !p.kept && len(p.next) == 0; p = p.before {
		delete(p.before.next, p.label)
	}
}

// reached is a prefix to which a frame leads: one of the tree, or a new one of before and label.
type reached struct {
	at              *prefix // nil if new
	before          *prefix
	label           int
	blank, labelled float64
	language        float64
	score           float64
}

// search is the prefix beam search. A prefix outside of the tree is reached only from the prefix before it, so its score is
// known at once, and only those that the beam keeps are created.
func (d CTC) search(rows [][]float64) (Labelling, error) {
	beam := []*prefix{{labelled: logZero, kept: true}}
	for _, row := range rows {
		found, err := d.reach(beam, row)
		if err != nil {
			return Labelling{}, err
		}
		slices.SortStableFunc(found, func(a, b reached) int { return cmp.Compare(b.score, a.score) })
		for _, p := range beam {
			p.kept = false
		}
		old := beam
		beam = make([]*prefix, min(len(found), max(d.Beam, 1)))
		for i, c := range found[:len(beam)] {
			p := c.at
			if p == nil {
				p = &prefix{before: c.before, label: c.label}
				if c.before.next == nil {
					c.before.next = map[int]*prefix{}
				}
				c.before.next[c.label] = p
			}
			p.kept, p.blank, p.labelled, p.language = true, c.blank, c.labelled, c.language
			beam[i] = p
		}
		for _, p := range old {
			p.forget()
		}
	}
	best := beam[0]
	return Labelling{best.labels(), best.total(), best.total() + best.language}, nil
}

// reach returns all prefixes to which a frame leads from the beam: first the beam's own, then longer ones, in order.
func (d CTC) reach(beam []*prefix, row []float64) ([]reached, error) {
	found := make([]reached, len(beam), len(beam)*len(row))
	place := make(map[*prefix]int, len(beam)) // of the tree's prefixes among found
	for i, p := range beam {
		found[i] = reached{at: p, blank: p.total() + row[d.Blank], labelled: logZero, language: p.language}
		if p.before != nil { // the last label again is the same label
			found[i].labelled = p.labelled + row[p.label]
		}
		place[p] = i
	}
	for _, p := range beam {
		if err := d.ask(p, len(row)); err != nil {
			return nil, err
		}
		total := p.total()
		for label, v := range row {
			from := total
			if p.before != nil && label == p.label { // a second one needs a blank between
				from = p.blank
			}
			if label == d.Blank || from+v == logZero {
				continue
			}
			c := reached{at: p.next[label], before: p, label: label, blank: logZero, labelled: from + v, language: p.language}
			if d.Language != nil {
				c.language += p.follow[label]
			}
			if i, ok := place[c.at]; ok && c.at != nil {
				found[i].labelled = logAdd(found[i].labelled, from+v)
			} else if c.language != logZero { // else the language model forbids it
				found = append(found, c)
			}
		}
	}
	for i, c := range found {
		found[i].score = logAdd(c.blank, c.labelled) + c.language
	}
	return found, nil
}

// ask gets the log-probabilities of all labels after p from the language model, once.
func (d CTC) ask(p *prefix, classes int) error {
	if d.Language == nil || p.follow != nil {
		return nil
	}
	labels, follow := p.labels(), make([]float64, classes)
	for label := range follow {
		if label == d.Blank {
			continue
		}
		v := d.Language(labels, label)
		if v != v || v == math.Inf(1) {
			return errors.Errorf("the language model gives label %d after %v the log-probability %v", label, labels, v)
		}
		follow[label] = cmp.Or(d.Weight, 1) * v
	}
	p.follow = follow
	return nil
}

// logZero is log 0.
var logZero = math.Inf(-1)

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
