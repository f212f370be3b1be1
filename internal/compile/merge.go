package compile

import (
	"hash/maphash"
	"math/bits"
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// merge computes once what several values compute alike: the two biases of a gate have one gradient, and every slice
// of a sequence is taken once however many layers read it. Random operations differ by definition.
//
// tanh(x)·exp(tanh(x)), without the pass:
//
//	0  @0          = %1 tanh x  [2 3]
//	1  @16         = %2 tanh x  [2 3]
//	2  @32         = %3 exp %2  [2 3]
//	3  own+0       = %4 mul %1 %3  [2 3]
//
// and with it:
//
//	0  @0          = %1 tanh x  [2 3]
//	1  @16         = %2 exp %1  [2 3]
//	2  own+0       = %3 mul %1 %2  [2 3]
func (k *Code) merge() {
	t, merged := newMergeTable(len(k.Order)), false
	for _, v := range k.Order {
		switch v.Op.(type) {
		case nil:
			if !mergeable(v.Leaf) {
				continue
			}
		case op.RandomMask, op.LogUniform, *op.Concat, *op.Transpose:
			continue
		}
		for i := range v.operands() {
			v.setOperand(i, v.operand(i).now())
		}
		if first := t.first(v); first != v {
			v.replace(first)
			merged = true
		}
	}
	k.views(merged)
}

// mergeTable finds equal values: a hash table with open addressing, because a map's keys would be longer than what they
// stand for.
type mergeTable struct {
	seed maphash.Seed
	slot []*Value // as many as a power of two, at least half of them empty
}

func newMergeTable(values int) *mergeTable {
	return &mergeTable{maphash.MakeSeed(), make([]*Value, 2<<bits.Len(uint(values)))}
}

// first is the first value that computes what v does; v itself if there was none.
func (t *mergeTable) first(v *Value) *Value {
	for i := t.hash(v); ; i++ {
		at := &t.slot[i&uint64(len(t.slot)-1)]
		if *at == nil {
			*at = v
		}
		if *at == v || same(*at, v) {
			return *at
		}
	}
}

func (t *mergeTable) hash(v *Value) uint64 {
	h := maphash.Comparable(t.seed, v.Op)
	if v.Leaf != nil {
		h = maphash.String(t.seed, v.Leaf.Name)
	}
	for i := range v.operands() {
		h = op.Mix(h ^ uint64(v.operand(i).id))
	}
	return h
}

// same tells whether two values are the same operation on the same operands, or equal constants.
func same(u, v *Value) bool {
	if u.Op != v.Op || u.Segment != v.Segment || (u.Leaf == nil) != (v.Leaf == nil) || u.Leaf != nil && u.Leaf.Name != v.Leaf.Name {
		return false
	}
	return u.onto == v.onto && slices.Equal(u.In, v.In) && slices.Equal(u.Shape, v.Shape)
}

// mergeable tells whether a leaf is a constant that is one number everywhere, which its name tells.
func mergeable(l *Leaf) bool { return l != nil && l.Uniform }
