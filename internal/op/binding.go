package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// Task is one bound step of a program. It returns an error only for bad data, such as an id out of range.
type Task func() error

// Binding is what an operator is bound to: the memory of its result and inputs, fixed for a program's life.
type Binding struct {
	F64  bool
	Out  Operand
	In   []Operand
	Seed *uint64 // of the run, for random operations
	Node uint32  // tells random operations of one graph apart
}

// Operand is a block of row-major memory with its shape. One of the slices is in use.
type Operand struct {
	Shape  []int
	Stride int // between rows of the last dimension; 0 if they adjoin, as they do except for products and fused steps
	F32    []float32
	F64    []float64
	IDs    []int
	Packed any // *Packed, for a product's second operand
}

// Ld is the distance between rows of the last dimension.
func (o Operand) Ld() int {
	if o.Stride > 0 {
		return o.Stride
	}
	return LastDim(o.Shape)
}

// Of is a tensor as an operand. They share the memory.
func Of(t *tensor.Dense) Operand {
	o := Operand{Shape: t.Shape()}
	switch t.Dtype() {
	case tensor.Float64:
		o.F64 = t.Float64s()
	case tensor.Int:
		o.IDs = t.Ints()
	default:
		o.F32 = t.Float32s()
	}
	return o
}

// Vec returns an operand's memory as []T.
func Vec[T kernel.Float](o Operand) []T {
	var zero T
	if _, ok := any(zero).(float64); ok {
		return any(o.F64).([]T)
	}
	return any(o.F32).([]T)
}

// pick binds the instance of a kernel that fits the element type.
func pick(b *Binding, f32, f64 func(*Binding) Task) Task {
	if b.F64 {
		return f64(b)
	}
	return f32(b)
}

// Split views a shape as [outer, n, inner] around one axis, which is how axis operations walk memory.
func Split(shape []int, axis int) (outer, n, inner int) {
	return Size(shape[:axis]), shape[axis], Size(shape[axis+1:])
}

// sharedWork is the number of elements from which rows are shared between processors.
const sharedWork = 1 << 15

// rowsTask is a task that works on n rows of the given number of elements, each by itself.
func rowsTask(n, elements int, f func(from, to int)) Task {
	if n < 2 || n*elements < sharedWork {
		return func() error { f(0, n); return nil }
	}
	per := max(1, min(n/8, sharedWork/elements))
	part := kernel.Part(func(i int, _ []float64) { f(i*per, min((i+1)*per, n)) })
	return func() error { kernel.Share((n+per-1)/per, part); return nil }
}

// Finite tells whether no number is NaN or infinite. Ids always are finite.
func (o Operand) Finite() bool {
	return kernel.AllFinite(o.F32) && kernel.AllFinite(o.F64)
}

// FirstBad finds the first number that is NaN or infinite: its index, its value, and whether there is one.
func (o Operand) FirstBad() (int, float64, bool) {
	for i := range o.F32 {
		if !kernel.AllFinite(o.F32[i : i+1]) {
			return i, float64(o.F32[i]), true
		}
	}
	for i := range o.F64 {
		if !kernel.AllFinite(o.F64[i : i+1]) {
			return i, o.F64[i], true
		}
	}
	return 0, 0, false
}

// Packed is what a product may read its second operand from. What is there may change from run to run; if nothing is, the
// product reads the matrix as it lies in memory.
type Packed[T kernel.Float] struct {
	Full    *kernel.Packed[T]
	Reduced kernel.Reduced // weights of float32 in fewer bits
}

// NewPacked has room for a matrix of a format.
func NewPacked[T kernel.Float](f kernel.Format) Packed[T] {
	if f == kernel.Full {
		return Packed[T]{Full: &kernel.Packed[T]{}}
	}
	return Packed[T]{Reduced: kernel.NewReduced(f)}
}

// Pack copies op(B), see kernel.Packed.
func (p Packed[T]) Pack(transB bool, k, n int, b []T, ldb int) {
	if p.Reduced != nil {
		p.Reduced.Pack(transB, k, n, any(b).([]float32), ldb)
		return
	}
	p.Full.Pack(transB, k, n, b, ldb)
}

// Bytes is the size of the memory that is held.
func (p Packed[T]) Bytes() int {
	switch {
	case p.Reduced != nil:
		return p.Reduced.Bytes()
	case p.Full != nil:
		return p.Full.Bytes()
	}
	return 0
}
