package main

import (
	"fmt"
	"math"
	"slices"
)

// What functions compute with. Each method that returns a vec leaves its operands as they are.

func (f *function) three(op string, l lanes, a, b *vec) *vec {
	d := &vec{-1}
	f.threeInto(op, l, d, a, b)
	return d
}

// threeInto is three with a place for the result, which fmla, bsl and the like read too.
func (f *function) threeInto(op string, l lanes, d, a, b *vec) {
	f.word(func() instruction { return three(op, l, d.n, a.n, b.n) }, a, b, d)
}

func (f *function) two(op string, a *vec) *vec {
	d := &vec{-1}
	f.word(func() instruction { return two(op, "4s", d.n, a.n) }, a, d)
	return d
}

func (f *function) plus(a, b *vec) *vec  { return f.three("fadd", "4s", a, b) }
func (f *function) minus(a, b *vec) *vec { return f.three("fsub", "4s", a, b) }
func (f *function) times(a, b *vec) *vec { return f.three("fmul", "4s", a, b) }
func (f *function) over(a, b *vec) *vec  { return f.three("fdiv", "4s", a, b) }

// max and min give NaN where an operand is one, and take -0 for less than +0.
func (f *function) max(a, b *vec) *vec { return f.three("fmax", "4s", a, b) }
func (f *function) min(a, b *vec) *vec { return f.three("fmin", "4s", a, b) }

// fma is sum += a·b, rounded once.
func (f *function) fma(l lanes, sum, a, b *vec) { f.threeInto("fmla", l, sum, a, b) }

// fms is sum -= a·b, rounded once.
func (f *function) fms(sum, a, b *vec) { f.threeInto("fmls", "4s", sum, a, b) }

// fmaElement is sum += a·b[index], rounded once.
func (f *function) fmaElement(l lanes, sum, a, b *vec, index int) {
	f.word(func() instruction { return element("fmla", l, sum.n, a.n, b.n, index) }, a, b, sum)
}

// timesElement is a *= b[0].
func (f *function) timesElement(l lanes, a, b *vec) {
	f.word(func() instruction { return element("fmul", l, a.n, a.n, b.n, 0) }, a, b)
}

func (f *function) logic(op string, a, b *vec) *vec { return f.three(op, "16b", a, b) }

// choose is mask ? a : b, in the register of the mask.
func (f *function) choose(mask, a, b *vec) *vec {
	f.threeInto("bsl", "16b", mask, a, b)
	return mask
}

// less is the mask of lanes where a < b; false of NaN.
func (f *function) less(a, b *vec) *vec { return f.three("fcmgt", "4s", b, a) }

func (f *function) shift(op string, a *vec, by int) *vec {
	d := &vec{-1}
	f.word(func() instruction { return shift(op, d.n, a.n, by) }, a, d)
	return d
}

func (f *function) zero() *vec {
	d := &vec{-1}
	f.clear(d)
	return d
}

func (f *function) clear(d *vec) { f.word(func() instruction { return zero(d.n) }, d) }

func (f *function) copy(a *vec) *vec { return f.logic("orr", a, a) }

// upper is the upper half of a in the lower half.
func (f *function) upper(a *vec) *vec {
	d := &vec{-1}
	f.word(func() instruction { return extract(d.n, a.n, a.n, 8) }, a, d)
	return d
}

// pair is the sum of the lowest two lanes of a.
func (f *function) pair(l lanes, a *vec) *vec {
	d := &vec{-1}
	f.word(func() instruction { return pair(l, d.n, a.n) }, a, d)
	return d
}

// widen makes float64 of float32.
func (f *function) widen(a *vec) (low, high *vec) {
	low, high = &vec{-1}, &vec{-1}
	f.word(func() instruction { return widen(false, low.n, a.n) }, a, low)
	f.word(func() instruction { return widen(true, high.n, a.n) }, a, high)
	return low, high
}

func (f *function) across(op string, a *vec) *vec {
	d := &vec{-1}
	f.word(func() instruction { return across(op, d.n, a.n) }, a, d)
	return d
}

// broadcast is a float32 parameter in all lanes.
func (f *function) broadcast(name string) *vec {
	s, d := &vec{-1}, &vec{-1}
	f.asm("FMOVS %s, %v", f.parameter(name), s)
	f.word(func() instruction { return duplicate("4s", d.n, s.n) }, s, d)
	return d
}

const tableName = "vectorConstants"

// table has the bits of the constants that functions use; each is there four times, for the four lanes.
var table []uint32

// place is where a constant is in the table, in bytes.
func place(bits uint32) int {
	at := slices.Index(table, bits)
	if at < 0 {
		at = len(table)
		table = append(table, bits)
	}
	return 16 * at
}

// address is the register with the address of the table.
func (f *function) address() gp {
	if f.constants == "" {
		f.constants = f.new()
		f.head = append(f.head, assembly("MOVD $%s<>(SB), %s", tableName, f.constants))
	}
	return f.constants
}

// fresh is a constant in a register of its own, for sums to be added to it. To load it costs what a copy costs.
func (f *function) fresh(bits uint32) *vec {
	d := &vec{-1}
	f.asm("FMOVQ %s, %v", at(f.address(), place(bits)), d)
	return d
}

// bits is a constant that stays in one register, loaded where the function begins.
func (f *function) bits(b uint32) *vec {
	v, ok := f.held[b]
	if !ok {
		v = &vec{-1}
		f.held[b] = v
		f.head = append(f.head, assembly("FMOVQ %s, %v", at(f.address(), place(b)), v))
	}
	return v
}

func (f *function) float(x float32) *vec { return f.bits(math.Float32bits(x)) }

// result stores a float32 or float64 result.
func (f *function) result(move string, v *vec) {
	f.asm("%s %v, %s", move, v, f.parameter("ret"))
}

func at(base gp, off int) string {
	if off == 0 {
		return fmt.Sprintf("(%s)", base)
	}
	return fmt.Sprintf("%d(%s)", off, base)
}

// spread loads a float32 into all lanes, and moves p to the next.
func (f *function) spread(p gp) *vec {
	v := &vec{-1}
	f.asm("VLD1R.P 4(%s), [%v.S4]", p, vector{v})
	return v
}
