//go:build arm64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// kinds are the kinds of kernels, from the slowest to the fastest.
var kinds = []string{"generic", "neon"}

// What the kernels in assembly may use. Tests change the variables.
var (
	hasNEON    = limit != "generic"   // every processor for arm64 has it
	hasDotProd = cpu.ARM64.HasASIMDDP // SDOT, of use with hasNEON
)

func kind() string {
	if hasNEON {
		return "neon"
	}
	return "generic"
}

// hasAssembly tells whether kernels in assembly run.
func hasAssembly() bool { return hasNEON }
