//go:build !amd64 || noasm

package kernel

// PeakFMA is not measured without assembly.
func PeakFMA() float64 { return 0 }
