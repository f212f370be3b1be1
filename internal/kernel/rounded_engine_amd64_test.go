//go:build amd64 && !noasm

package kernel

import "testing"

// TestPackingInAssembly has the loops multiply what assembly has packed, in both precisions.
func TestPackingInAssembly(t *testing.T) {
	if !hasAVX512 || !hasBFloat16 {
		t.Skip("the processor has no AVX512_BF16")
	}
	e := pairEngine
	e.multiply = tileLoops.multiply
	for _, p := range []Precision{BFloat16Precision, BFloat16x3Precision} {
		if err := checkEngine(p, &e, &tileLoops); err != nil {
			t.Error(err)
		}
	}
}
