package decode

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// prefix is the labels so far, -1 of none as the last one, with how likely they are.
type prefix = sequence[prefixScores]

// prefixScores are the log-probabilities of all alignments of a prefix that end in the blank, and in the last label.
type prefixScores struct {
	blank    float64
	labelled float64
	language float64    // what the language model and the insertions add
	follow   *Following // what the language model says of it; nil without a model
}

func (p *prefixScores) total() float64 { return logAdd(p.blank, p.labelled) }

// reached is a prefix to which a frame leads: one of the tree, or a new one of before and label.
type reached struct {
	at              *prefix // nil if new
	before          *prefix
	label           int
	blank, labelled float64
	language        float64
	score           float64
}

// prefixSearch is the prefix beam search. A prefix outside of the tree is reached only from the prefix before it, so its score is
// known at once, and only those that the beam keeps are created.
type prefixSearch struct {
	CTC
	classes int
	beam    []*prefix // the best first
	tree    tree[prefixScores]
}

func (d CTC) search(classes int) (*prefixSearch, error) {
	d.Weight = cmp.Or(d.Weight, 1)
	begin := prefixScores{labelled: logZero}
	if d.Language != nil {
		follow, err := d.Language.Begin(classes)
		if err == nil {
			err = follow.check(classes, d.Blank)
		}
		if err != nil {
			return nil, errors.Wrap(err, "before the first label")
		}
		begin.follow = &follow
	}
	t := newTree(-1, begin)
	return &prefixSearch{CTC: d, classes: classes, beam: []*prefix{t.root}, tree: t}, nil
}

func (s *prefixSearch) add(row []float64) error {
	found := s.reach(row)
	slices.SortStableFunc(found, func(a, b reached) int { return cmp.Compare(b.score, a.score) })
	for _, p := range s.beam {
		p.kept = false
	}
	old := s.beam
	s.beam = make([]*prefix, min(len(found), max(s.Beam, 1)))
	for i, c := range found[:len(s.beam)] {
		p := c.at
		if p == nil {
			p = c.before.with(c.label)
		}
		p.kept, p.of.blank, p.of.labelled, p.of.language = true, c.blank, c.labelled, c.language
		s.beam[i] = p
	}
	err := s.ask()
	for _, p := range old {
		p.forget()
	}
	s.tree.settle()
	return err
}

func (s *prefixSearch) take(behind int) (out []int) {
	best, _ := s.first()
	out, s.beam = s.tree.take(behind, best, s.beam)
	return out
}

// reach returns all prefixes to which a frame leads from the beam: first the beam's own, then longer ones, in order.
func (s *prefixSearch) reach(row []float64) []reached {
	found := make([]reached, len(s.beam), len(s.beam)*len(row))
	place := make(map[*prefix]int, len(s.beam)) // of the tree's prefixes among found
	for i, p := range s.beam {
		found[i] = reached{at: p, blank: p.of.total() + row[s.Blank], labelled: logZero, language: p.of.language}
		if p.label >= 0 { // the last label again is the same label
			found[i].labelled = p.of.labelled + row[p.label]
		}
		place[p] = i
	}
	for _, p := range s.beam {
		total := p.of.total()
		for label, v := range row {
			from := total
			if label == p.label { // a second one needs a blank between
				from = p.of.blank
			}
			if label == s.Blank || from+v == logZero {
				continue
			}
			c := reached{at: p.next[label], before: p, label: label, blank: logZero, labelled: from + v, language: p.of.language + s.Insertion}
			if p.of.follow != nil {
				c.language += s.Weight * p.of.follow.LogProbs[label]
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
	return found
}

// ask asks the language model about all prefixes that are new to the beam. The prefixes before them were in it a frame ago.
func (s *prefixSearch) ask() error {
	if s.Language == nil {
		return nil
	}
	var fresh []*prefix
	var before []Following
	var labels []int
	for _, p := range s.beam {
		if p.of.follow == nil {
			fresh, before, labels = append(fresh, p), append(before, *p.before.of.follow), append(labels, p.label)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	after, err := s.Language.Next(before, labels)
	if err != nil {
		return err
	}
	if len(after) != len(fresh) {
		return errors.Errorf("the language model speaks of %d sequences; want %d", len(after), len(fresh))
	}
	for i, p := range fresh {
		if err := after[i].check(s.classes, s.Blank); err != nil {
			return errors.Wrapf(err, "after %v", s.tree.labels(p))
		}
		p.of.follow = &after[i]
	}
	return nil
}

// best is the prefix that ranks first when the frames end here.
func (s *prefixSearch) best() Labelling {
	p, out := s.first()
	out.Labels = s.tree.labels(p)
	return out
}

// first is the prefix that ranks first, and how likely it is.
func (s *prefixSearch) first() (best *prefix, out Labelling) {
	for i, p := range s.beam {
		l := Labelling{nil, p.of.total(), p.of.total() + p.of.language}
		if p.of.follow != nil {
			l.Score += s.Weight * p.of.follow.End
		}
		if i == 0 || l.Score > out.Score {
			best, out = p, l
		}
	}
	return best, out
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
