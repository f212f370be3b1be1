//go:build !(amd64 || arm64) || noasm

package kernel

// kinds are the kinds of kernels: no assembly, only the Go loops.
var kinds = []string{"generic"}

func kind() string { return "generic" }

// hasAssembly tells whether kernels in assembly run.
func hasAssembly() bool { return false }
