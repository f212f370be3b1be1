package graph

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// The operations here work on the rows of the last axis.

// softmax is exp(x)/Σexp(x) along each row.
type softmax struct{}

func (softmax) String() string { return "softmax" }

func (softmax) bind(b *binding) task { return pick(b, bindSoftmax[float32], bindSoftmax[float64]) }

func bindSoftmax[T kernel.Float](b *binding) task {
	return eachRow(b, func(dst, x []T) { kernel.SoftmaxRow(dst, x) })
}

// eachRow applies f to every row of the last axis of a unary operation.
func eachRow[T kernel.Float](b *binding, f func(dst, x []T)) task {
	dst, x := vec[T](b.out), vec[T](b.in[0])
	cols := b.in[0].shape[len(b.in[0].shape)-1]
	return rowsTask(len(x)/cols, cols, func(from, to int) {
		for i := from * cols; i < to*cols; i += cols {
			f(dst[i:i+cols], x[i:i+cols])
		}
	})
}

// softmaxGrad is y·(dy - Σ y·dy) along each row.
type softmaxGrad struct{}

func (softmaxGrad) String() string { return "softmax'" }

func (softmaxGrad) bind(b *binding) task {
	return pick(b, bindSoftmaxGrad[float32], bindSoftmaxGrad[float64])
}

func bindSoftmaxGrad[T kernel.Float](b *binding) task {
	dst, y, dy := vec[T](b.out), vec[T](b.in[0]), vec[T](b.in[1])
	cols := b.out.shape[len(b.out.shape)-1]
	return rowsTask(len(dst)/cols, cols, func(from, to int) {
		for i := from * cols; i < to*cols; i += cols {
			out, p, g := dst[i:i+cols], y[i:i+cols], dy[i:i+cols]
			kernel.Affine(out, g, 1, -kernel.Dot(p, g))
			kernel.Mul(out, out, p)
		}
	})
}

// logSoftmax is x - log Σexp(x) along each row.
type logSoftmax struct{}

func (logSoftmax) String() string { return "log softmax" }

func (logSoftmax) bind(b *binding) task {
	return pick(b, bindLogSoftmax[float32], bindLogSoftmax[float64])
}

func bindLogSoftmax[T kernel.Float](b *binding) task {
	return eachRow(b, func(dst, x []T) { kernel.Affine(dst, x, 1, -kernel.LogSumExpRow(x)) })
}

// logSumExp is log Σexp(x) of each row.
type logSumExp struct{}

func (logSumExp) String() string { return "logsumexp" }

func (logSumExp) bind(b *binding) task {
	return pick(b, bindLogSumExp[float32], bindLogSumExp[float64])
}

func bindLogSumExp[T kernel.Float](b *binding) task {
	dst, x := vec[T](b.out), vec[T](b.in[0])
	cols := b.in[0].shape[len(b.in[0].shape)-1]
	return func() error {
		for i := range dst {
			dst[i] = kernel.LogSumExpRow(x[i*cols : (i+1)*cols])
		}
		return nil
	}
}

// Softmax turns the logits along one axis into probabilities. It is safe for logits of any size.
func (g *Graph) Softmax(x Node, axis int) Node { return g.alongAxis("Softmax", softmax{}, x, axis) }

// LogSoftmax is the logarithm of Softmax, computed without taking that logarithm.
func (g *Graph) LogSoftmax(x Node, axis int) Node {
	return g.alongAxis("LogSoftmax", logSoftmax{}, x, axis)
}

// alongAxis applies a row operation along any axis, by swapping that axis with the last one.
func (g *Graph) alongAxis(name string, o operator, x Node, axis int) Node {
	axis, ok := g.axis(name, x, axis)
	if !ok {
		return Node{}
	}
	last := x.Rank() - 1
	if axis == last {
		return g.apply(o, cloneInts(x.shape()), x)
	}
	perm := make([]int, x.Rank())
	for i := range perm {
		perm[i] = i
	}
	perm[axis], perm[last] = last, axis
	t := g.Transpose(x, perm...)
	return g.Transpose(g.apply(o, cloneInts(t.shape()), t), perm...)
}

// LogSumExp is log Σexp(x) along the last axis, which disappears.
func (g *Graph) LogSumExp(x Node) Node {
	if _, ok := g.axis("LogSumExp", x, -1); !ok {
		return Node{}
	}
	return g.apply(logSumExp{}, without(x.shape(), x.Rank()-1), x)
}

func init() {
	differentiate(func(_ softmax, d derivation) []Node {
		return []Node{d.g.apply(softmaxGrad{}, cloneInts(d.out.shape()), d.out, d.grad)}
	})
	differentiate(func(_ softmaxGrad, d derivation) []Node {
		g, y, dy, up := d.g, d.in[0], d.in[1], d.grad
		shape := append(cloneInts(y.shape()[:y.Rank()-1]), 1)
		inner := func(a, b Node) Node { return g.Reshape(g.SumAxis(g.Mul(a, b), -1), shape...) }
		toY := g.Sub(g.Mul(up, g.Sub(dy, inner(y, dy))), g.Mul(dy, inner(up, y)))
		return []Node{toY, g.apply(softmaxGrad{}, cloneInts(y.shape()), y, up)}
	})
	differentiate(func(_ logSoftmax, d derivation) []Node {
		g := d.g
		shape := append(cloneInts(d.out.shape()[:d.out.Rank()-1]), 1)
		total := g.Reshape(g.SumAxis(d.grad, -1), shape...)
		return []Node{g.Sub(d.grad, g.Mul(g.Exp(d.out), total))}
	})
	differentiate(func(_ logSumExp, d derivation) []Node {
		shape := append(cloneInts(d.out.shape()), 1)
		return []Node{d.g.Mul(d.g.apply(softmax{}, cloneInts(d.in[0].shape()), d.in[0]), d.g.Reshape(d.grad, shape...))}
	})
}
