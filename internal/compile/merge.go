package compile

import (
	"encoding/binary"
	"fmt"
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
	type key struct {
		op   op.Op
		leaf string
		in   string
	}
	seen := map[key]*Value{}
	var ids []byte
	for _, v := range k.Order {
		at := key{op: v.Op}
		switch v.Op.(type) {
		case nil:
			if at.leaf = mergeable(v.Leaf); at.leaf == "" {
				continue
			}
		case op.RandomMask, op.LogUniform, *op.Concat, *op.Transpose:
			continue
		}
		ids = ids[:0]
		for i := range v.operands() {
			in := v.operand(i).now()
			v.setOperand(i, in)
			ids = binary.AppendUvarint(ids, uint64(in.id))
		}
		at.in = string(ids)
		if first, ok := seen[at]; ok && slices.Equal(first.Shape, v.Shape) {
			v.replace(first)
		} else {
			seen[at] = v
		}
	}
	k.Link()
	k.views()
}

// mergeable identifies constants that are one number everywhere.
func mergeable(l *Leaf) string {
	if l == nil || !l.Uniform {
		return ""
	}
	return l.Name + fmt.Sprint(l.Shape)
}
