package recurrent

import (
	"math/bits"

	"github.com/unroll-go/unroll/graph"
)

// chunkLayout is how a sequence x [T, B, N, F] lies in chunks: [n, B·N, C, F], in reading order, zero after the last step. So a
// chunk is a slice of the first axis, and the products of all heads and chunks are one batch.
type chunkLayout struct {
	g       *graph.Graph
	T, B, N int
	n, c    int   // chunks, and steps in each, a power of two
	walk    []int // the time of each step, -1 after the last one; nil if steps are times
	back    []int // the step of each time
}

// chunked lays out sequences of shape [T, B, N, ...].
func (o Order) chunked(g *graph.Graph, shape []int) chunkLayout {
	l := chunkLayout{g: g, T: shape[0], B: shape[1], N: shape[2]}
	c := o.chunk
	if c == 0 {
		c = usualChunk
	}
	l.c = 1 << bits.Len(uint(min(c, l.T)-1))
	l.n = (l.T + l.c - 1) / l.c
	if !o.reverse && l.n*l.c == l.T {
		return l
	}
	l.walk, l.back = make([]int, l.n*l.c), make([]int, l.T)
	for step := range l.walk {
		time := step
		if o.reverse {
			time = l.T - 1 - step
		}
		if step >= l.T {
			l.walk[step] = -1
			continue
		}
		l.walk[step], l.back[time] = time, step
	}
	return l
}

// lay cuts x [T, B, N, F] into chunks, [n, B·N, C, F].
func (l chunkLayout) lay(x graph.Node) graph.Node {
	if l.walk != nil {
		x = l.g.Take(x, 0, l.walk...)
	}
	x = l.g.Transpose(l.g.Reshape(x, l.n, l.c, l.B, l.N, -1), 0, 2, 3, 1, 4)
	return l.g.Reshape(x, l.n, l.B*l.N, l.c, -1)
}

// unlay is the way back, from [n, B·N, C, F] to [T, B, N, F].
func (l chunkLayout) unlay(x graph.Node) graph.Node {
	x = l.g.Transpose(l.g.Reshape(x, l.n, l.B, l.N, l.c, -1), 0, 3, 1, 2, 4)
	x = l.g.Reshape(x, l.n*l.c, l.B, l.N, -1)
	if l.back != nil {
		x = l.g.Take(x, 0, l.back...)
	}
	return x
}

// outer is Σ_t a_t·b_tᵀ over the steps of each chunk: [n, B·N, C, K] and [n, B·N, C, F] give [n, B·N, K, F].
func (l chunkLayout) outer(a, b graph.Node) graph.Node {
	return l.g.MatMul(l.g.Transpose(a, 0, 1, 3, 2), b)
}
