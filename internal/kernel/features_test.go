package kernel

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestKernelVariable runs this test again with UNROLL_KERNEL set: it may take instructions away, never add any.
func TestKernelVariable(t *testing.T) {
	const inner = "UNROLL_TEST_FEATURES"
	if os.Getenv(inner) != "" {
		os.Stdout.WriteString("features=" + Features() + ";")
		return
	}
	order := map[string]int{"generic": 0, "avx2": 1, "avx512": 2}
	best := ""
	for _, limit := range []string{"avx512", "avx2", "generic"} {
		self := exec.Command(os.Args[0], "-test.run=^TestKernelVariable$")
		self.Env = append(os.Environ(), inner+"=1", "UNROLL_KERNEL="+limit)
		out, err := self.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		_, after, _ := strings.Cut(string(out), "features=")
		got, _, _ := strings.Cut(after, ";")
		if best == "" {
			best = got // all that the processor has
		}
		want := limit
		if order[best] < order[limit] {
			want = best
		}
		if got != want {
			t.Errorf("UNROLL_KERNEL=%s gives %q, want %q", limit, got, want)
		}
	}
}
