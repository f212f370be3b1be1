package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// The operations here work on the rows of the last axis.

// Softmax is exp(x)/Σexp(x) along each row.
type Softmax struct{}

func (Softmax) String() string { return "softmax" }

func (Softmax) Bind(b *Binding) Task { return pick(b, bindSoftmax[float32], bindSoftmax[float64]) }

// Overwrites is the number of x.
func (Softmax) Overwrites() int { return 0 }

func bindSoftmax[T kernel.Float](b *Binding) Task {
	return eachRow(b, func(dst, x []T) { kernel.SoftmaxRow(dst, x) })
}

// eachRow applies f to every row of the last axis of a unary operation.
func eachRow[T kernel.Float](b *Binding, f func(dst, x []T)) Task {
	dst, x := Vec[T](b.Out), Vec[T](b.In[0])
	cols := b.In[0].Shape[len(b.In[0].Shape)-1]
	return rowsTask(len(x)/cols, cols, func(from, to int) {
		for i := from * cols; i < to*cols; i += cols {
			f(dst[i:i+cols], x[i:i+cols])
		}
	})
}

// SoftmaxGrad is y·(dy - Σ y·dy) along each row.
type SoftmaxGrad struct{}

func (SoftmaxGrad) String() string { return "softmax'" }

func (SoftmaxGrad) Bind(b *Binding) Task {
	return pick(b, bindSoftmaxGrad[float32], bindSoftmaxGrad[float64])
}

// Overwrites is the number of dy.
func (SoftmaxGrad) Overwrites() int { return 1 }

func bindSoftmaxGrad[T kernel.Float](b *Binding) Task {
	dst, y, dy := Vec[T](b.Out), Vec[T](b.In[0]), Vec[T](b.In[1])
	cols := b.Out.Shape[len(b.Out.Shape)-1]
	return rowsTask(len(dst)/cols, cols, func(from, to int) {
		for i := from * cols; i < to*cols; i += cols {
			out, p, g := dst[i:i+cols], y[i:i+cols], dy[i:i+cols]
			kernel.Affine(out, g, 1, -kernel.Dot(p, g))
			kernel.Mul(out, out, p)
		}
	})
}

// LogSoftmax is x - log Σexp(x) along each row.
type LogSoftmax struct{}

func (LogSoftmax) String() string { return "log softmax" }

func (LogSoftmax) Bind(b *Binding) Task {
	return pick(b, bindLogSoftmax[float32], bindLogSoftmax[float64])
}

// Overwrites is the number of x.
func (LogSoftmax) Overwrites() int { return 0 }

func bindLogSoftmax[T kernel.Float](b *Binding) Task {
	return eachRow(b, func(dst, x []T) { kernel.LogSoftmaxRow(dst, x) })
}

// LogSumExp is log Σexp(x) of each row.
type LogSumExp struct{}

func (LogSumExp) String() string { return "logsumexp" }

func (LogSumExp) Bind(b *Binding) Task {
	return pick(b, bindLogSumExp[float32], bindLogSumExp[float64])
}

func bindLogSumExp[T kernel.Float](b *Binding) Task {
	dst, x := Vec[T](b.Out), Vec[T](b.In[0])
	cols := b.In[0].Shape[len(b.In[0].Shape)-1]
	return func() error {
		for i := range dst {
			dst[i] = kernel.LogSumExpRow(x[i*cols : (i+1)*cols])
		}
		return nil
	}
}
