package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// chunk computes the logits of a large vocabulary, their cross-entropy and its gradients for some rows after the others:
// the logits of one chunk exist at a time, and become their own gradient. The sums over rows, a weight's gradient and a
// bias's, go on from chunk to chunk; chunks end where the kernel cuts these sums in any case, so all bits stay. The weight
// is packed once.
//
// The gradient of Σ cross-entropy(x·W), without the pass:
//
//	0  @0          = %3 matmul A·B x w  [1024 4096]
//	1  @4194304    = %4 softmax cross-entropy %3 targets  [1024]
//	2  @4195328    = %6 expand 1024 times const 1  [1024]  ; gradient
//	3  @0          = %7 softmax cross-entropy' %3 targets %4 %6  [1024 4096]  ; gradient
//	4  own+0       = %8 matmul Aᵀ·B x %7  [8 4096]  ; gradient
//
// and with it:
//
//	0  -           = %3 pack B w  [8 4096]
//	1  @0          = %5 expand 1024 times const 1  [1024]  ; gradient
//	2  @1024       = %8 matmul A·B packed x[0:512] %3  [512 4096]
//	3  @2098176    = %10 softmax cross-entropy %8 targets[0:512]  [512]
//	4  @1024       = %12 softmax cross-entropy' %8 targets[0:512] %10 %5[0:512]  [512 4096]  ; gradient
//	5  own+0       = %13 matmul Aᵀ·B x[0:512] %12  [8 4096]  ; gradient
//	6  @1024       = %16 matmul A·B packed x[512:1024] %3  [512 4096]
//	7  @2098176    = %18 softmax cross-entropy %16 targets[512:1024]  [512]
//	8  @1024       = %20 softmax cross-entropy' %16 targets[512:1024] %18 %5[512:1024]  [512 4096]  ; gradient
//	9  own+0      += %21 matmul Aᵀ·B x[512:1024] %20  [8 4096]  onto %13  ; gradient
func (k *Code) chunk() {
	size := kernel.SumDepth[float32]()
	if k.Dtype == tensor.Float64 {
		size = kernel.SumDepth[float64]()
	}
	if size == 0 {
		return
	}
	for _, v := range slices.Clone(k.Order) {
		if h, ok := headOf(v); ok && h.pays(size) {
			h.cut(k, size)
			k.Link()
		}
	}
}

const (
	// manyLogits is the number of logits from which they are computed in chunks: they take up a good part of the caches.
	manyLogits = 1 << 22
	// lastRows is the least number of rows in the last chunk: fewer would not be worth reading the weights once more.
	lastRows = 16
)

// head is a product, the cross-entropy of its rows, and the gradient of that.
type head struct {
	logits, loss, gradient *Value // [..., V], [...], [..., V]
	rows, classes          int
	given                  []*Value // what the gradient is computed from, or added to, beside the logits
}

// pays tells whether chunks of so many rows save memory, more than it takes to pack the weight for them.
func (h head) pays(size int) bool {
	return h.logits.size() >= manyLogits && h.rows >= size+lastRows && (h.rows-size)*h.classes > h.logits.In[1].size()
}

// headOf finds the head that a gradient belongs to, if nothing else needs its logits or their gradient as a whole.
func headOf(v *Value) (h head, ok bool) {
	if !is[op.CrossEntropyGrad](v) || v.exits > 0 {
		return h, false
	}
	h = head{logits: v.In[0], loss: v.In[2], gradient: v}
	o, product := opOf[op.MatMul](h.logits)
	if !product || o.TransA || h.logits.onto != nil || h.logits.exits > 0 || len(h.logits.users) != 2 {
		return h, false
	}
	if !is[op.CrossEntropy](h.loss) || h.loss.In[0] != h.logits || h.loss.In[1] != v.In[1] {
		return h, false
	}
	before := []*Value{v.In[3]}
	for _, u := range v.users {
		if !h.inChunks(u) {
			return h, false
		}
		if u.onto != nil {
			before = append(before, u.onto)
		}
	}
	h.rows, h.classes = op.MatrixOf(h.logits.Shape)
	h.given, ok = h.below(before)
	return h, ok
}

// inChunks tells whether a reader of the gradient can be computed chunk by chunk.
func (h head) inChunks(u *Value) bool {
	switch o := u.Op.(type) {
	case op.MatMul:
		if u.In[0] == u.In[1] {
			return false
		}
		return !o.Bias && (o.TransA || u.In[0] == h.gradient)
	case op.Sum:
		return o.Outer == 1 && o.Inner == op.LastDim(h.gradient.Shape)
	}
	return false
}

// below lists values with all that they are computed from; false if that takes the logits of all rows.
func (h head) below(vs []*Value) (all []*Value, ok bool) {
	seen := map[*Value]bool{}
	for len(vs) > 0 {
		v := vs[len(vs)-1]
		vs = vs[:len(vs)-1]
		if seen[v] {
			continue
		}
		if v == h.logits {
			return nil, false
		}
		seen[v] = true
		all = append(all, v)
		for i := range v.operands() {
			vs = append(vs, v.operand(i))
		}
	}
	return all, true
}

// cut replaces the head, and what reads its gradient, by chunks of so many rows.
func (h head) cut(k *Code, size int) {
	ends := []int{}
	for end := size; end <= h.rows-lastRows; end += size {
		ends = append(ends, end)
	}
	ends = append(ends, h.rows)
	h.makeTime(k, len(ends))
	h.packWeight()
	losses := op.NewConcat(1, 1)
	var lossParts []*Value
	sums := make([]*Value, len(h.gradient.users))    // of a reader's chunks so far
	parts := make([][]*Value, len(h.gradient.users)) // or the chunks of its rows
	from := 0
	for i, end := range ends {
		c := chunk{head: h, from: from, end: end, key: h.logits.Key + int64(i)}
		loss, gradient := c.gradient()
		losses.Append(end - from)
		lossParts = append(lossParts, loss)
		for j, u := range h.gradient.users {
			if o, ok := opOf[op.MatMul](u); ok && !o.TransA {
				parts[j] = append(parts[j], c.product(u, gradient))
			} else {
				sums[j] = c.sum(u, gradient, sums[j])
			}
		}
		from = end
	}
	h.loss.replace(derived(h.loss, losses, h.loss.Shape, lossParts...))
	for j, u := range h.gradient.users {
		if sums[j] != nil {
			u.replace(sums[j])
			continue
		}
		whole, from := op.NewConcat(1, op.LastDim(u.Shape)), 0
		for _, end := range ends {
			whole.Append(end - from)
			from = end
		}
		u.replace(derived(u, whole, u.Shape, parts[j]...))
	}
}

// packWeight packs the weight once for all chunks.
func (h head) packWeight() {
	v := h.logits
	if o := v.Op.(op.MatMul); !o.Packed {
		v.In[1] = derived(v, packing{trans: o.TransB}, v.In[1].Shape, v.In[1])
		o.Packed = true
		v.Op = o
	}
}

// makeTime has what is given run before the logits, and what came after them after n chunks.
func (h head) makeTime(k *Code, n int) {
	start := h.logits.Key
	for _, v := range h.given {
		v.Key = min(v.Key, start)
	}
	for _, v := range k.Order {
		if v.Key > start {
			v.Key += int64(n)
		}
	}
}

// chunk is some of the rows of a head.
type chunk struct {
	head
	from, end int
	key       int64 // its place in time
}

// value is a new value that takes the place of an old one in this chunk.
func (c chunk) value(old *Value, o op.Op, shape []int, in ...*Value) *Value {
	v := derived(old, o, shape, in...)
	v.Key, v.UID = c.key, old.UID
	return v
}

// rows is the chunk's part of a value with inner elements for every row.
func (c chunk) rows(v *Value, inner int) *Value {
	shape := []int{c.end - c.from}
	if inner > 1 || len(v.Shape) > len(c.loss.Shape) {
		shape = append(shape, inner)
	}
	return c.value(v, op.Slice{Outer: 1, N: c.head.rows, Inner: inner, Start: c.from, End: c.end}, shape, v)
}

// gradient is the chunk of the losses, and of the gradient of the logits.
func (c chunk) gradient() (loss, gradient *Value) {
	shape := []int{c.end - c.from, c.classes}
	x := c.logits.In[0]
	in := append([]*Value{c.rows(x, op.LastDim(x.Shape))}, c.logits.In[1:]...)
	logits := c.value(c.logits, c.logits.Op, shape, in...)
	targets := c.rows(c.loss.In[1], 1)
	first := c.loss.Op.(op.CrossEntropy)
	first.First += c.from
	loss = c.value(c.loss, first, shape[:1], logits, targets)
	return loss, c.value(c.head.gradient, c.head.gradient.Op, shape, logits, targets, loss, c.rows(c.head.gradient.In[3], 1))
}

// product is the chunk of a product whose rows are those of the gradient.
func (c chunk) product(u, gradient *Value) *Value {
	n := op.LastDim(u.Shape)
	v := c.value(u, u.Op, []int{c.end - c.from, n}, gradient, u.In[1])
	if u.onto != nil {
		v.onto = c.value(u.onto, op.Slice{Outer: 1, N: c.head.rows, Inner: n, Start: c.from, End: c.end}, v.Shape, u.onto)
	}
	return v
}

// sum adds the chunk's part of a sum over rows to that of the chunks before, nil for the first.
func (c chunk) sum(u, gradient, before *Value) *Value {
	var v *Value
	if o, ok := opOf[op.Sum](u); ok {
		o.N = c.end - c.from
		v = c.value(u, o, u.Shape, gradient)
	} else {
		in := []*Value{gradient, gradient}
		for i, x := range u.In {
			if x != c.head.gradient {
				in[i] = c.rows(x, op.LastDim(x.Shape))
			}
		}
		v = c.value(u, u.Op, u.Shape, in...)
	}
	if v.onto = before; before == nil {
		v.onto = u.onto
	}
	return v
}
