package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// innerLoops are the loops that products and vector kernels spend their time in, with what the table in
// docs/kernels.md says: how many of a turn's instructions are the multiply-adds, or the arithmetic on vectors, that the
// result is made of, and how many there are in all.
var innerLoops = []struct {
	file, function, loop string
	useful, all          int
}{
	{"gemm", "tile32NEON", "wide6Many", 96, 112},
	{"gemm", "tile32NEON", "wide6AcrossLoop", 24, 30},
	{"gemm", "tile32NEON", "wide2Many", 32, 44},
	{"gemm", "tile32NEON", "slim6Many", 48, 60},
	{"gemm", "tileCopy32NEON", "Many", 96, 128},
	{"gemm", "tileCopy32NEON", "AcrossLoop", 24, 33},
	{"gemm", "strip32NEON", "strip1Loop", 16, 29},
	{"gemm", "strip32NEON", "strip3Loop", 24, 37},
	{"gemm", "row32NEON", "rowLoop", 16, 24},
	{"gemm", "dots32NEON", "loop", 16, 23},
	{"gemm", "tile64NEON", "wide6Many", 48, 60},
	{"gemm", "tile64NEON", "wide6AcrossLoop", 24, 31},
	{"reduced", "bfloat16Rows1NEON", "loop", 16, 37},
	{"reduced", "bfloat16Rows2NEON", "loop", 16, 29},
	{"reduced", "bfloat16Rows4NEON", "loop", 16, 27},
	{"reduced", "int8Rows1DotProd", "loop", 16, 23},
	{"reduced", "int8Rows4DotProd", "loop", 16, 23},
	{"reduced", "int8RowNEON", "loop", 32, 71},
	{"vector", "addChunk", "many", 4, 21},
	{"vector", "expSubChunk", "many", 42, 62},
	{"vector", "sigmoidChunk", "many", 48, 68},
	{"vector", "tanhChunk", "many", 40, 60},
	{"vector", "logChunk", "many", 62, 86},
	{"vector", "softplusChunk", "many", 82, 118},
	{"vector", "adamChunk", "one", 19, 32},
	{"vector", "sumChunk", "many", 8, 19},
	{"vector", "dotChunk", "many", 16, 36},
	{"vector", "sumExpChunk", "many", 50, 67},
}

func TestInnerLoops(t *testing.T) {
	for _, l := range innerLoops {
		useful, all := countLoop(t, read(t, l.file), l.function, l.loop)
		if useful != l.useful || all != l.all {
			t.Errorf("%s, %s: %d of %d instructions, want %d of %d", l.function, l.loop, useful, all, l.useful, l.all)
		}
	}
}

// multiplications are what products are made of.
var multiplications = []string{"fmla", "sdot", "smull", "smull2"}

// countLoop counts the instructions from a label to the jump back to it. Multiplications are what products are made of,
// all words what vector kernels are.
func countLoop(t *testing.T, source []byte, function, loop string) (useful, all int) {
	t.Helper()
	_, body, found := bytes.Cut(source, fmt.Appendf(nil, "\nTEXT ·%s(SB)", function))
	_, body, labelled := bytes.Cut(body, []byte("\n"+loop+":\n"))
	if !found || !labelled {
		t.Fatalf("%s has no loop %s", function, loop)
	}
	products := !strings.HasSuffix(function, "Chunk")
	for line := range strings.Lines(string(body)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasSuffix(fields[0], ":") {
			continue
		}
		all++
		if fields[0] == "WORD" && (!products || slices.Contains(multiplications, fields[3])) {
			useful++
		}
		if fields[len(fields)-1] == loop {
			return useful, all
		}
	}
	t.Fatalf("%s: %s does not end", function, loop)
	return 0, 0
}
