package main

import (
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// machine is one instruction set: AVX2 with FMA, or AVX-512 (F and DQ). choice is for kernels that there are for both:
// they have the set in their names. The names of others are those of their kernels for other processors.
type machine struct{ wide, choice bool }

// lanes is the number of float32 in a register.
func (m machine) lanes() int {
	if m.wide {
		return 16
	}
	return 8
}

func (m machine) vec() reg.VecVirtual {
	if m.wide {
		return ZMM()
	}
	return YMM()
}

// text begins a function; params are Go parameters with a result, if any. doc is a sentence about it.
func (m machine) text(name, signature, doc string) {
	set := "Chunk"
	switch {
	case m.wide:
		set = "AVX512"
	case m.choice:
		set = "AVX2"
	}
	TEXT(name+set, NOSPLIT, "func"+signature)
	clear(kept)
	Pragma("noescape")
	Doc(name + set + " " + doc)
}

// constants holds the bit patterns of the constants that kernels use, in order of first use. Each takes 32 bytes of
// the table, filled with copies of it.
var constants []uint32

// kept holds the registers with constants of the function being written, by their bits.
var kept = map[uint32]reg.VecVirtual{}

const (
	tableName = "vectorConstants"
	maskName  = "vectorMasks"
)

// table is the address of a constant's copies.
func table(bits uint32) Mem {
	at := len(constants)
	for i, b := range constants {
		if b == bits {
			at = i
		}
	}
	if at == len(constants) {
		constants = append(constants, bits)
	}
	return NewDataAddr(NewStaticSymbol(tableName), 32*at)
}

// word is a constant operand: a register with AVX-512, which has plenty of them, memory with AVX2. The loading is
// written where word is called, so outside of loops.
func (m machine) word(bits uint32) Op {
	if !m.wide {
		return table(bits)
	}
	return m.held(bits)
}

func (m machine) float(f float32) Op { return m.word(math.Float32bits(f)) }

// held is a constant in a register with either instruction set, for operands that cannot be memory.
func (m machine) held(bits uint32) reg.VecVirtual {
	if v, ok := kept[bits]; ok {
		return v
	}
	v := m.vec()
	VBROADCASTSS(table(bits), v)
	kept[bits] = v
	return v
}

// emitConstants writes the tables.
func emitConstants() {
	GLOBL(tableName, RODATA|NOPTR)
	for i, b := range constants {
		for j := range 8 {
			DATA(32*i+4*j, U32(b))
		}
	}
	// 8 words of ones, then 8 of zeros: the mask of the first n lanes begins 32 - 4n bytes into it.
	GLOBL(maskName, RODATA|NOPTR)
	for i := range 16 {
		b := uint32(0)
		if i < 8 {
			b = math.MaxUint32
		}
		DATA(4*i, U32(b))
	}
}

// access is a vector's worth of elements: which ones, and under which mask if any.
type access struct {
	m    machine
	i    reg.Register // index of the first element
	off  int          // in elements, from i
	mask reg.Register // nil for all
}

func (a access) at(p reg.Register) Mem {
	return Mem{Base: p, Index: a.i, Scale: 4, Disp: 4 * a.off}
}

// load reads elements of p, zeros where masked.
func (a access) load(p reg.Register) reg.VecVirtual {
	v := a.m.vec()
	switch {
	case a.mask == nil:
		VMOVUPS(a.at(p), v)
	case a.m.wide:
		VMOVUPS_Z(a.at(p), a.mask, v)
	default:
		VMASKMOVPS(a.at(p), a.mask, v)
	}
	return v
}

// store writes elements of p, none where masked.
func (a access) store(v reg.VecVirtual, p reg.Register) {
	switch {
	case a.mask == nil:
		VMOVUPS(v, a.at(p))
	case a.m.wide:
		VMOVUPS(v, a.mask, a.at(p))
	default:
		VMASKMOVPS(v, a.mask, a.at(p))
	}
}

// mask is the mask of the first n lanes, 0 < n < lanes. n is destroyed.
func (m machine) mask(n reg.GPVirtual) reg.Register {
	if m.wide {
		ones, k := GP64(), K()
		MOVQ(I64(-1), ones)
		BZHIQ(n, ones, ones)
		KMOVW(ones.As32(), k)
		return k
	}
	v, base := YMM(), GP64()
	LEAQ(NewDataAddr(NewStaticSymbol(maskName), 32), base)
	NEGQ(n)
	VMOVUPS(Mem{Base: base, Index: n, Scale: 4}, v)
	return v
}

// stream calls body for all of n elements, u registers a turn of the loop. n is destroyed.
func (m machine) stream(n reg.GPVirtual, u int, body func(a access)) {
	i, w := GP64(), m.lanes()
	XORQ(i, i)
	if u > 1 {
		SUBQ(I32(u*w), n)
		JL(LabelRef("few"))
		Label("many")
		for j := range u {
			body(access{m: m, i: i, off: j * w})
		}
		ADDQ(I32(u*w), i)
		SUBQ(I32(u*w), n)
		JGE(LabelRef("many"))
		Label("few")
		ADDQ(I32(u*w), n)
	}
	SUBQ(I32(w), n)
	JL(LabelRef("rest"))
	Label("one")
	body(access{m: m, i: i})
	ADDQ(I32(w), i)
	SUBQ(I32(w), n)
	JGE(LabelRef("one"))
	Label("rest")
	ADDQ(I32(w), n)
	JZ(LabelRef("done"))
	body(access{m: m, i: i, mask: m.mask(n)})
	Label("done")
}

// vectors loads pointer parameters and the number n of elements.
func vectors(names string) (p []reg.Register, n reg.GPVirtual) {
	for _, name := range strings.Fields(names) {
		p = append(p, Load(Param(name), GP64()))
	}
	n = GP64()
	Load(Param("n"), n)
	return p, n
}

// broadcast fills a register with a float32 parameter.
func (m machine) broadcast(name string) reg.VecVirtual {
	x, v := XMM(), m.vec()
	Load(Param(name), x)
	VBROADCASTSS(x, v)
	return v
}
