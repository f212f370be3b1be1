package decode

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// prefix is the labels so far, with the log-probabilities of all their alignments that end in the blank, and in the last
// label. Prefixes form a tree. One that has left the beam stays in the tree as long as a prefix of the beam continues it.
type prefix struct {
	before   *prefix         // nil at the root
	label    int             // the last one; -1 of the empty prefix
	next     map[int]*prefix // the prefixes with one label more
	kept     bool            // in the beam
	blank    float64
	labelled float64
	language float64    // what the language model and the insertions add
	follow   *Following // what the language model says of it; nil outside of the beam, and without a model
}

func (p *prefix) total() float64 { return logAdd(p.blank, p.labelled) }

// labels are those behind the root.
func (p *prefix) labels() []int {
	out := []int{}
	for q := p; q.before != nil; q = q.before {
		out = append(out, q.label)
	}
	slices.Reverse(out)
	return out
}

// continues tells whether p begins as q does, or is q.
func (p *prefix) continues(q *prefix) bool {
	for ; p != nil && p != q; p = p.before {
	}
	return p == q
}

// forget drops what only a prefix of the beam needs, and removes p from the tree, with the prefixes that only led to p.
func (p *prefix) forget() {
	if !p.kept {
		p.follow = nil
	}
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

// prefixSearch is the prefix beam search. A prefix outside of the tree is reached only from the prefix before it, so its score is
// known at once, and only those that the beam keeps are created.
type prefixSearch struct {
	CTC
	classes int
	beam    []*prefix // the best first
	root    *prefix   // which all of them continue
	settled []int     // the labels up to the root that were not taken yet
}

func (d CTC) search(classes int) (*prefixSearch, error) {
	d.Weight = cmp.Or(d.Weight, 1)
	root := &prefix{label: -1, labelled: logZero, kept: true}
	if d.Language != nil {
		begin, err := d.Language.Begin(classes)
		if err == nil {
			err = begin.check(classes, d.Blank)
		}
		if err != nil {
			return nil, errors.Wrap(err, "before the first label")
		}
		root.follow = &begin
	}
	return &prefixSearch{CTC: d, classes: classes, beam: []*prefix{root}, root: root}, nil
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
			p = &prefix{before: c.before, label: c.label}
			if c.before.next == nil {
				c.before.next = map[int]*prefix{}
			}
			c.before.next[c.label] = p
		}
		p.kept, p.blank, p.labelled, p.language = true, c.blank, c.labelled, c.language
		s.beam[i] = p
	}
	err := s.ask()
	for _, p := range old {
		p.forget()
	}
	s.settle()
	return err
}

// settle moves the root to where the prefixes of the beam part: no frame to come can change the labels up to there, so the tree is no
// larger than what the beam disagrees about.
func (s *prefixSearch) settle() {
	for !s.root.kept && len(s.root.next) == 1 {
		for _, p := range s.root.next {
			s.root = p
		}
		s.root.before = nil
		s.settled = append(s.settled, s.root.label)
	}
}

func (s *prefixSearch) take(behind int) []int {
	p, _ := s.first()
	path := []*prefix{}
	for ; p != s.root; p = p.before {
		path = append(path, p) // the last label first
	}
	if len(path) > behind {
		for _, p := range slices.Backward(path[behind:]) {
			s.settled = append(s.settled, p.label)
		}
		s.root = path[behind]
		s.beam = slices.DeleteFunc(s.beam, func(p *prefix) bool { return !p.continues(s.root) })
		s.root.before = nil
	}
	out := s.settled
	s.settled = nil
	return out
}

// reach returns all prefixes to which a frame leads from the beam: first the beam's own, then longer ones, in order.
func (s *prefixSearch) reach(row []float64) []reached {
	found := make([]reached, len(s.beam), len(s.beam)*len(row))
	place := make(map[*prefix]int, len(s.beam)) // of the tree's prefixes among found
	for i, p := range s.beam {
		found[i] = reached{at: p, blank: p.total() + row[s.Blank], labelled: logZero, language: p.language}
		if p.label >= 0 { // the last label again is the same label
			found[i].labelled = p.labelled + row[p.label]
		}
		place[p] = i
	}
	for _, p := range s.beam {
		total := p.total()
		for label, v := range row {
			from := total
			if label == p.label { // a second one needs a blank between
				from = p.blank
			}
			if label == s.Blank || from+v == logZero {
				continue
			}
			c := reached{at: p.next[label], before: p, label: label, blank: logZero, labelled: from + v, language: p.language + s.Insertion}
			if p.follow != nil {
				c.language += s.Weight * p.follow.LogProbs[label]
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
		if p.follow == nil {
			fresh, before, labels = append(fresh, p), append(before, *p.before.follow), append(labels, p.label)
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
			return errors.Wrapf(err, "after %v", append(slices.Clone(s.settled), p.labels()...))
		}
		p.follow = &after[i]
	}
	return nil
}

// best is the prefix that ranks first when the frames end here.
func (s *prefixSearch) best() Labelling {
	p, out := s.first()
	out.Labels = append(append([]int{}, s.settled...), p.labels()...)
	return out
}

// first is the prefix that ranks first, and how likely it is.
func (s *prefixSearch) first() (best *prefix, out Labelling) {
	for i, p := range s.beam {
		l := Labelling{nil, p.total(), p.total() + p.language}
		if p.follow != nil {
			l.Score += s.Weight * p.follow.End
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
