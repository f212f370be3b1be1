//go:build amd64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// kinds are the kinds of kernels, from the slowest to the fastest.
var kinds = []string{"generic", "avx2", "avx512", "avx512_bf16", "amx"}

// What the kernels in assembly may use; for AVX512_BF16 and AMX, see fastEngine. Tests change the variables.
var (
	hasAVX2   bool // AVX2 and FMA
	hasAVX512 bool // AVX-512 F, DQ, BW and VL; implies hasAVX2
	hasVNNI   bool // AVX-512 VNNI, of use with hasAVX512
)

func init() {
	x := &cpu.X86
	hasAVX2 = x.HasAVX2 && x.HasFMA && limit != "generic"
	hasAVX512 = hasAVX2 && x.HasBMI2 && x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && limit != "avx2"
	hasVNNI = x.HasAVX512VNNI
}

func kind() string {
	switch {
	case hasAVX512:
		return "avx512"
	case hasAVX2:
		return "avx2"
	}
	return "generic"
}

// hasAssembly tells whether kernels in assembly run.
func hasAssembly() bool { return hasAVX2 }
