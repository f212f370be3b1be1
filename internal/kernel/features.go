package kernel

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// limit is what UNROLL_KERNEL asks for: one of the kinds of kernels. It limits the choice to what it names and what
// comes before; it never turns on what the processor lacks.
var limit = os.Getenv("UNROLL_KERNEL")

// Features names the instructions that kernels use here: "avx512", "avx2" (with FMA), "neon", or "generic" for Go loops, and
// "+amx" once a product has asked for AMX and got it. It says so if the environment variable UNROLL_KERNEL asks for
// something that this program does not have.
func Features() string {
	name := kind()
	if tilesChecked.Load() {
		name += "+amx"
	}
	if limit == "" || slices.Contains(kinds, limit) {
		return name
	}
	return name + " (UNROLL_KERNEL=" + strconv.Quote(limit) + " is none of " + strings.Join(kinds, ", ") + ")"
}

// leftOut tells whether the limit is a kind of kernels before this one.
func leftOut(kind string) bool {
	i := slices.Index(kinds, limit)
	return i >= 0 && i < slices.Index(kinds, kind)
}
