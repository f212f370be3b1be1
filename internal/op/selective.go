package op

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Selective is the selective scan: for each of B sequences and E channels, S numbers that decay at rates of their own,
//
//	h_t = exp(Δ_t·a)⊙h_{t-1} + Δ_t·u_t·b_t    y_t = h_t·c_t
//
// The inputs are u [T, B, E], Δ [T, B, E], a [E, S], b and c [T, B, S], and the first h [B, E, S]. The result is one block of
// memory, see parts.
type Selective struct {
	T, B, E, S int
	Reverse    bool // from the last step to the first
	Keep       bool // the states that the derivative begins its parts with are a part of the result
}

func (o Selective) String() string { return fmt.Sprintf("selective scan of %d", o.T) }

// SelectiveSteps is how many steps the derivative computes again at a time.
const SelectiveSteps = 16

// Parts are the sizes of the parts of the result, one after the other: y [T, B, E], the last h [B, E, S], and with Keep the
// h before each part of SelectiveSteps steps [parts, B, E, S].
func (o Selective) Parts() [3]int {
	state, kept := o.B*o.E*o.S, 0
	if o.Keep {
		kept = (o.T + SelectiveSteps - 1) / SelectiveSteps * state
	}
	return [3]int{o.T * o.B * o.E, state, kept}
}

// Size is that of the result.
func (o Selective) Size() int { p := o.Parts(); return p[0] + p[1] + p[2] }

// time is the step that is read at place i.
func (o Selective) time(i int) int {
	if o.Reverse {
		return o.T - 1 - i
	}
	return i
}

// width is how many channels are computed together, so that selectiveRoom of their states fit in a goroutine's memory.
func (o Selective) width() int {
	fits := kernel.ScratchBytes / 4 / (selectiveRoom * o.S)
	return max(1, min(o.E, fits&^15, 96))
}

// blocks is how many blocks of that many channels there are.
func (o Selective) blocks() int { return (o.E + o.width() - 1) / o.width() }

// selectiveRoom is how many states of its channels a part needs memory for, at most.
const selectiveRoom = 2*SelectiveSteps + 8

// selective is the memory of a scan that is bound.
type selective[T kernel.Float] struct {
	Selective
	u, dt, a, b, c, first []T
	y, last, kept         []T
	block, many           int // channels in a block, and how many blocks there are
}

func bindSelectiveInputs[T kernel.Float](o Selective, in []Operand) selective[T] {
	s := selective[T]{
		Selective: o, u: Vec[T](in[0]), dt: Vec[T](in[1]), a: Vec[T](in[2]), b: Vec[T](in[3]), c: Vec[T](in[4]), first: Vec[T](in[5]),
	}
	s.block, s.many = o.width(), o.blocks()
	return s
}

func (o Selective) Bind(b *Binding) Task {
	return pick(b, bindSelective[float32](o), bindSelective[float64](o))
}

func bindSelective[T kernel.Float](o Selective) func(*Binding) Task {
	return func(b *Binding) Task {
		s, out, p := bindSelectiveInputs[T](o, b.In), Vec[T](b.Out), o.Parts()
		s.y, s.last, s.kept = out[:p[0]], out[p[0]:p[0]+p[1]], out[p[0]+p[1]:]
		return s.each(func(part selectivePart[T]) { part.forward() })
	}
}

// each is a task that does f for every block of channels of every sequence.
func (s selective[T]) each(f func(selectivePart[T])) Task {
	part := kernel.Part(func(i int, scratch []float64) {
		room, need := kernel.ScratchOf[T](scratch), selectiveRoom*s.block*s.S
		if len(room) < need { // float64, or a single channel with thousands of numbers
			room = make([]T, need)
		}
		f(s.part(i, room))
	})
	return func() error { kernel.Share(s.B*s.many, part); return nil }
}

// selectivePart is one block of channels of one sequence. Its states are [S, W]: W channels lie next to each other.
type selectivePart[T kernel.Float] struct {
	*selective[T]
	seq, from, W int
	rates        []T // a of the channels, [S, W]
	room         []T
}

func (s *selective[T]) part(i int, room []T) selectivePart[T] {
	p := selectivePart[T]{selective: s, seq: i / s.many, from: i % s.many * s.block, room: room}
	p.W = min(s.block, s.E-p.from)
	p.rates = p.take()
	kernel.Transpose(p.rates, s.a[p.from*s.S:], p.W, s.S)
	return p
}

// take gives out memory for one state, which holds anything.
func (p *selectivePart[T]) take() []T {
	n := p.S * p.W
	out := p.room[:n:n]
	p.room = p.room[n:]
	return out
}

// channels is the block's part of x [T, B, E] at a time.
func (p *selectivePart[T]) channels(x []T, t int) []T {
	at := (t*p.B+p.seq)*p.E + p.from
	return x[at : at+p.W]
}

// numbers is the sequence's part of x [T, B, S] at a time.
func (p *selectivePart[T]) numbers(x []T, t int) []T {
	at := (t*p.B + p.seq) * p.S
	return x[at : at+p.S]
}

// state is the block's part of x [B, E, S].
func (p *selectivePart[T]) state(x []T) []T {
	at := (p.seq*p.E + p.from) * p.S
	return x[at : at+p.W*p.S]
}

func (p *selectivePart[T]) forward() {
	h, decay, in := p.take(), p.take(), p.take()[:p.W]
	kernel.Transpose(h, p.state(p.first), p.W, p.S)
	for i := range p.T {
		if p.Keep && i%SelectiveSteps == 0 {
			kernel.Transpose(p.state(p.kept[i/SelectiveSteps*p.B*p.E*p.S:]), h, p.S, p.W)
		}
		t := p.time(i)
		p.step(h, h, decay, in, t)
		y := p.channels(p.y, t)
		kernel.Fill(y, 0)
		for s, c := range p.numbers(p.c, t) {
			kernel.Axpy(y, c, h[s*p.W:(s+1)*p.W])
		}
	}
	kernel.Transpose(p.state(p.last), h, p.S, p.W)
}

// step computes h from the h before it, and exp(Δ·a) and Δ·u on the way.
func (p *selectivePart[T]) step(h, before, decay, in []T, t int) {
	W, dt := p.W, p.channels(p.dt, t)
	for s := range p.S {
		kernel.Mul(decay[s*W:(s+1)*W], dt, p.rates[s*W:(s+1)*W])
	}
	kernel.Exp(decay, decay)
	kernel.Mul(in, dt, p.channels(p.u, t))
	kernel.Mul(h, before, decay)
	for s, b := range p.numbers(p.b, t) {
		kernel.Axpy(h[s*W:(s+1)*W], b, in)
	}
}
