package graph

// hoist moves products from the rows that a table's ids picked to the table itself, where that has fewer rows: for a
// vocabulary of 65 characters and a batch of 32 sequences of 50, it is 25 times cheaper to multiply every row of an
// embedding by a layer's weight, and then to look up the products, than to look up the rows and multiply each. The
// gradients are sums over the rows with one id, so those are added up before they are multiplied.
func (k *code) hoist() {
	for _, v := range k.order {
		o, ok := opOf[matmul](v)
		if !ok || v.onto != nil {
			continue
		}
		if o.transA {
			hoistGradient(v)
			continue
		}
		if how, table, ids, ok := lookup(v.in[0]); ok && k.worthTable(v, table) {
			in := append([]*value{table}, v.in[1:]...)
			products := derived(v, o, []int{table.shape[0], lastDim(v.shape)}, in...)
			v.replace(derived(v, how, v.shape, products, ids))
			continue
		}
		hoistScatter(v, o)
	}
	k.tidy()
}

// maxTable is the size up to which a stream multiplies a table, once, in elements.
const maxTable = 1 << 22

// worthTable tells whether multiplying all of a table costs less than multiplying the rows that were picked from it.
func (k *code) worthTable(v, table *value) bool {
	rows, cols := matrixOf(v.shape)
	if k.on[freeze] && isWeight(table) && isWeight(v.in[1]) && table.shape[0]*cols <= maxTable {
		return true
	}
	return table.shape[0] < rows
}

// lookup tells whether v's rows were picked from a table, how, and from where. A row that several picks share is none.
func lookup(v *value) (how gather, table, ids *value, ok bool) {
	picked := unshaped(v)
	how, ok = opOf[gather](picked)
	if !ok || picked.onto != nil || how.pad != NoID {
		return how, nil, nil, false
	}
	table, ids = picked.in[0], picked.in[1]
	return how, table, ids, len(table.shape) == 2 && table.shape[1] == lastDim(v.shape)
}

// hoistGradient turns Aᵀ·B, where one side was looked up, to a product over the table's rows.
func hoistGradient(v *value) {
	for side := range 2 {
		how, table, ids, ok := lookup(v.in[side])
		other := v.in[1-side]
		if !ok || table.shape[0] >= ids.size() {
			continue
		}
		cols := lastDim(other.shape)
		in := []*value{table, table}
		in[1-side] = derived(v, scatter{gather: how}, []int{table.shape[0], cols}, other, ids)
		v.replace(derived(v, v.op, v.shape, in...))
		return
	}
}

// hoistScatter turns the sum of products A·W over equal ids to the product of the sums.
func hoistScatter(v *value, o matmul) {
	if o.bias {
		return
	}
	u := v.sole()
	for u != nil && is[reshape](u) {
		u = u.sole()
	}
	if u == nil || !is[scatter](u) || u.op.(scatter).pad != NoID || len(u.shape) != 2 || u.shape[0] >= v.size()/lastDim(v.shape) {
		return
	}
	if lastDim(v.shape) != lastDim(u.shape) {
		return
	}
	sums := derived(u, u.op, []int{u.shape[0], lastDim(v.in[0].shape)}, v.in[0], u.in[1])
	u.replace(derived(v, o, u.shape, sums, v.in[1]))
}
