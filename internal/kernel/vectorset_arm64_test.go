//go:build arm64 && !noasm

package kernel

import "testing"

// eachVectorSet runs f by every implementation that the processor has.
func eachVectorSet(t *testing.T, f func(t *testing.T)) {
	before := hasNEON
	defer func() { hasNEON = before }()
	hasNEON = false
	t.Run("generic", f)
	if hasNEON = before; before {
		t.Run("neon", f)
	}
}
