//go:build arm64 && !noasm

package kernel

// kinds are the kinds of kernels, from the slowest to the fastest.
var kinds = []string{"generic", "neon"}

// hasNEON tells whether the kernels in assembly run: every processor for arm64 has what they need. Tests change it.
var hasNEON = limit != "generic"

func kind() string {
	if hasNEON {
		return "neon"
	}
	return "generic"
}

// hasAssembly tells whether kernels in assembly run.
func hasAssembly() bool { return hasNEON }
