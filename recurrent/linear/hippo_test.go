package linear

import (
	"math"
	"strconv"
	"testing"

	"github.com/unroll-go/unroll/graph/graphtest"
)

// Eigenvalues of HiPPO against LAPACK's.
func TestHippo(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/diagonal_f64.safetensors")
	for _, n := range []int{1, 2, 8, 33} {
		want := rec["hippo."+strconv.Itoa(n)].Float64s()
		got := hippo(n)
		for i, v := range got {
			if math.Abs(v-want[i]) > 1e-9*max(1, want[i]) {
				t.Errorf("%d of %d is %v; want %v", i, n, v, want[i])
			}
		}
	}
}
