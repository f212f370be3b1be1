package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// shape is the largest tile: its sums, a row of B and one or more elements of A fill the registers.
func (m machine) shape() (rows, vectors int) {
	if m.wide {
		return 8, 2
	}
	return 4, 3
}

// tileCode writes one tile function. Sums are in the registers from 0, row by row.
type tileCode struct {
	machine
	vectors int
	element int // the register for an element of A, the first after the sums
	panel   int // those for a row of B
	copies  bool
	label   string // before the labels of finish
}

func (t tileCode) sum(i, v int) reg.VecPhysical { return t.physical(i*t.vectors + v) }

// tile writes tile and tileCopy.
func tile(m machine) {
	rows, vectors := m.shape()
	t := tileCode{machine: m, vectors: vectors, element: rows * vectors}
	t.panel = t.element + 1
	TEXT(m.name("tile"), NOSPLIT, strings.ReplaceAll("func("+tileParameters+
		", fetch uintptr, fetchRow, fetchMore int)", "T", m.float()))
	Pragma("noescape")
	Doc(m.name("tile")+" is, with k > 0,",
		"",
		fmt.Sprintf("\tfor i := range rows { // at most %d", rows),
		fmt.Sprintf("\t\tfor j := range cols { // at most %d", vectors*m.lanes()),
		"\t\t\ts := sums[i*most+j] // of as many columns as a tile has at most; 0 without sums",
		"\t\t\tfor l := range k {",
		"\t\t\t\ts = fma(a[i*rowA+l*colA], b[l*rowB+j], s)",
		"\t\t\t}",
		"\t\t\tc[i*ldc+j] = fma(alpha, s, beta*c[i*ldc+j]) // alpha*s if beta is 0",
		"\t\t}",
		"\t}",
		"",
		fmt.Sprintf("Of b and sums it may read %d columns, whatever cols. With each l it fetches the cache lines at", vectors*m.lanes()),
		"fetch + l*fetchRow and fetchMore after that, all in bytes, into the second-level cache: what comes next.")

	count, cols := pointer("rows"), pointer("cols")
	Comment("One loop for each number of rows, and others for tiles of one vector")
	CMPQ(cols, U8(m.lanes()))
	JLE(LabelRef("narrow"))
	t.loops(count, rows, vectors, "wide")
	Label("narrow")
	t.loops(count, rows, 1, "slim")
	t.finish(rows)

	t.copies = true
	TEXT(m.name("tileCopy"), NOSPLIT, strings.ReplaceAll("func("+tileParameters+", panel *T)", "T", m.float()))
	Pragma("noescape")
	Doc(m.name("tileCopy")+" is "+m.name("tile")+fmt.Sprintf(" with rows %d and cols %d, and besides", rows, vectors*m.lanes()), "",
		"\tcopy(panel[l*cols:][:cols], b[l*rowB:]) // l < k",
		"",
		"which costs little on the way. It fetches rows of b ahead, for they may be far apart.")
	t.walk(rows, vectors, "")
	t.finish(rows)
}

// loops writes a loop for each number of rows up to most, of the first so many vectors of a row.
func (t tileCode) loops(count reg.GPVirtual, most, vectors int, name string) {
	for r := 1; r < most; r++ {
		CMPQ(count, U8(r))
		JE(LabelRef(fmt.Sprintf("%s%d", name, r)))
	}
	for r := most; r > 0; r-- {
		Label(fmt.Sprintf("%s%d", name, r))
		t.walk(r, vectors, name)
		JMP(LabelRef("finish"))
	}
}

const tileParameters = "rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, sums *T, beta T, c *T, ldc int"

// ahead is how many rows of B are fetched in advance: past what the second-level cache takes to fill.
const ahead = 32

// begin writes where the sums of r rows and so many vectors start, and fetches the part of C that they will be added to.
func (t tileCode) begin(r, vectors int, name string) {
	Comment(fmt.Sprintf("%d rows: sums start at zero", r))
	for i := range r {
		for v := range vectors {
			t.zero(t.sum(i, v))
		}
	}
	from, fresh, walk := pointer("sums"), fmt.Sprintf("%sFresh%d", name, r), fmt.Sprintf("%sWalk%d", name, r)
	TESTQ(from, from)
	JZ(LabelRef(fresh))
	Comment("Or go on")
	for i := range r {
		for v := range vectors {
			t.load(Mem{Base: from, Disp: (i*t.vectors + v) * t.size()}, t.sum(i, v))
		}
	}
	Label(fresh)
	Comment("C will be needed, unless beta is 0")
	bits := t.betaBits()
	CMPQ(bits, U8(0))
	JE(LabelRef(walk))
	c, ldc := pointer("c"), t.distance("ldc")
	for i := range r {
		if i > 0 {
			ADDQ(ldc, c)
		}
		for at := 0; at < vectors*t.size(); at += 64 {
			PREFETCHT0(Mem{Base: c, Disp: at})
		}
	}
	Label(walk)
}

// align lets what follows begin at a cache line of instructions: so inner loops take as long wherever they come to lie.
func align() {
	Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []Op{Imm(64)}})
}

// betaBits loads beta without its sign.
func (t tileCode) betaBits() reg.GPVirtual {
	bits := GP64()
	if t.bytes == 4 {
		MOVL(parameter("beta"), bits.As32())
		SHLL(U8(1), bits.As32())
	} else {
		MOVQ(parameter("beta"), bits)
		SHLQ(U8(1), bits)
	}
	return bits
}

// walk writes the sums of r rows and so many vectors; the other vectors are not used.
func (t tileCode) walk(r, vectors int, name string) {
	t.begin(r, vectors, name)
	k, a, b := pointer("k"), pointer("a"), pointer("b")
	colA, rowB := t.distance("colA"), t.distance("rowB")
	var rowA, rowA3, a4 reg.GPVirtual
	if r > 1 {
		rowA = t.distance("rowA")
	}
	if r > 3 {
		rowA3 = GP64()
		LEAQ(Mem{Base: rowA, Index: rowA, Scale: 2}, rowA3)
	}
	if r > 4 {
		a4 = GP64()
		LEAQ(Mem{Base: a, Index: rowA, Scale: 4}, a4)
	}
	var fetch, fetchRow, second, panel reg.GPVirtual
	if t.copies {
		panel, fetchRow, fetch = pointer("panel"), rowB, GP64()
		IMUL3Q(U8(ahead), rowB, fetch)
		ADDQ(b, fetch)
	} else {
		fetch, fetchRow, second = pointer("fetch"), pointer("fetchRow"), pointer("fetchMore")
	}
	element := func(i int) Mem {
		base := a
		if i >= 4 {
			base = a4
		}
		if i%4 == 3 {
			return at(base, rowA3, 1, 0)
		}
		return at(base, rowA, i%4, 0)
	}

	loop := fmt.Sprintf("%sLoop%d", name, r)
	align()
	Label(loop)
	Comment("A row of B")
	for v := range vectors {
		t.load(Mem{Base: b, Disp: v * t.size()}, t.physical(t.panel+v))
	}
	Comment("What will be needed soon")
	PREFETCHT1(Mem{Base: fetch})
	if t.copies {
		PREFETCHT1(Mem{Base: fetch, Disp: 64})
		PREFETCHT1(Mem{Base: fetch, Disp: t.vectors*t.size() - 1}) // where rows do not begin at a cache line
	} else {
		PREFETCHT1(Mem{Base: fetch, Index: second, Scale: 1})
	}
	ADDQ(fetchRow, fetch)
	if t.copies {
		Comment("Copied")
		for v := range vectors {
			t.load(t.physical(t.panel+v), Mem{Base: panel, Disp: v * t.size()})
		}
		ADDQ(I32(t.vectors*t.size()), panel)
	}
	Comment("An element of each row of A, times that")
	for i := range r {
		t.broadcast(element(i), t.physical(t.element))
		for v := range vectors {
			t.fma(t.physical(t.panel+v), t.physical(t.element), t.sum(i, v))
		}
	}
	ADDQ(rowB, b)
	ADDQ(colA, a)
	if r > 4 {
		ADDQ(colA, a4)
	}
	DECQ(k)
	JNZ(LabelRef(loop))
}

func (t tileCode) alpha() reg.VecPhysical   { return t.physical(t.element) }
func (t tileCode) beta() reg.VecPhysical    { return t.physical(t.element + 1) }
func (t tileCode) scratch() reg.VecPhysical { return t.physical(t.element + 2) }

// finish writes the sums to C: with AVX-512 always under a mask, which costs nothing; with AVX2 only where columns
// are missing.
func (t tileCode) finish(rows int) {
	Label(t.label + "finish")
	c, ldc, left := pointer("c"), t.distance("ldc"), pointer("rows")
	var cols reg.GPVirtual
	if t.label == "" {
		cols = pointer("cols")
	}
	t.broadcast(parameter("alpha"), t.alpha())
	t.broadcast(parameter("beta"), t.beta())
	full, part := access(plain{t.machine}), access(nil)
	if t.label != "" {
		// All columns are there.
	} else if t.wide {
		Comment("K1, K2: the columns that there are")
		ones := GP64()
		MOVQ(I64(-1), ones)
		BZHIQ(cols, ones, ones)
		KMOVW(ones.As32(), reg.K1)
		SHRQ(U8(t.lanes()), ones)
		KMOVW(ones.As32(), reg.K2)
		full = opmasked{t.machine}
	} else {
		Comment("Where the masks of the columns that there are begin")
		masks := GP64()
		LEAQ(NewDataAddr(NewStaticSymbol(maskName), t.vectors*t.size()), masks)
		words := GP64()
		MOVQ(cols, words)
		SHLQ(U8(2+t.bytes/8), words)
		SUBQ(words, masks)
		part = vectorMasked{t.machine, masks, t.physical(t.element + 3)}
	}

	Comment("Is beta 0, of either sign?")
	bits := t.betaBits()
	CMPQ(bits, U8(0))
	JE(LabelRef(t.label + "only"))

	if part != nil {
		CMPQ(cols, U8(t.vectors*t.lanes()))
		JL(LabelRef(t.label + "addPart"))
	}
	t.write(t.label+"add", rows, c, ldc, left, full, true)
	if part != nil {
		Label(t.label + "addPart")
		t.write(t.label+"addSome", rows, c, ldc, left, part, true)
	}
	Label(t.label + "only")
	if part != nil {
		CMPQ(cols, U8(t.vectors*t.lanes()))
		JL(LabelRef(t.label + "onlyPart"))
	}
	t.write(t.label+"set", rows, c, ldc, left, full, false)
	if part != nil {
		Label(t.label + "onlyPart")
		t.write(t.label+"setSome", rows, c, ldc, left, part, false)
	}
}

// write writes the code for one way of writing C, up to its return.
func (t tileCode) write(name string, rows int, c, ldc, left reg.GPVirtual, to access, add bool) {
	Comment(name + ": row by row")
	for i := range rows {
		for v := range t.vectors {
			at, s, x := Mem{Base: c, Disp: v * t.size()}, t.sum(i, v), t.scratch()
			if !add {
				t.mul(t.alpha(), s)
				to.store(s, at, v)
				continue
			}
			to.load(at, x, v)
			t.mul(t.beta(), x)
			t.fma(t.alpha(), s, x)
			to.store(x, at, v)
		}
		if i+1 == rows {
			break
		}
		DECQ(left)
		JZ(LabelRef(name + "Done"))
		ADDQ(ldc, c)
	}
	Label(name + "Done")
	VZEROUPPER()
	RET()
}
