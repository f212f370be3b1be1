package compile

import (
	"github.com/unroll-go/unroll/internal/op"
)

// hoist moves products from the rows that a table's ids picked to the table itself, where that has fewer rows: for a
// vocabulary of 65 characters and a batch of 32 sequences of 50, it is 25 times cheaper to multiply every row of an
// embedding by a layer's weight, and then to look up the products, than to look up the rows and multiply each. The
// gradients are sums over the rows with one id, so those are added up before they are multiplied.
//
// 50 rows of a table of 4, times W, without the pass:
//
//	0  @0          = %3 gather rows table ids  [50 3]
//	1  own+0       = %4 matmul A·B %3 w  [50 2]
//
// and with it:
//
//	0  @0          = %3 matmul A·B table w  [4 2]
//	1  own+0       = %4 gather rows %3 ids  [50 2]
func (k *Code) hoist() {
	for _, v := range k.Order {
		o, ok := opOf[op.MatMul](v)
		if !ok || v.onto != nil {
			continue
		}
		if o.TransA {
			hoistGradient(v)
			continue
		}
		if how, table, ids, ok := lookup(v.In[0]); ok && k.worthTable(v, table) {
			in := append([]*Value{table}, v.In[1:]...)
			products := derived(v, o, []int{table.Shape[0], op.LastDim(v.Shape)}, in...)
			v.replace(derived(v, how, v.Shape, products, ids))
			continue
		}
		hoistScatter(v, o)
	}
	k.tidy()
}

// maxTable is the size up to which a stream multiplies a table, once, in elements.
const maxTable = 1 << 22

// worthTable tells whether multiplying all of a table costs less than multiplying the rows that were picked from it.
func (k *Code) worthTable(v, table *Value) bool {
	rows, cols := op.MatrixOf(v.Shape)
	if k.on.Has(Freeze) && isWeight(table) && isWeight(v.In[1]) && table.Shape[0]*cols <= maxTable {
		return true
	}
	return table.Shape[0] < rows
}

// lookup tells whether v's rows were picked from a table, how, and from where. A row that several picks share is none.
func lookup(v *Value) (how op.GatherRows, table, ids *Value, ok bool) {
	picked := unshaped(v)
	how, ok = opOf[op.GatherRows](picked)
	if !ok || picked.onto != nil || how.Pad != op.NoID {
		return how, nil, nil, false
	}
	table, ids = picked.In[0], picked.In[1]
	return how, table, ids, len(table.Shape) == 2 && table.Shape[1] == op.LastDim(v.Shape)
}

// hoistGradient turns Aᵀ·B, where one side was looked up, to a product over the table's rows.
func hoistGradient(v *Value) {
	for side := range 2 {
		how, table, ids, ok := lookup(v.In[side])
		other := v.In[1-side]
		if !ok || table.Shape[0] >= ids.size() {
			continue
		}
		cols := op.LastDim(other.Shape)
		in := []*Value{table, table}
		in[1-side] = derived(v, op.ScatterRows{GatherRows: how}, []int{table.Shape[0], cols}, other, ids)
		v.replace(derived(v, v.Op, v.Shape, in...))
		return
	}
}

// hoistScatter turns the sum of products A·W over equal ids to the product of the sums.
func hoistScatter(v *Value, o op.MatMul) {
	if o.Bias {
		return
	}
	u := v.sole()
	for u != nil && is[op.Reshape](u) {
		u = u.sole()
	}
	if u == nil || !is[op.ScatterRows](u) || u.Op.(op.ScatterRows).Pad != op.NoID || len(u.Shape) != 2 {
		return
	}
	if cols := op.LastDim(v.Shape); u.Shape[0] >= v.size()/cols || op.LastDim(u.Shape) != cols {
		return
	}
	sums := derived(u, u.Op, []int{u.Shape[0], op.LastDim(v.In[0].Shape)}, v.In[0], u.In[1])
	u.replace(derived(v, o, u.Shape, sums, v.In[1]))
}
