package graph

import (
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// task is one bound step of a program. It returns an error only for bad data, such as an id out of range.
type task func() error

// binding is what an operator is bound to: the memory of its result and inputs, fixed for a program's life.
type binding struct {
	f64  bool
	out  operand
	in   []operand
	seed *uint64 // of the run, for random operations
	node uint32  // tells random operations of one graph apart
}

// operand is a block of row-major memory with its shape. One of the slices is in use.
type operand struct {
	shape  []int
	stride int // between rows of the last dimension; 0 if they adjoin, as they do except for products and fused steps
	f32    []float32
	f64    []float64
	ids    []int
	packed interface{} // *kernel.Packed, for a product's second operand
}

// ld is the distance between rows of the last dimension.
func (o operand) ld() int {
	if o.stride > 0 {
		return o.stride
	}
	return lastDim(o.shape)
}

func operandOf(t *tensor.Dense) operand {
	o := operand{shape: t.Shape()}
	switch t.Dtype() {
	case tensor.Float64:
		o.f64 = t.Float64s()
	case tensor.Int:
		o.ids = t.Ints()
	default:
		o.f32 = t.Float32s()
	}
	return o
}

// vec returns an operand's memory as []T.
func vec[T kernel.Float](o operand) []T {
	var zero T
	if _, ok := any(zero).(float64); ok {
		return any(o.f64).([]T)
	}
	return any(o.f32).([]T)
}

// pick binds the instance of a kernel that fits the element type.
func pick(b *binding, f32, f64 func(*binding) task) task {
	if b.f64 {
		return f64(b)
	}
	return f32(b)
}

// split views a shape as [outer, n, inner] around one axis, which is how axis operations walk memory.
func split(shape []int, axis int) (outer, n, inner int) {
	return sizeOf(shape[:axis]), shape[axis], sizeOf(shape[axis+1:])
}

// sharedWork is the number of elements from which rows are shared between processors.
const sharedWork = 1 << 15

// rowsTask is a task that works on n rows of the given number of elements, each by itself.
func rowsTask(n, elements int, f func(from, to int)) task {
	if n < 2 || n*elements < sharedWork {
		return func() error { f(0, n); return nil }
	}
	per := max(1, min(n/8, sharedWork/elements))
	part := kernel.Part(func(i int, _ []float64) { f(i*per, min((i+1)*per, n)) })
	return func() error { kernel.Share((n+per-1)/per, part); return nil }
}
