package main

import "fmt"

// instruction is a machine instruction: its word, and its text as the GNU disassembler writes it. Go's assembler lacks
// most of NEON's arithmetic, so those instructions are written as words with their text as a comment.
type instruction struct {
	word uint32
	text string
}

// lanes says how a vector register is cut up: "4s" into four float32, "2d" into two float64, "16b" into bytes.
type lanes string

// The instructions of three registers d = n op m, by their words with all registers 0 and lanes 4s (16b for logic).
var threeWords = map[string]uint32{
	"fadd": 0x4e20d400, "fsub": 0x4ea0d400, "fmul": 0x6e20dc00, "fdiv": 0x6e20fc00,
	"fmax": 0x4e20f400, "fmin": 0x4ea0f400,
	"fmla": 0x4e20cc00, "fmls": 0x4ea0cc00, // d ± n·m, rounded once
	"fcmgt": 0x6ea0e400,
	"add":   0x4ea08400, "sub": 0x6ea08400, "cmeq": 0x6ea08c00,
	"and": 0x4e201c00, "bic": 0x4e601c00, "orr": 0x4ea01c00, "eor": 0x6e201c00, // bic is n and not m
	"bsl": 0x6e601c00, // d ? n : m, bit by bit
	"bit": 0x6ea01c00, // m ? n : d
}

// three is an instruction of threeWords.
func three(op string, l lanes, d, n, m int) instruction {
	word := known(threeWords, op) | size(l) | registers(d, n, m)
	if op == "orr" && n == m {
		return instruction{word, fmt.Sprintf("mov v%d.%s, v%d.%[2]s", d, l, n)}
	}
	return instruction{word, fmt.Sprintf("%s v%d.%s, v%d.%[3]s, v%[5]d.%[3]s", op, d, l, n, m)}
}

// The instructions of two registers d = op n.
var twoWords = map[string]uint32{
	"fabs": 0x4ea0f800, "fneg": 0x6ea0f800, "fsqrt": 0x6ea1f800,
	"scvtf": 0x4e21d800, // from integers
	"fcmgt": 0x4ea0c800, "fcmeq": 0x4ea0d800, "fcmlt": 0x4ea0e800,
}

// two is an instruction of twoWords; comparisons are with 0.
func two(op string, l lanes, d, n int) instruction {
	zero := ""
	if op[:2] == "fc" {
		zero = ", #0.0"
	}
	return instruction{known(twoWords, op) | size(l) | registers(d, n, 0), fmt.Sprintf("%s v%d.%s, v%d.%[3]s%[5]s", op, d, l, n, zero)}
}

// element is d = n·m[index], or d ± n·m[index] rounded once.
func element(op string, l lanes, d, n, m, index int) instruction {
	word := known(map[string]uint32{"fmla": 0x4f801000, "fmul": 0x4f809000}, op) | size(l) | registers(d, n, m)
	if l == "4s" {
		word |= uint32(index&1)<<21 | uint32(index>>1)<<11
	} else {
		word |= uint32(index) << 11
	}
	return instruction{word, fmt.Sprintf("%s v%d.%s, v%d.%[3]s, v%[5]d.%s[%d]", op, d, l, n, m, l[1:], index)}
}

// shift moves the bits of 32-bit lanes: shl to the left, ushr to the right, sshr to the right with the sign.
func shift(op string, d, n, by int) instruction {
	word, amount := known(map[string]uint32{"shl": 0x4f005400, "ushr": 0x6f000400, "sshr": 0x4f000400}, op), 64-by
	if op == "shl" {
		amount = 32 + by
	}
	return instruction{word | uint32(amount)<<16 | registers(d, n, 0), fmt.Sprintf("%s v%d.4s, v%d.4s, #%d", op, d, n, by)}
}

// zero clears a register.
func zero(d int) instruction {
	return instruction{0x6f00e400 | registers(d, 0, 0), fmt.Sprintf("movi v%d.2d, #0x0", d)}
}

// extract is the upper bytes of n, from the given one on, followed by the lower ones of m.
func extract(d, n, m, from int) instruction {
	return instruction{0x6e000000 | uint32(from)<<11 | registers(d, n, m),
		fmt.Sprintf("ext v%d.16b, v%d.16b, v%d.16b, #%d", d, n, m, from)}
}

// widen makes float64 of the lower two float32 of n, or of the upper two.
func widen(upper bool, d, n int) instruction {
	if upper {
		return instruction{0x4e617800 | registers(d, n, 0), fmt.Sprintf("fcvtl2 v%d.2d, v%d.4s", d, n)}
	}
	return instruction{0x0e617800 | registers(d, n, 0), fmt.Sprintf("fcvtl v%d.2d, v%d.2s", d, n)}
}

// pair is the sum of the lowest two lanes, in lane 0.
func pair(l lanes, d, n int) instruction {
	if l == "4s" {
		return instruction{0x7e30d800 | registers(d, n, 0), fmt.Sprintf("faddp s%d, v%d.2s", d, n)}
	}
	return instruction{0x7e70d800 | registers(d, n, 0), fmt.Sprintf("faddp d%d, v%d.2d", d, n)}
}

// across is the largest lane of n, in lane 0: as float32 by fmaxv, as a number without sign by umaxv.
func across(op string, d, n int) instruction {
	word := known(map[string]uint32{"fmaxv": 0x6e30f800, "umaxv": 0x6eb0a800}, op)
	return instruction{word | registers(d, n, 0), fmt.Sprintf("%s s%d, v%d.4s", op, d, n)}
}

// duplicate is lane 0 of n in all lanes.
func duplicate(l lanes, d, n int) instruction {
	word := uint32(0x4e040400)
	if l == "2d" {
		word = 0x4e080400
	}
	return instruction{word | registers(d, n, 0), fmt.Sprintf("dup v%d.%s, v%d.%s[0]", d, l, n, l[1:])}
}

// insert puts lane 0 of n into lane index of d, of four.
func insert(d, index, n int) instruction {
	return instruction{0x6e040400 | uint32(index)<<19 | registers(d, n, 0), fmt.Sprintf("mov v%d.s[%d], v%d.s[0]", d, index, n)}
}

// dotElement is d += n·m[index], the four bytes in a lane of n with those in one lane of m (FEAT_DotProd).
func dotElement(d, n, m, index int) instruction {
	return instruction{0x4f80e000 | registers(d, n, m) | uint32(index&1)<<21 | uint32(index>>1)<<11,
		fmt.Sprintf("sdot v%d.4s, v%d.16b, v%d.4b[%d]", d, n, m, index)}
}

// products are those of the lower eight bytes of n and m, or of the upper ones, in 16 bits.
func products(upper bool, d, n, m int) instruction {
	if upper {
		return instruction{0x4e20c000 | registers(d, n, m), fmt.Sprintf("smull2 v%d.8h, v%d.16b, v%d.16b", d, n, m)}
	}
	return instruction{0x0e20c000 | registers(d, n, m), fmt.Sprintf("smull v%d.8h, v%d.8b, v%d.8b", d, n, m)}
}

// addNeighbours has the sums of neighbours, lanes of 16 bits, of n and then of m.
func addNeighbours(d, n, m int) instruction {
	return instruction{0x4e60bc00 | registers(d, n, m), fmt.Sprintf("addp v%d.8h, v%d.8h, v%d.8h", d, n, m)}
}

// addPairs adds the two lanes of 16 bits of n that have the place of a lane of d to it.
func addPairs(d, n int) instruction {
	return instruction{0x4e606800 | registers(d, n, 0), fmt.Sprintf("sadalp v%d.4s, v%d.8h", d, n)}
}

func known(words map[string]uint32, op string) uint32 {
	w, ok := words[op]
	if !ok {
		panic("no instruction " + op)
	}
	return w
}

// size is the bit that tells float64 from float32.
func size(l lanes) uint32 {
	if l == "2d" {
		return 1 << 22
	}
	return 0
}

func registers(d, n, m int) uint32 {
	return uint32(d) | uint32(n)<<5 | uint32(m)<<16
}
