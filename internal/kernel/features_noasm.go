//go:build !amd64 || noasm

package kernel

// No kernels in assembly: the Go loops run.
const (
	hasAVX2   = false
	hasAVX512 = false
)
