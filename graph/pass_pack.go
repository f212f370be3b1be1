package graph

import "github.com/unroll-go/unroll/internal/kernel"

// packing puts a matrix into the order in which the kernels read it, once for all products of a run.
type packing struct {
	trans bool
}

func (o packing) String() string {
	if o.trans {
		return "pack Bᵀ"
	}
	return "pack B"
}
func (packing) bind(*binding) task { panic("graph: a packing has no dense result") }

// fewRows is the number of rows of a product up to which it gains from a packed operand even if no other shares it.
const fewRows = 16

// smallWeight is the size of a matrix below which it is packed in any case.
const smallWeight = 1 << 12

// pack finds the matrices that several products multiply by, as the steps of an unrolled cell do by its recurrent
// weights, and has each packed once. Parameters are packed for small products in any case: then a sequence gets the
// same bits whatever the batch and the number of steps it is computed with.
func (k *code) pack() {
	type operand struct {
		w     *value
		trans bool
	}
	users := map[operand][]*value{}
	var order []operand
	for _, v := range k.order {
		if o, ok := opOf[matmul](v); ok && !o.transA {
			at := operand{v.in[1], o.transB}
			if users[at] == nil {
				order = append(order, at)
			}
			users[at] = append(users[at], v)
		}
	}
	for _, at := range order {
		few := !kernel.PackingKeepsOrder[float32]() || at.w.size() < smallWeight // very small products run in loops
		for _, u := range users[at] {
			rows, _ := matrixOf(u.shape)
			few = few || rows <= fewRows
		}
		if len(users[at]) < 2 && !(few && isWeight(at.w)) {
			continue
		}
		p := derived(users[at][0], packing{trans: at.trans}, at.w.shape, at.w)
		for _, u := range users[at] {
			o := u.op.(matmul)
			o.packed = true
			u.op, u.in[1] = o, p
		}
	}
	k.link()
}

// isWeight tells whether v is a parameter or a piece of one.
func isWeight(v *value) bool {
	for isView(v) {
		v = v.in[0]
	}
	return v.leaf != nil && v.leaf.kind == weightLeaf
}
