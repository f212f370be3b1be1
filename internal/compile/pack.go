package compile

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// packing puts a matrix into the order in which the kernels read it, once for all products of a run; a weight, once for all
// runs until it changes.
type packing struct {
	trans  bool
	format kernel.Format
	keep   bool // it pays only if the copy serves later runs, too: products do without it as long as the weight is lent
}

func (o packing) String() string {
	s := "pack B"
	if o.trans {
		s = "pack Bᵀ"
	}
	if o.format != kernel.Full {
		s += " " + o.format.String()
	}
	return s
}

func (packing) Bind(*op.Binding) op.Task { panic("graph: a packing has no dense result") }

// fewRows is the number of rows of a product up to which it gains from a packed operand even if no other shares it.
const fewRows = 16

// keptRows is the same for a parameter that is packed once for many runs. Past it, less than a hundredth of the time goes into
// packing within the product, and the copy's memory is not worth that.
const keptRows = 512

// smallWeight is the size of a matrix below which it is packed in any case.
const smallWeight = 1 << 12

// pack finds the matrices that several products multiply by, as the steps of an unrolled cell do by its recurrent
// weights, and has each packed once. Parameters are packed for small products in any case: then a sequence gets the
// same bits whatever the batch and the number of steps it is computed with. Programs without gradients pack them for larger
// products, too: the weights are likely to be the same in the next run, which finds them packed.
//
// Two steps of a recurrence, without the pass:
//
//	0  @0          = %2 matmul A·B h u  [2 4]
//	1  @16         = %3 tanh %2  [2 4]
//	2  @0          = %4 matmul A·B %3 u  [2 4]
//	3  own+0       = %5 tanh %4  [2 4]
//
// and with it:
//
//	0  -           = %2 pack B u  [4 4]
//	1  @0          = %3 matmul A·B packed h %2  [2 4]
//	2  @16         = %4 tanh %3  [2 4]
//	3  @0          = %5 matmul A·B packed %4 %2  [2 4]
//	4  own+0       = %6 tanh %5  [2 4]
func (k *Code) pack() {
	type operand struct {
		w     *Value
		trans bool
	}
	users := map[operand][]*Value{}
	var order []operand
	for _, v := range k.Order {
		if o, ok := opOf[op.MatMul](v); ok && !o.TransA {
			at := operand{v.In[1], o.TransB}
			if users[at] == nil {
				order = append(order, at)
			}
			users[at] = append(users[at], v)
		}
	}
	reruns := !slices.ContainsFunc(k.Exits, func(e *Exit) bool { return e.Own })
	for _, at := range order {
		fewest := math.MaxInt
		for _, u := range users[at] {
			rows, _ := op.MatrixOf(u.Shape)
			fewest = min(fewest, rows)
		}
		few := fewest <= fewRows || !kernel.PackingKeepsOrder[float32]() || at.w.size() < smallWeight // very small products run in loops
		format := k.formatOf(at.w, at.trans)
		pays := len(users[at]) > 1 || isWeight(at.w) && (few || format != kernel.Full)
		keep := !pays && reruns && fewest <= keptRows && isWeight(at.w)
		if !pays && !keep {
			continue
		}
		p := derived(users[at][0], packing{at.trans, format, keep}, at.w.Shape, at.w)
		for _, u := range users[at] {
			o := u.Op.(op.MatMul)
			o.Packed = true
			u.Op, u.In[1] = o, p
		}
	}
	k.Link()
}

// formatOf is how a matrix is packed: a weight as the code says, with few exceptions, and others as products read them.
func (k *Code) formatOf(w *Value, trans bool) kernel.Format {
	rows, cols := op.MatrixOf(w.Shape)
	if trans {
		rows = cols
	}
	switch {
	case k.Dtype != tensor.Float32:
		return kernel.Full
	case !isWeight(w) || k.Weights == kernel.Full || k.Weights == kernel.Int8Format && rows > kernel.MaxInt8Depth:
		return k.Precision.Format()
	}
	return k.Weights
}

// isWeight tells whether v is a parameter or a piece of one.
func isWeight(v *Value) bool { return weightOf(v) != nil }

// weightOf is the parameter that v is, or is a piece of; nil if it is none.
func weightOf(v *Value) *Leaf {
	for isView(v) {
		v = v.In[0]
	}
	if v.Leaf == nil || v.Leaf.Kind != FromWeight {
		return nil
	}
	return v.Leaf
}
