package decode

import "slices"

// sequence is the labels that a beam search follows, with what the search knows of them. Sequences form a tree, so that ways to the same
// labels meet. One that has left the beam stays in the tree as long as a sequence of the beam continues it.
type sequence[V any] struct {
	before *sequence[V] // nil at the root
	label  int          // the last one
	next   map[int]*sequence[V]
	kept   bool // in the beam
	of     V    // the zero value outside of the beam
}

// labels are those behind the root.
func (s *sequence[V]) labels() []int {
	out := []int{}
	for ; s.before != nil; s = s.before {
		out = append(out, s.label)
	}
	slices.Reverse(out)
	return out
}

// with is s and one label more.
func (s *sequence[V]) with(label int) *sequence[V] {
	n := s.next[label]
	if n == nil {
		n = &sequence[V]{before: s, label: label}
		if s.next == nil {
			s.next = map[int]*sequence[V]{}
		}
		s.next[label] = n
	}
	return n
}

// continues tells whether s begins as t does, or is t.
func (s *sequence[V]) continues(t *sequence[V]) bool {
	for ; s != nil && s != t; s = s.before {
	}
	return s == t
}

// forget drops what only a sequence of the beam needs, and removes s from the tree, with those that only led to s.
func (s *sequence[V]) forget() {
	for ; !s.kept; s = s.before {
		var none V
		s.of = none
		if s.before == nil || len(s.next) > 0 {
			return
		}
		delete(s.before.next, s.label)
	}
}

// tree is all sequences of a search. It is no larger than what they disagree about, however many labels there were.
type tree[V any] struct {
	root    *sequence[V]
	settled []int // the labels up to the root that were not taken yet
}

func newTree[V any](label int, of V) tree[V] {
	return tree[V]{root: &sequence[V]{label: label, kept: true, of: of}}
}

// labels are all that were not taken yet, up to a sequence.
func (t *tree[V]) labels(to *sequence[V]) []int {
	return append(append([]int{}, t.settled...), to.labels()...)
}

// settle moves the root to where the sequences of the beam part: no frame to come can change the labels up to there.
func (t *tree[V]) settle() {
	for !t.root.kept && len(t.root.next) == 1 {
		for _, s := range t.root.next {
			t.root = s
		}
		t.root.before = nil
		t.settled = append(t.settled, t.root.label)
	}
}

// take returns the labels that are settled and forgets them. Where more than behind others lead from there to the best sequence, the
// first of those are settled, too; what is left of the beam, the sequences that begin with them, is returned.
func (t *tree[V]) take(behind int, best *sequence[V], beam []*sequence[V]) ([]int, []*sequence[V]) {
	path := []*sequence[V]{}
	for s := best; s != t.root; s = s.before {
		path = append(path, s) // the last label first
	}
	if len(path) > behind {
		for _, s := range slices.Backward(path[behind:]) {
			t.settled = append(t.settled, s.label)
		}
		t.root = path[behind]
		beam = slices.DeleteFunc(beam, func(s *sequence[V]) bool { return !s.continues(t.root) })
		t.root.before = nil
	}
	out := append([]int{}, t.settled...)
	t.settled = nil
	return out, beam
}
