package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tiles multiplies a strip of up to 32 rows with panels of 32 columns in the tiles of AMX. Tiles 0 to 3 are the sums, two by
// two; 4 and 5 are rows, 6 and 7 columns. With 16 rows at most, tiles 2, 3 and 5 are left out. They are configured first and
// released last: nothing of them outlives the call.
func tiles(split, few bool) {
	name, block := "BFloat16", int32(halfBytes/4)
	products := []string{"a, b"}
	if split {
		name, block = "BFloat16x3", 2*halfBytes/4
		products = []string{"second part of a, b", "a, b", "a, second part of b"}
	}
	most := "32"
	if few {
		name, most = "Few"+name, "16"
	}
	name = "tiles" + name
	doc := []string{name + " multiplies a packed strip of up to " + most + " rows with packed panels of 32 columns; config has the",
		"shapes of the tiles, and so the number of rows:", "",
		"\tfor j := range panels { // > 0",
		"\t\tsum := 0 // [rows, 32]",
		"\t\tfor k := range blocks { // > 0"}
	for _, p := range products {
		doc = append(doc, "\t\t\tsum += product("+p+")")
	}
	doc = append(doc, "\t\t}", "\t\tc[32*j:] = sum", "\t}", "")
	text(name, "panels, blocks int, a, b *uint32, c *float32, ldc int, config *[64]byte", append(doc,
		"A block of a is a["+strconv.Itoa(int(block))+"*k:], one of b is b["+strconv.Itoa(int(block))+"*(j*blocks+k):].")...)

	config, a, b, c, lower := reg.RCX, reg.RSI, reg.RDI, reg.R8, reg.R11
	Load(Param("config"), config)
	raw(tileConfig(cx), "LDTILECFG (CX)")
	Load(Param("ldc"), reg.R10)
	SHLQ(U8(2), reg.R10) // bytes between rows of c
	MOVQ(U32(rowBytes), reg.R9)
	Load(Param("c"), c)
	if !few {
		MOVQ(reg.R10, lower)
		SHLQ(U8(4), lower)
		ADDQ(c, lower) // the 17th row of c
	}
	Load(Param("b"), b)
	Load(Param("panels"), reg.RBX)
	Label("panel")
	Load(Param("a"), a)
	Load(Param("blocks"), reg.RAX)
	sums := []rows{{r8, r10, 0}, {r8, r10, rowBytes}, {r11, r10, 0}, {r11, r10, rowBytes}}
	if few {
		sums = sums[:2]
	}
	for t := range sums {
		raw(tileZero(t), "TILEZERO T%d", t)
	}
	Label("block")
	if !split {
		step(few, 4*block, 0, 0, true, true)
	} else {
		step(few, 4*block, halfBytes, 0, true, true)
		step(few, 4*block, 0, 0, true, false)
		step(few, 4*block, 0, halfBytes, false, true)
	}
	ADDQ(U32(uint32(4*block)), a)
	ADDQ(U32(uint32(4*block)), b)
	DECQ(reg.RAX)
	JNZ(LabelRef("block"))
	for t, at := range sums {
		raw(tileStore(t, at), "TILESTORED T%d, %v", t, at)
	}
	ADDQ(U32(2*rowBytes), c)
	if !few {
		ADDQ(U32(2*rowBytes), lower)
	}
	DECQ(reg.RBX)
	JNZ(LabelRef("panel"))
	raw(tileRelease(), "TILERELEASE")
	RET()
}

// step adds the products of the tiles of a part of a and of b, after it has loaded those that are not there yet. It fetches the
// columns of two blocks later, which follow in memory, into the next panel: with few rows they come from memory, or from a
// cache that cores share, and the tiles wait for them.
func step(few bool, block, partA, partB int32, loadA, loadB bool) {
	load := func(wanted bool, at rows, t int) {
		if wanted {
			raw(tileLoad(at, t), "TILELOADD %v, T%d", at, t)
		}
	}
	fetch := func(tile int32) {
		for line := int32(0); loadB && line < tileBytes; line += rowBytes {
			PREFETCHT0(Mem{Base: reg.RDI, Disp: int(2*block + partB + tile + line)})
		}
	}
	multiply := func(a, b, sum int) { raw(tileDots(a, b, sum), "TDPBF16PS T%d, T%d, T%d", b, a, sum) }
	load(loadB, rows{di, r9, partB}, 6)
	load(loadA, rows{si, r9, partA}, 4)
	multiply(4, 6, 0)
	load(loadB, rows{di, r9, partB + tileBytes}, 7)
	fetch(0)
	multiply(4, 7, 1)
	fetch(tileBytes)
	if few {
		return
	}
	load(loadA, rows{si, r9, partA + tileBytes}, 5)
	multiply(5, 6, 2)
	multiply(5, 7, 3)
}
