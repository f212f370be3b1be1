//go:build !(amd64 || arm64) || noasm

package kernel

// PeakFMA is not measured without assembly.
func PeakFMA(processors int) float64 { return 0 }
