package graph

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// merge computes once what several values compute alike: the two biases of a gate have one gradient, and every slice
// of a sequence is taken once however many layers read it. Random operations differ by definition.
func (k *code) merge() {
	type key struct {
		op   operator
		leaf string
		in   string
	}
	seen := map[key]*value{}
	var ids []byte
	for _, v := range k.order {
		at := key{op: v.op}
		switch v.op.(type) {
		case nil:
			if at.leaf = mergeable(v.leaf); at.leaf == "" {
				continue
			}
		case randomMask, *concat, *transpose:
			continue
		}
		ids = ids[:0]
		for i := range v.operands() {
			in := v.operand(i).now()
			v.setOperand(i, in)
			ids = binary.AppendUvarint(ids, uint64(in.id))
		}
		at.in = string(ids)
		if first, ok := seen[at]; ok && slices.Equal(first.shape, v.shape) {
			v.replace(first)
		} else {
			seen[at] = v
		}
	}
	k.link()
	k.views()
}

// mergeable identifies constants that are one number everywhere.
func mergeable(l *leaf) string {
	if l == nil || !l.uniform {
		return ""
	}
	return l.name + fmt.Sprint(l.shape)
}
