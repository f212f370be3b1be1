package op

import (
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Whole numbers of 8 bits are floats in a graph: unsigned ones from 0 to 255, signed ones from -128 to 127. They stand for their
// distance from a zero point. The operations here multiply them; the sums are exact, and rounded once.

// IntegerWeights are whole numbers of 8 bits that are known when a graph is made, packed for the operations that read them. Their
// zero points are those of the columns of a product, or of the rows of a convolution.
type IntegerWeights struct {
	Columns *kernel.Integers      // [K, N] of a product
	Rows    []*kernel.IntegerRows // [To, depth] of each group of a convolution
	Shift   []float64             // what is added to the packed numbers: one for all, or one for each
}

// Quantising rounds a, ties to even, adds a zero point b, and limits the sum to 8 bits. It is a type of its own as Rounding is.
type Quantising struct{ *Binary }

// The two types of 8 bits.
var (
	ToUnsigned8 = Quantising{&Binary{Name: "round to unsigned 8 bits", f32: quantising32(0, 255), f64: quantising64(0, 255)}}
	ToSigned8   = Quantising{&Binary{Name: "round to signed 8 bits", f32: quantising32(-128, 127), f64: quantising64(-128, 127)}}
)

// quantising32 limits numbers before it rounds them, by rounded32's way.
func quantising32(low, high float32) func(dst, a, b []float32) {
	const whole = 3 << 22
	return func(dst, a, b []float32) {
		a, b = a[:len(dst)], b[:len(dst)]
		for i, v := range a {
			zero := b[i]
			if least := low - zero; v < least {
				v = least
			}
			if most := high - zero; v > most {
				v = most
			}
			dst[i] = float32(v+whole) - whole + zero
		}
	}
}

func quantising64(low, high float64) func(dst, a, b []float64) {
	return func(dst, a, b []float64) {
		for i, v := range a {
			v = math.RoundToEven(v) + b[i]
			switch { // written so that NaN passes through
			case v < low:
				v = low
			case v > high:
				v = high
			}
			dst[i] = v
		}
	}
}

// shift is what is added to a number of 8 bits, as it is packed, for its distance from the zero point.
func shift(unsigned bool, zero float64) float64 {
	if unsigned {
		return 128 - zero
	}
	return -zero
}

// pack8 writes whole numbers of 8 bits as the kernels have them, from -128 to 127.
func pack8[T kernel.Float](dst []int8, x []T, unsigned bool) {
	by := int32(0)
	if unsigned {
		by = 128
	}
	for i, v := range x {
		dst[i] = int8(int32(v) - by)
	}
}

// biasOf is a bias of floats or ids.
func biasOf[T kernel.Float](dst []float64, o Operand) []float64 {
	dst = dst[:0]
	if o.IDs != nil {
		for _, v := range o.IDs {
			dst = append(dst, float64(v))
		}
		return dst
	}
	for _, v := range Vec[T](o) {
		dst = append(dst, float64(v))
	}
	return dst
}

// IntegerMatMul is x·w for quantised x [..., K], In[0], with its zero point, In[1], and weights [K, N]. With Bias, In[2] has whole
// numbers that are added, [N]. It is a pointer, as each has its own memory.
type IntegerMatMul struct {
	W              *IntegerWeights
	Unsigned, Bias bool // of x
	N              int
}

func (*IntegerMatMul) String() string { return "matmul of integers" }

func (o *IntegerMatMul) Bind(b *Binding) Task {
	return pick(b, bindIntegerMatMul[float32](o), bindIntegerMatMul[float64](o))
}

func bindIntegerMatMul[T kernel.Float](o *IntegerMatMul) func(*Binding) Task {
	return func(b *Binding) Task {
		x, zero, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.Out)
		m, k := MatrixOf(b.In[0].Shape)
		var rows kernel.IntegerRows
		bytes, left := make([]int8, len(x)), []float64{0}
		var bias []float64
		return func() error {
			pack8(bytes, x, o.Unsigned)
			rows.Pack(m, k, bytes, k)
			left[0] = shift(o.Unsigned, float64(zero[0]))
			if o.Bias {
				bias = biasOf[T](bias, b.In[2])
			}
			kernel.MultiplyIntegers(&rows, o.W.Columns, kernel.IntegerTerms{Left: left, Right: o.W.Shift, Columns: bias}, dst, o.N)
			return nil
		}
	}
}

// IntegersMatMul is the product of two quantised operands that are both computed: In[0] [Batch, M, K], In[2] [Batch, K, N], and
// their zero points, In[1] and In[3], of which the latter may be one for each column.
type IntegersMatMul struct {
	Batch, M, K, N          int
	Unsigned, RightUnsigned bool
}

func (IntegersMatMul) String() string { return "matmul of computed integers" }

func (o IntegersMatMul) Bind(b *Binding) Task {
	return pick(b, bindIntegersMatMul[float32](o), bindIntegersMatMul[float64](o))
}

func bindIntegersMatMul[T kernel.Float](o IntegersMatMul) func(*Binding) Task {
	return func(b *Binding) Task {
		x, zero, w, zeros, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.In[2]), Vec[T](b.In[3]), Vec[T](b.Out)
		var rows kernel.IntegerRows
		var columns kernel.Integers
		left, right := make([]int8, o.M*o.K), make([]int8, o.K*o.N)
		shifts := make([]float64, len(zeros))
		return func() error {
			for i, z := range zeros {
				shifts[i] = shift(o.RightUnsigned, float64(z))
			}
			terms := kernel.IntegerTerms{Left: []float64{shift(o.Unsigned, float64(zero[0]))}, Right: shifts}
			for i := range o.Batch {
				pack8(left, x[i*o.M*o.K:][:len(left)], o.Unsigned)
				pack8(right, w[i*o.K*o.N:][:len(right)], o.RightUnsigned)
				rows.Pack(o.M, o.K, left, o.K)
				columns.Pack(o.K, o.N, right, o.N, true)
				kernel.MultiplyIntegers(&rows, &columns, terms, dst[i*o.M*o.N:][:o.M*o.N], o.N)
			}
			return nil
		}
	}
}
