package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
)

// Go's assembler does not know the instructions of AMX and AVX512_BF16, so their bytes are made here. See "Intel 64 and
// IA-32 Architectures Software Developer's Manual", volume 2, chapter 2: the VEX and EVEX prefixes.

// general is a general register by the number that instructions have for it.
type general int

const (
	cx  general = 1
	si  general = 6
	di  general = 7
	r8  general = 8
	r9  general = 9
	r10 general = 10
	r11 general = 11
)

func (r general) String() string {
	switch r {
	case cx:
		return "CX"
	case si:
		return "SI"
	case di:
		return "DI"
	}
	return fmt.Sprintf("R%d", int(r))
}

// The prefix that an instruction has in its VEX or EVEX.
const (
	noPrefix = iota
	prefix66
	prefixF3
	prefixF2
)

const map0F38 = 2

// vex is the prefix of three bytes, with the bits that extend the numbers of registers inverted, as they are stored.
func vex(x, b bool, vvvv, pp int) []byte {
	return []byte{0xc4, 0x80 | notBit(x)<<6 | notBit(b)<<5 | map0F38, byte(^vvvv&15)<<3 | byte(pp)}
}

func notBit(b bool) byte {
	if b {
		return 0
	}
	return 1
}

// modRM is the byte of operands: how the second is addressed, the first register, and the second.
func modRM(mod, reg, rm int) byte { return byte(mod<<6 | reg<<3 | rm) }

// rows is the address of a tile: its first row, and the distance between rows, which is the index register's.
type rows struct {
	base, distance general
	disp           int32
}

func (r rows) String() string { return fmt.Sprintf("%d(%v)(%v*1)", r.disp, r.base, r.distance) }

// tileAt encodes an instruction on tile t and memory, which always has a SIB byte.
func tileAt(t int, at rows, pp int) []byte {
	code := append(vex(at.distance >= 8, at.base >= 8, 0, pp), 0x4b)
	sib := byte(at.distance&7)<<3 | byte(at.base&7)
	if at.disp == 0 {
		return append(code, modRM(0, t, 4), sib)
	}
	d := uint32(at.disp)
	return append(code, modRM(2, t, 4), sib, byte(d), byte(d>>8), byte(d>>16), byte(d>>24))
}

func tileLoad(at rows, t int) []byte  { return tileAt(t, at, prefixF2) }
func tileStore(t int, at rows) []byte { return tileAt(t, at, prefixF3) }
func tileZero(t int) []byte           { return append(vex(false, false, 0, prefixF2), 0x49, modRM(3, t, 0)) }
func tileRelease() []byte             { return append(vex(false, false, 0, noPrefix), 0x49, 0xc0) }

// tileConfig loads the tiles' shapes from 64 bytes at p.
func tileConfig(p general) []byte {
	return append(vex(false, p >= 8, 0, noPrefix), 0x49, modRM(0, 0, int(p&7)))
}

// tileDots is sums += a·b, of three different tiles.
func tileDots(a, b, sums int) []byte {
	return append(vex(false, false, b, prefixF3), 0x5c, modRM(3, sums, a))
}

// evex encodes an instruction on three vectors of 512 bits.
func evex(opcode byte, pp, reg, vvvv, rm int) []byte {
	high := func(r, bit int) byte { return notBit(r>>bit&1 == 1) }
	return []byte{0x62, high(reg, 3)<<7 | high(rm, 4)<<6 | high(rm, 3)<<5 | high(reg, 4)<<4 | map0F38,
		byte(^vvvv&15)<<3 | 4 | byte(pp), 0x40 | high(vvvv, 4)<<3, opcode, modRM(3, reg&7, rm&7)}
}

// dots is sums += the products of a's and b's pairs of bfloat16: VDPBF16PS.
func dots(a, b, sums int) []byte { return evex(0x52, prefixF3, sums, a, b) }

// toBFloat16 rounds two vectors of float32 to one of bfloat16: VCVTNE2PS2BF16.
func toBFloat16(low, high, dst int) []byte { return evex(0x72, prefixF2, dst, high, low) }

// raw writes an instruction that Go's assembler does not know. The allocator of registers sees nothing of it.
func raw(code []byte, format string, a ...any) {
	Comment(fmt.Sprintf(format, a...))
	for _, b := range code {
		Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(b)}})
	}
}
