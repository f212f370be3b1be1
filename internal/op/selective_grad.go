package op

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
)

// SelectiveGrad is the derivative of a selective scan by all of its inputs, which are followed by the scan's result, with the
// states that were kept, and the gradient of that. With g_t the gradient of h_t and d_t = exp(Δ_t·a),
//
//	g_t = d_{t+1}⊙g_{t+1} + dy_t·c_t       dc_t = Σ_E dy_t·h_t       db_t = Σ_E g_t·Δ_t·u_t
//	w_t = g_t⊙h_{t-1}⊙d_t                 da = Σ_{t, B} w_t·Δ_t
//	dΔ_t = Σ_S (w_t⊙a + g_t·b_t·u_t)      du_t = Σ_S g_t·b_t·Δ_t
//
// States are computed again, some steps at a time. The result is one block of memory: du, dΔ, da, db, dc and the first h's,
// and behind them what sums over sequences and over blocks of channels, which are computed side by side, are made of.
type SelectiveGrad struct{ Selective }

func (o SelectiveGrad) String() string { return fmt.Sprintf("selective scan' of %d", o.T) }

// Parts are the sizes of the parts of the result, in the order of the inputs.
func (o SelectiveGrad) Parts() [6]int {
	x, row := o.T*o.B*o.E, o.T*o.B*o.S
	return [6]int{x, x, o.E * o.S, row, row, o.B * o.E * o.S}
}

// terms are the sizes of the terms of da [B, E, S], db and dc [blocks, T, B, S].
func (o SelectiveGrad) terms() [3]int {
	rows := o.blocks() * o.T * o.B * o.S
	return [3]int{o.B * o.E * o.S, rows, rows}
}

// Size is that of the result.
func (o SelectiveGrad) Size() int {
	n := 0
	for _, p := range o.Parts() {
		n += p
	}
	for _, p := range o.terms() {
		n += p
	}
	return n
}

func (o SelectiveGrad) Bind(b *Binding) Task {
	return pick(b, bindSelectiveGrad[float32](o), bindSelectiveGrad[float64](o))
}

// selectiveGrad is the memory of a derivative that is bound.
type selectiveGrad[T kernel.Float] struct {
	selective[T]
	dy, dlast, du, ddt, dfirst []T
	da, db, dc                 []T // their terms
}

func bindSelectiveGrad[T kernel.Float](o SelectiveGrad) func(*Binding) Task {
	return func(b *Binding) Task {
		s := bindSelectiveInputs[T](o.Selective, b.In)
		n := o.Selective.Parts()
		result, up := Vec[T](b.In[6]), Vec[T](b.In[7])
		s.kept = result[n[0]+n[1]:]
		g := &selectiveGrad[T]{selective: s, dy: up[:n[0]], dlast: up[n[0] : n[0]+n[1]]}
		var out [6][]T
		rest := Vec[T](b.Out)
		for i, size := range o.Parts() {
			out[i], rest = rest[:size], rest[size:]
		}
		g.du, g.ddt, g.dfirst = out[0], out[1], out[5]
		terms := o.terms()
		g.da, g.db, g.dc = rest[:terms[0]], rest[terms[0]:terms[0]+terms[1]], rest[terms[0]+terms[1]:]
		each := g.each(func(p selectivePart[T]) { g.backward(&p) })
		return func() error {
			if err := each(); err != nil {
				return err
			}
			added(out[2], g.da, o.B)
			added(out[3], g.db, s.many)
			added(out[4], g.dc, s.many)
			return nil
		}
	}
}

// added is the sum of n tensors that lie one after the other.
func added[T kernel.Float](dst, x []T, n int) {
	copy(dst, x)
	for i := 1; i < n; i++ {
		kernel.AddTo(dst, x[i*len(dst):(i+1)*len(dst)])
	}
}

func (g *selectiveGrad[T]) backward(p *selectivePart[T]) {
	up, da, w, tmp, in := p.take(), p.take(), p.take(), p.take(), p.take()[:p.W]
	kernel.Transpose(up, p.state(g.dlast), p.W, p.S)
	kernel.Fill(da, 0)
	var h [SelectiveSteps + 1][]T
	var decay [SelectiveSteps][]T
	h[0] = p.take()
	for i := range decay {
		h[i+1], decay[i] = p.take(), p.take()
	}
	for part := (p.T - 1) / SelectiveSteps; part >= 0; part-- {
		from := part * SelectiveSteps
		n := min(SelectiveSteps, p.T-from)
		kernel.Transpose(h[0], p.state(p.kept[part*p.B*p.E*p.S:]), p.W, p.S)
		for i := range n {
			p.step(h[i+1], h[i], decay[i], in, p.time(from+i))
		}
		for i := n - 1; i >= 0; i-- {
			t := p.time(from + i)
			g.outputs(p, t, up, h[i+1])
			kernel.Mul(w, up, h[i])
			kernel.Mul(w, w, decay[i])
			g.inputs(p, t, up, w, tmp, in)
			dt := p.channels(p.dt, t)
			for s := 0; s < len(w); s += p.W {
				kernel.Mul(tmp[s:s+p.W], w[s:s+p.W], dt)
			}
			kernel.AddTo(da, tmp)
			kernel.Mul(up, up, decay[i])
		}
	}
	kernel.Transpose(p.state(g.dfirst), up, p.S, p.W)
	kernel.Transpose(p.state(g.da), da, p.S, p.W)
}

// outputs adds what comes from y to the gradient of h, and computes that of c.
func (g *selectiveGrad[T]) outputs(p *selectivePart[T], t int, up, h []T) {
	W, dy, dc := p.W, p.channels(g.dy, t), g.row(p, g.dc, t)
	for s, c := range p.numbers(p.c, t) {
		kernel.Axpy(up[s*W:(s+1)*W], c, dy)
		dc[s] = kernel.Dot(dy, h[s*W:(s+1)*W])
	}
}

// inputs computes the gradients of b, u and Δ.
func (g *selectiveGrad[T]) inputs(p *selectivePart[T], t int, up, w, tmp, in []T) {
	W, db := p.W, g.row(p, g.db, t)
	du, ddt, u, dt := p.channels(g.du, t), p.channels(g.ddt, t), p.channels(p.u, t), p.channels(p.dt, t)
	kernel.Mul(in, dt, u)
	kernel.Fill(du, 0) // of Δ·u at first
	for s, b := range p.numbers(p.b, t) {
		kernel.Axpy(du, b, up[s*W:(s+1)*W])
		db[s] = kernel.Dot(up[s*W:(s+1)*W], in)
	}
	kernel.Mul(ddt, du, u)
	kernel.Mul(du, du, dt)
	kernel.Mul(tmp, w, p.rates)
	for s := 0; s < len(tmp); s += W {
		kernel.AddTo(ddt, tmp[s:s+W])
	}
}

// row is the block's own part of x [blocks, T, B, S] at a time.
func (g *selectiveGrad[T]) row(p *selectivePart[T], x []T, t int) []T {
	return p.numbers(x[p.from/p.block*p.T*p.B*p.S:], t)
}
