package kernel

import (
	"os"
	"strconv"
)

// limit is what UNROLL_KERNEL asks for.
var limit = os.Getenv("UNROLL_KERNEL")

// Features names the instructions that kernels use here: "avx512", "avx2" (with FMA), or "generic" for Go loops, and "+amx"
// once a product has asked for AMX and got it. It says so if the environment variable UNROLL_KERNEL asks for something
// else than one of these.
func Features() string {
	name := "generic"
	switch {
	case hasAVX512:
		name = "avx512"
	case hasAVX2:
		name = "avx2"
	}
	if tilesChecked.Load() {
		name += "+amx"
	}
	switch limit {
	case "", "generic", "avx2", "avx512", "amx":
		return name
	}
	return name + " (UNROLL_KERNEL=" + strconv.Quote(limit) + " is none of generic, avx2, avx512, amx)"
}
