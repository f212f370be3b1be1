package kernel

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestKernelVariable runs this test again with UNROLL_KERNEL set: it may take instructions away, never add any. What
// it does not know changes nothing and is named.
func TestKernelVariable(t *testing.T) {
	const inner = "UNROLL_TEST_FEATURES"
	if os.Getenv(inner) != "" {
		os.Stdout.WriteString("features=" + Features() + ";")
		return
	}
	order := map[string]int{"generic": 0, "avx2": 1, "avx512": 2, "amx": 3}
	best := ""
	for _, limit := range []string{"amx", "avx512", "avx2", "generic", "sse9"} {
		self := exec.Command(os.Args[0], "-test.run=^TestKernelVariable$")
		self.Env = append(os.Environ(), inner+"=1", "UNROLL_KERNEL="+limit)
		out, err := self.CombinedOutput()
		if errors.Is(err, syscall.ENOEXEC) {
			t.Skip("this test runs in an emulator, and the machine cannot start its program again")
		}
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		_, after, _ := strings.Cut(string(out), "features=")
		got, _, _ := strings.Cut(after, ";")
		if best == "" {
			best = got // all that the processor has
		}
		want := limit
		if _, known := order[limit]; !known {
			want = best + ` (UNROLL_KERNEL="` + limit + `" is none of generic, avx2, avx512, amx)`
		} else if order[best] < order[limit] {
			want = best
		}
		if got != want {
			t.Errorf("UNROLL_KERNEL=%s gives %q, want %q", limit, got, want)
		}
	}
}
