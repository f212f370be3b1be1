package main

import "fmt"

// copyRows writes the copying of rows of 64, 48 or 24 bytes, the widths of panels.
func copyRows() {
	f := begin("copyRowsNEON", "(dst *byte, dstRow int, src *byte, srcRow, rows, width int)",
		`is, all in bytes, with rows > 0 and width one of 24, 48, 64,

	for r := range rows {
		copy(dst[r*dstRow:], src[r*srcRow:r*srcRow+width])
	}`)
	dst, dstRow, src, srcRow := f.load("dst"), f.load("dstRow"), f.load("src"), f.load("srcRow")
	rows, w := f.load("rows"), f.load("width")
	widths := []int{64, 48, 24}
	for _, width := range widths[1:] {
		f.asm("CMP $%d, %s", width, w)
		f.jump("BEQ", fmt.Sprint("width", width))
	}
	for _, width := range widths {
		f.label(fmt.Sprint("width", width))
		if width == 24 {
			f.asm("FMOVQ (%s), F0", src)
			f.asm("FMOVD 16(%s), F1", src)
			f.add(srcRow, src)
			f.asm("FMOVQ F0, (%s)", dst)
			f.asm("FMOVD F1, 16(%s)", dst)
			f.add(dstRow, dst)
		} else {
			list := machine{4}.list(0, width/16)
			f.asm("VLD1.P (%s)(%s), %s", src, srcRow, list)
			f.asm("VST1.P %s, (%s)(%s)", list, dst, dstRow)
		}
		f.step(rows, 1, "BNE", fmt.Sprint("width", width))
		f.ret()
	}
}

// transpose writes the copying of rows to columns, a square of registers at a time.
func transpose(m machine) {
	n := m.size()
	f := m.text("transpose", "(dst *T, dstRow int, src *T, srcRow, n int)",
		fmt.Sprintf(`turns %d rows into %[1]d columns; n, a multiple of %[1]d, is positive:

	for l := range n {
		for r := range %[1]d {
			dst[l*dstRow+r] = src[r*srcRow+l]
		}
	}`, n))
	dst, dstRow := f.load("dst"), m.distance(f, "dstRow")
	rows := []gp{f.load("src")}
	srcRow, count := m.distance(f, "srcRow"), f.load("n")
	for r := 1; r < n; r++ {
		rows = append(rows, f.new())
		f.asm("ADD %s, %s, %s", srcRow, rows[r-1], rows[r])
	}
	f.label("block")
	x := make([]*vec, n)
	for r, p := range rows {
		x[r] = &vec{-1}
		f.asm("FMOVQ.P 16(%s), %v", p, x[r])
	}
	lanes := map[int]string{4: "S4", 8: "D2"}[m.bytes]
	zip := func(a, b *vec) []*vec { // the elements of a and b in turns
		low, high := &vec{-1}, &vec{-1}
		f.asm("VZIP1 %v.%s, %v.%[2]s, %[4]v.%[2]s", vector{b}, lanes, vector{a}, vector{low})
		f.asm("VZIP2 %v.%s, %v.%[2]s, %[4]v.%[2]s", vector{b}, lanes, vector{a}, vector{high})
		return []*vec{low, high}
	}
	var columns []*vec
	if n == 2 {
		columns = zip(x[0], x[1])
	} else {
		even, odd := zip(x[0], x[2]), zip(x[1], x[3])
		columns = append(zip(even[0], odd[0]), zip(even[1], odd[1])...)
	}
	for _, v := range columns {
		f.asm("FMOVQ %v, (%s)", v, dst)
		f.add(dstRow, dst)
	}
	f.step(count, n, "BNE", "block")
	f.ret()
}

// peakChains is the number of independent sums of the measuring loop: more than latency times throughput.
const peakChains = 24

// peak writes the loop that finds how many multiply-adds the processor can do.
func peak() {
	f := begin("peak32NEON", "(n int)",
		fmt.Sprintf("does %d·n multiply-adds of vectors, with nothing in their way.", peakChains))
	n := f.load("n")
	for i := range peakChains + 1 {
		f.clear(fixed(i))
	}
	f.label("loop")
	for i := range peakChains {
		f.fma("4s", fixed(i), fixed(peakChains), fixed(peakChains))
	}
	f.step(n, 1, "BNE", "loop")
	f.ret()
}

// pause writes the wait of a spinning worker.
func pause() {
	f := begin("pause", "(n int)", "waits n times as long as the processor takes to drain, some tens of cycles.")
	n := f.load("n")
	f.label("loop")
	f.asm("ISB $15")
	f.step(n, 1, "BNE", "loop")
	f.ret()
}
