package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// access loads and stores vector v of a row of C.
type access interface {
	load(from Mem, to reg.VecPhysical, v int)
	store(x reg.VecPhysical, to Mem, v int)
}

type plain struct{ m machine }

func (p plain) load(from Mem, to reg.VecPhysical, _ int) { p.m.load(from, to) }
func (p plain) store(x reg.VecPhysical, to Mem, _ int)   { p.m.load(x, to) }

// opmasked is AVX-512 with a mask for each vector in K1, K2.
type opmasked struct{ m machine }

func (o opmasked) mask(v int) reg.Register { return []reg.Register{reg.K1, reg.K2}[v] }

func (o opmasked) load(from Mem, to reg.VecPhysical, v int) {
	if o.m.bytes == 4 {
		VMOVUPS_Z(from, o.mask(v), to)
	} else {
		VMOVUPD_Z(from, o.mask(v), to)
	}
}

func (o opmasked) store(x reg.VecPhysical, to Mem, v int) {
	if o.m.bytes == 4 {
		VMOVUPS(x, o.mask(v), to)
	} else {
		VMOVUPD(x, o.mask(v), to)
	}
}

// vectorMasked is AVX2: masks are loaded one at a time, for want of registers.
type vectorMasked struct {
	m     machine
	masks reg.GPVirtual
	mask  reg.VecPhysical
}

func (w vectorMasked) set(v int) { VMOVUPS(Mem{Base: w.masks, Disp: v * w.m.size()}, w.mask) }

func (w vectorMasked) load(from Mem, to reg.VecPhysical, v int) {
	w.set(v)
	if w.m.bytes == 4 {
		VMASKMOVPS(from, w.mask, to)
	} else {
		VMASKMOVPD(from, w.mask, to)
	}
}

func (w vectorMasked) store(x reg.VecPhysical, to Mem, v int) {
	w.set(v)
	if w.m.bytes == 4 {
		VMASKMOVPS(x, w.mask, to)
	} else {
		VMASKMOVPD(x, w.mask, to)
	}
}

const (
	maskName  = "gemmMasks"
	maskWords = 3 * 8 // the columns of a tile of float32
)

// emitMasks writes a tile's width of ones and as many zeros: the mask of n columns begins n columns before the zeros.
func emitMasks() {
	GLOBL(maskName, RODATA|NOPTR)
	for i := range 2 * maskWords {
		b := uint32(0)
		if i < maskWords {
			b = 0xffffffff
		}
		DATA(4*i, U32(b))
	}
}
