package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// CrossEntropyWithin is the cross-entropy of the rows whose target lies in a range, with logits x·Wᵀ over the range's
// classes alone, and 0 in the other rows and in those of the target Ignore. Operands: x [..., K], W [To-From, K], targets [...].
//
// The logits, the only thing here that is large, exist for a block of rows at a time, and never outside the task.
type CrossEntropyWithin struct {
	Range  Range
	Ignore Exempt

	Precision kernel.Precision // of float32; set by the compiler
}

func (o CrossEntropyWithin) String() string {
	return "softmax cross-entropy " + o.Range.String() + inPrecision(o.Precision)
}

func (o CrossEntropyWithin) In(p kernel.Precision) Op {
	o.Precision = p
	return o
}

func (o CrossEntropyWithin) Bind(b *Binding) Task {
	return pick(b, bindCrossEntropyWithin[float32](o), bindCrossEntropyWithin[float64](o))
}

func bindCrossEntropyWithin[T kernel.Float](o CrossEntropyWithin) func(*Binding) Task {
	return func(b *Binding) Task {
		w := newWithin[T](o, b)
		dst := Vec[T](b.Out)
		rows := kernel.Part(func(i int, _ []float64) {
			row := w.logits[i*w.classes:][:w.classes]
			at := w.at[i]
			dst[at] = kernel.LogSumExpRow(row) - row[w.targets[at]-o.Range.From]
		})
		each := func() { w.share(rows) }
		return func() error {
			kernel.Fill(dst, 0)
			w.each(each)
			return nil
		}
	}
}

// CrossEntropyWithinGrad has the gradients of x and of W, one after the other as they lie in memory: both need the logits,
// which are computed once more for it. Operands: those of CrossEntropyWithin, its result, and the gradient of that.
type CrossEntropyWithinGrad struct{ CrossEntropyWithin }

func (o CrossEntropyWithinGrad) String() string {
	return "softmax cross-entropy' " + o.Range.String() + inPrecision(o.Precision)
}

func (o CrossEntropyWithinGrad) In(p kernel.Precision) Op {
	o.Precision = p
	return o
}

func (o CrossEntropyWithinGrad) Bind(b *Binding) Task {
	return pick(b, bindCrossEntropyWithinGrad[float32](o), bindCrossEntropyWithinGrad[float64](o))
}

func bindCrossEntropyWithinGrad[T kernel.Float](o CrossEntropyWithinGrad) func(*Binding) Task {
	return func(b *Binding) Task {
		w := newWithin[T](o.CrossEntropyWithin, b)
		dst, losses, dy := Vec[T](b.Out), Vec[T](b.In[3]), Vec[T](b.In[4])
		dx, dw := dst[:len(w.x)], dst[len(w.x):]
		rows := kernel.Part(func(i int, _ []float64) { // logits become their gradients, (softmax - onehot)·dy
			row, at := w.logits[i*w.classes:][:w.classes], w.at[i]
			if dy[at] == 0 {
				kernel.Fill(row, 0)
				return
			}
			t := w.targets[at] - o.Range.From
			kernel.Affine(row, row, 1, -(losses[at] + row[t]))
			kernel.Exp(row, row)
			row[t]--
			kernel.Affine(row, row, dy[at], 0)
		})
		each := func() {
			n := len(w.at)
			w.share(rows)
			multiply(o.Precision, true, false, w.classes, w.width, n, w.logits, w.classes, w.rows, w.width, 1, dw, w.width, nil)
			multiply(o.Precision, false, false, n, w.width, w.classes, w.logits, w.classes, w.weight, w.width, 0, w.back, w.width, nil)
			spreadRows(dx, w.back, w.at, w.width)
		}
		return func() error {
			kernel.Fill(dst, 0)
			w.each(each)
			return nil
		}
	}
}

// within goes over the rows of a range in blocks, computing their logits.
type within[T kernel.Float] struct {
	o              CrossEntropyWithin
	x, weight      []T
	targets        []int
	width, classes int
	places         []int // of the rows in the range
	most           int   // rows in a block

	// The block at hand:
	at     []int // places
	rows   []T   // of x
	logits []T
	back   []T // room for the gradients of rows
}

// blockLogits is about how many logits a block has: a few rows of a large vocabulary, many of a small one.
const blockLogits = 1 << 23

func newWithin[T kernel.Float](o CrossEntropyWithin, b *Binding) *within[T] {
	w := &within[T]{o: o, x: Vec[T](b.In[0]), weight: Vec[T](b.In[1]), targets: b.In[2].IDs,
		classes: o.Range.To - o.Range.From, width: LastDim(b.In[0].Shape)}
	w.places = make([]int, 0, len(w.targets))
	w.most = min(len(w.targets), max(16, min(blockRows, blockLogits/w.classes)))
	return w
}

// share works on the rows of logits of the block, each by itself.
func (w *within[T]) share(row kernel.Part) {
	if len(w.at)*w.classes >= sharedWork {
		kernel.Share(len(w.at), row)
		return
	}
	for i := range w.at {
		row(i, nil)
	}
}

// each calls f with block after block.
func (w *within[T]) each(f func()) {
	w.places = w.o.Range.list(w.places[:0], w.targets, w.o.Ignore)
	if len(w.places) == 0 {
		return
	}
	n := min(w.most, len(w.places))
	r := takeRoom[T](n * (w.classes + 2*w.width))
	mem := carve[T](r, n*w.width, n*w.classes, n*w.width)
	for at, rest := block(w.places, n); len(at) > 0; at, rest = block(rest, n) {
		w.at, w.rows, w.logits, w.back = at, gatherRows(mem[0], w.x, at, w.width), mem[1], mem[2]
		multiply(w.o.Precision, false, true, len(at), w.classes, w.width, w.rows, w.width, w.weight, w.width, 0, w.logits, w.classes, nil)
		f()
	}
	w.at, w.rows, w.logits, w.back = nil, nil, nil, nil
	giveRoom(r)
}
