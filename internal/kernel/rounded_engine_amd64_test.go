//go:build amd64 && !noasm

package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

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

// TestKernelVariableAndRounding runs this test again with UNROLL_KERNEL set, which leaves instructions for bfloat16 out and
// says so.
func TestKernelVariableAndRounding(t *testing.T) {
	const inner = "UNROLL_TEST_ROUNDING"
	if os.Getenv(inner) != "" {
		name, err := Instructions(BFloat16Precision)
		fmt.Printf("found=%s, %v;", name, err)
		return
	}
	if _, err := Instructions(BFloat16Precision); err != nil {
		t.Skip("the machine lacks ", err)
	}
	for kind, want := range map[string]string{
		"avx2": "kernels for AVX-512", "avx512": "AVX512_BF16, which UNROLL_KERNEL=avx512 leaves out", "avx512_bf16": "AVX512_BF16, <nil>",
	} {
		self := exec.Command(os.Args[0], "-test.run=^TestKernelVariableAndRounding$")
		self.Env = append(os.Environ(), inner+"=1", "UNROLL_KERNEL="+kind)
		out, err := self.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if !strings.Contains(string(out), want) {
			t.Errorf("UNROLL_KERNEL=%s: %s; want %q", kind, out, want)
		}
	}
}

// TestPairGain holds what was measured between what any processor can do: whether it is right is for benchmarks to say.
func TestPairGain(t *testing.T) {
	if !hasAVX512 || !hasBFloat16 {
		t.Skip("the processor has no AVX512_BF16")
	}
	gain := PairGain()
	t.Logf("VDPBF16PS multiplies %.2f times as fast as float32", gain)
	if gain < 0.1 || gain > 8 {
		t.Errorf("VDPBF16PS multiplies %g times as fast as float32", gain)
	}
	if err := pairsReady(); (err == nil) != (gain >= leastGain && !leftOut("avx512_bf16")) {
		t.Errorf("%v, with a gain of %g", err, gain)
	}
}
