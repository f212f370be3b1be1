package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tiles multiplies a strip of 32 rows with panels of 32 columns in the tiles of AMX. Tiles 0 to 3 are the sums, two by two;
// 4 and 5 are rows, 6 and 7 columns. They are configured first and released last: nothing of them outlives the call.
func tiles(split bool) {
	name, parts, block := "tilesBFloat16", 1, 512
	products := []string{"a, b"}
	if split {
		name, parts, block = "tilesBFloat16x3", 2, 1024
		products = []string{"second part of a, b", "a, b", "a, second part of b"}
	}
	doc := []string{name + " multiplies a packed strip of 32 rows with packed panels of 32 columns; config are the shapes of the tiles:", "",
		"\tfor j := range panels { // > 0",
		"\t\tsum := 0 // [32, 32]",
		"\t\tfor k := range blocks { // > 0"}
	for _, p := range products {
		doc = append(doc, "\t\t\tsum += product("+p+")")
	}
	doc = append(doc, "\t\t}", "\t\tc[32*j:] = sum", "\t}", "")
	text(name, "panels, blocks int, a, b *uint32, c *float32, ldc int, config *[64]byte", append(doc,
		"A block of a is a["+strconv.Itoa(block)+"*k:], one of b is b["+strconv.Itoa(block)+"*(j*blocks+k):].")...)

	config, a, b, c, lower := reg.RCX, reg.RSI, reg.RDI, reg.R8, reg.R11
	Load(Param("config"), config)
	raw(tileConfig(cx), "LDTILECFG (CX)")
	Load(Param("ldc"), reg.R10)
	SHLQ(U8(2), reg.R10) // bytes between rows of c
	MOVQ(U32(rowBytes), reg.R9)
	Load(Param("c"), c)
	MOVQ(reg.R10, lower)
	SHLQ(U8(4), lower)
	ADDQ(c, lower) // the 17th row of c
	Load(Param("b"), b)
	Load(Param("panels"), reg.RBX)
	Label("panel")
	Load(Param("a"), a)
	Load(Param("blocks"), reg.RAX)
	for t := range 4 {
		raw(tileZero(t), "TILEZERO T%d", t)
	}
	Label("block")
	if !split {
		step(0, 0, true, true)
	} else {
		step(halfBytes, 0, true, true)
		step(0, 0, true, false)
		step(0, halfBytes, false, true)
	}
	ADDQ(U32(uint32(parts*halfBytes)), a)
	ADDQ(U32(uint32(parts*halfBytes)), b)
	DECQ(reg.RAX)
	JNZ(LabelRef("block"))
	store := func(t int, at rows) { raw(tileStore(t, at), "TILESTORED T%d, %v", t, at) }
	store(0, rows{r8, r10, 0})
	store(1, rows{r8, r10, rowBytes})
	store(2, rows{r11, r10, 0})
	store(3, rows{r11, r10, rowBytes})
	ADDQ(U32(2*rowBytes), c)
	ADDQ(U32(2*rowBytes), lower)
	DECQ(reg.RBX)
	JNZ(LabelRef("panel"))
	raw(tileRelease(), "TILERELEASE")
	RET()
}

// step adds the products of the tiles of a part of a and of b, after it has loaded those that are not there yet.
func step(partA, partB int32, loadA, loadB bool) {
	load := func(wanted bool, at rows, t int) {
		if wanted {
			raw(tileLoad(at, t), "TILELOADD %v, T%d", at, t)
		}
	}
	multiply := func(a, b, sum int) { raw(tileDots(a, b, sum), "TDPBF16PS T%d, T%d, T%d", b, a, sum) }
	load(loadB, rows{di, r9, partB}, 6)
	load(loadA, rows{si, r9, partA}, 4)
	multiply(4, 6, 0)
	load(loadB, rows{di, r9, partB + tileBytes}, 7)
	multiply(4, 7, 1)
	load(loadA, rows{si, r9, partA + tileBytes}, 5)
	multiply(5, 6, 2)
	multiply(5, 7, 3)
}
