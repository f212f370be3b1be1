package train

import (
	"iter"
	"strconv"
	"unsafe"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// vector is the elements of a tensor, of whatever type: one of the slices, the others are nil. Arithmetic is written down
// for all of them, and does nothing with those that are nil. Both vectors of an operation have one type and length.
type vector struct {
	f32  []float32
	f64  []float64
	ints []int
}

func vectorOf(t *tensor.Dense) vector {
	switch t.Dtype() {
	case tensor.Float32:
		return vector{f32: t.Float32s()}
	case tensor.Float64:
		return vector{f64: t.Float64s()}
	}
	return vector{ints: t.Ints()}
}

// part is the elements from to to, without to.
func (v vector) part(from, to int) vector {
	return vector{f32: partOf(v.f32, from, to), f64: partOf(v.f64, from, to), ints: partOf(v.ints, from, to)}
}

func partOf[T any](x []T, from, to int) []T {
	if x == nil {
		return nil
	}
	return x[from:to]
}

// set is v = x.
func (v vector) set(x vector) {
	copy(v.f32, x.f32)
	copy(v.f64, x.f64)
	copy(v.ints, x.ints)
}

// clear is v = 0, of floats.
func (v vector) clear() {
	clear(v.f32)
	clear(v.f64)
}

// setScaled is v = a·x, of floats.
func (v vector) setScaled(a float64, x vector) {
	kernel.Affine(v.f32, x.f32, float32(a), 0)
	kernel.Affine(v.f64, x.f64, a, 0)
}

// addScaled is v += a·x, of floats.
func (v vector) addScaled(a float64, x vector) {
	kernel.Axpy(v.f32, float32(a), x.f32)
	kernel.Axpy(v.f64, a, x.f64)
}

// approach is v += a·(x-v), of floats. It is not made of the kernels: a vector that has arrived stays where it is, to the
// bit, which (1-a)·v + a·x would not promise.
func (v vector) approach(a float64, x vector) {
	approach(v.f32, float32(a), x.f32)
	approach(v.f64, a, x.f64)
}

func approach[T float32 | float64](v []T, a T, x []T) {
	for i := range v {
		v[i] += a * (x[i] - v[i])
	}
}

// swap exchanges the elements, of floats.
func (v vector) swap(x vector) {
	swap(v.f32, x.f32)
	swap(v.f64, x.f64)
}

func swap[T float32 | float64](a, b []T) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

// trained walks over the parameters that are not frozen, with their numbers in the store.
func trained(p *graph.Params) iter.Seq2[int, *graph.Param] {
	return func(yield func(int, *graph.Param) bool) {
		for i := range p.Len() {
			if q := p.At(i); !q.Frozen() && !yield(i, q) {
				return
			}
		}
	}
}

// bytes is the memory of the elements.
func (v vector) bytes() []byte {
	switch {
	case len(v.f32) > 0:
		return unsafe.Slice((*byte)(unsafe.Pointer(&v.f32[0])), 4*len(v.f32))
	case len(v.f64) > 0:
		return unsafe.Slice((*byte)(unsafe.Pointer(&v.f64[0])), 8*len(v.f64))
	case len(v.ints) > 0:
		return unsafe.Slice((*byte)(unsafe.Pointer(&v.ints[0])), strconv.IntSize/8*len(v.ints))
	}
	return nil
}

func (v vector) len() int { return len(v.f32) + len(v.f64) + len(v.ints) }

// floats is a new vector.
func floats(dtype tensor.Dtype, n int) vector {
	if dtype == tensor.Float64 {
		return vector{f64: make([]float64, n)}
	}
	return vector{f32: make([]float32, n)}
}

// sized is the vector with another length, in its memory if that is enough.
func (v vector) sized(dtype tensor.Dtype, n int) vector {
	if cap(v.f32) < n && cap(v.f64) < n {
		return floats(dtype, n)
	}
	return vector{f32: partOf(v.f32, 0, min(n, cap(v.f32))), f64: partOf(v.f64, 0, min(n, cap(v.f64)))}
}

// widthOf is the number of bytes of an element.
func widthOf(dtype tensor.Dtype) int { return int(dtype.Size()) }
