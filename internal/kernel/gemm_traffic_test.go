//go:build amd64 && !noasm && traffic

package kernel

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"
)

// trafficProducts are those of a layer: the recurrent step, and products over all steps and of the softmax head. On a
// core with processors[0]'s caches at most so many times the least possible move beyond the second level.
var trafficProducts = []struct {
	name, kind string
	m, k, n    int
	most       float64
}{
	{"H512 step", "packed", 32, 512, 2048, 1.05},
	{"H512 step's gradient", "packed", 32, 2048, 512, 1.05},
	{"H512 input's gradient", "NN", 1120, 2048, 512, 3},
	{"H512 weight's gradient", "TN", 512, 1120, 2048, 2.8},
	{"H512 input", "NT", 1120, 512, 2048, 1.9},
	{"one row", "packed", 1, 512, 2048, 1.05},
	{"H512 V10000 head", "NT", 1120, 512, 10000, 1.5},
	{"H512 V10000 head's gradient", "NN", 1120, 10000, 512, 2.9},
	{"H512 V10000 head's weight's gradient", "TN", 10000, 1120, 512, 2.4},
	{"H1024 step", "packed", 32, 1024, 4096, 1.1},
	{"H1024 input's gradient", "NN", 1120, 4096, 1024, 4.8},
	{"H1024 weight's gradient", "TN", 1024, 1120, 4096, 4},
	{"H1024 input", "NT", 1120, 1024, 4096, 3},
	{"H256 V30000 head", "NT", 1120, 256, 30000, 1.3},
	{"H256 V30000 head's gradient", "NN", 1120, 30000, 256, 2},
	{"H256 V30000 head's weight's gradient", "TN", 30000, 1120, 256, 1.9},
}

// processors are the caches of a core.
var processors = []struct {
	name               string
	firstBytes, ways   int
	secondBytes, ways2 int
}{
	{"Sapphire Rapids", 48 << 10, 12, 2 << 20, 16},
	{"Zen 4", 32 << 10, 8, 1 << 20, 8},
}

// quickTraffic is the size in multiplications of the products that are counted in a hurry.
const quickTraffic = 1 << 31

// TestTraffic counts what products move between the caches, and prints it in 10⁶ bytes beside the least possible: each
// operand read once, the result written once. The last column is how many bytes a step of a tile, 8 by 32
// multiply-adds, gets from the second level.
func TestTraffic(t *testing.T) {
	if !hasAVX512 {
		t.Skip("the limits are those of tiles of AVX-512")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	first, second := firstLevel, secondLevel
	defer func() { firstLevel, secondLevel, traffic = first, second, nil }()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "product\t\tprocessor\tleast\tbeyond L2\tratio\tL2 to L1\tbytes a step")
	for _, p := range trafficProducts {
		if testing.Short() && p.m*p.k*p.n > quickTraffic {
			continue
		}
		run := trafficRun(p.kind, p.m, p.k, p.n)
		for i, cpu := range processors {
			firstLevel, secondLevel = cpu.firstBytes, cpu.secondBytes
			traffic = newCaches(cpu.firstBytes, cpu.ways, cpu.secondBytes, cpu.ways2)
			run()
			traffic.flush()
			least := 4 * float64(p.m*p.k+p.k*p.n+p.m*p.n)
			beyond, inner := lineBytes*float64(traffic.fromBeyond+traffic.back), lineBytes*float64(traffic.fromSecond)
			shape := fmt.Sprintf("%s %dx%dx%d", p.kind, p.m, p.k, p.n)
			fmt.Fprintf(table, "%s\t%s\t%s\t%.0f\t%.0f\t%.2f\t%.0f\t%.0f\n", p.name, shape, cpu.name, least/1e6, beyond/1e6,
				beyond/least, inner/1e6, inner/float64(p.m)/float64(p.k)/float64(p.n)*8*32)
			if i == 0 && beyond > p.most*least {
				t.Errorf("%s: %.2f times the least possible moves beyond L2, at most %.2f are allowed", shape, beyond/least, p.most)
			}
		}
	}
}

func trafficRun(kind string, m, k, n int) func() {
	a, b, c := aligned[float32](m*k), aligned[float32](k*n), aligned[float32](m*n)
	switch kind {
	case "packed":
		var p Packed[float32]
		p.Pack(false, k, n, b, n)
		return func() { GemmPacked(false, m, 1, a, k, &p, 0, c, n, nil) }
	case "NN", "TN":
		trans, lda := strings.HasPrefix(kind, "T"), k
		if trans {
			lda = m
		}
		return func() { Gemm(trans, false, m, n, k, 1, a, lda, b, n, 0, c, n) }
	}
	return func() { Gemm(false, true, m, n, k, 1, a, k, b, k, 0, c, n) }
}
