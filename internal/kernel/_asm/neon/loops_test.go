package main

import (
	"bytes"
	"fmt"
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

// countLoop counts the instructions from a label to the jump back to it. Multiply-adds are what products are made of,
// all words what vector kernels are.
func countLoop(t *testing.T, source []byte, function, loop string) (useful, all int) {
	t.Helper()
	_, body, found := bytes.Cut(source, fmt.Appendf(nil, "\nTEXT ·%s(SB)", function))
	_, body, labelled := bytes.Cut(body, []byte("\n"+loop+":\n"))
	if !found || !labelled {
		t.Fatalf("%s has no loop %s", function, loop)
	}
	products := strings.HasSuffix(function, "NEON")
	for line := range strings.Lines(string(body)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasSuffix(fields[0], ":") {
			continue
		}
		all++
		if fields[0] == "WORD" && (!products || fields[3] == "fmla") {
			useful++
		}
		if fields[len(fields)-1] == loop {
			return useful, all
		}
	}
	t.Fatalf("%s: %s does not end", function, loop)
	return 0, 0
}
