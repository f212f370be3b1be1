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

// eachReducedSet is eachVectorSet for products with weights of fewer bits, which SDOT makes a difference for.
func eachReducedSet(t *testing.T, f func(t *testing.T)) {
	eachVectorSet(t, f)
	if before := hasDotProd; before && hasNEON {
		defer func() { hasDotProd = before }()
		hasDotProd = false
		t.Run("neon without SDOT", f)
	}
}
