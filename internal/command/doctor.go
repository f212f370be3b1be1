package command

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

func doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can do, and whether all works on it",
		Long: `Say which kernels run on this machine's processor, how fast they are, how many
threads are used, and whether a small network learns. It takes some seconds.

UNROLL_KERNEL=generic, avx2, avx512, avx512_bf16, amx or neon chooses kernels up
to those it names, GOMAXPROCS the number of threads.`,
		Example: `  unroll doctor
  unroll doctor --json
  GOMAXPROCS=1 unroll doctor`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := examine()
			if err != nil {
				return err
			}
			return show(cmd, d)
		},
	}
	jsonFlag(cmd)
	return cmd
}

// diagnosis is what doctor finds. Rates are 10⁹ operations a second.
type diagnosis struct {
	Version   string            `json:"version"`
	Go        string            `json:"go"`
	Platform  string            `json:"platform"`
	CPUs      int               `json:"cpus"`
	Threads   int               `json:"threads"`
	Kernels   string            `json:"kernels"`
	Limit     number            `json:"limit_gflops"` // of all threads; 0 if unknown
	Product   number            `json:"product_gflops"`
	TanhNs    number            `json:"tanh_ns"`          // an element
	Rounded   map[string]string `json:"rounded_products"` // by precision: the instructions, or what the machine lacks
	Settings  map[string]string `json:"settings,omitempty"`
	FirstLoss number            `json:"test_first_loss"`
	LastLoss  number            `json:"test_last_loss"`
	Repeats   bool              `json:"test_repeats_to_the_bit"`
}

func examine() (*diagnosis, error) {
	threads := runtime.GOMAXPROCS(0)
	d := &diagnosis{Version: version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Threads: threads, Limit: number(kernel.PeakFMA(threads)),
		Product: number(productRate()), TanhNs: number(tanhTime()), Rounded: map[string]string{}, Settings: map[string]string{}}
	for _, p := range []kernel.Precision{kernel.BFloat16Precision, kernel.BFloat16x3Precision} {
		by, err := kernel.Instructions(p)
		switch {
		case err != nil:
			by = "not here: the machine lacks " + err.Error()
		case by == "AVX512_BF16":
			by += fmt.Sprintf(", measured to multiply %.1f times as fast as float32", kernel.PairGain())
		}
		d.Rounded[p.String()] = by
	}
	d.Kernels = kernel.Features() // which names AMX once it was asked for
	for _, name := range []string{"UNROLL_KERNEL", "UNROLL_PASSES", "UNROLL_DATA", "GOMAXPROCS", "GOGC", "GOMEMLIMIT"} {
		if v, ok := os.LookupEnv(name); ok {
			d.Settings[name] = v
		}
	}
	first, last, err := trial()
	if err != nil {
		return nil, errors.Wrap(err, "a small network cannot be trained")
	}
	_, again, err := trial()
	d.FirstLoss, d.LastLoss, d.Repeats = number(first), number(last), again == last
	return d, err
}

// version is the module's version, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}

// rounds is how often something is measured, with a pause between: other programs rarely take the processor in all of them.
const rounds = 5

// best is the shortest of many times that f took.
func best(f func()) time.Duration {
	least := time.Hour
	for round := range rounds {
		if round > 0 {
			time.Sleep(50 * time.Millisecond)
		}
		for begin := time.Now(); time.Since(begin) < 100*time.Millisecond; {
			start := time.Now()
			f()
			least = min(least, time.Since(start))
		}
	}
	return least
}

func productRate() float64 {
	const n = 512
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	t := best(func() { kernel.Gemm(false, false, n, n, n, 1, a, n, b, n, 0, c, n) })
	return 2 * n * n * n / float64(t.Nanoseconds())
}

func tanhTime() float64 {
	x := make([]float32, 4096)
	for i := range x {
		x[i] = float32(i%64)/16 - 2
	}
	y := make([]float32, len(x))
	return float64(best(func() { kernel.Tanh(y, x) }).Nanoseconds()) / float64(len(x))
}

// trial trains a small LSTM to repeat its input, one step late.
func trial() (first, last float64, err error) {
	const steps, batch, tokens = 8, 8, 5
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		m := recurrent.OneToOne{Embedding: nn.Embedding{Tokens: tokens, Size: 8}, Cell: recurrent.LSTM{Hidden: 16}}
		y, _ := m.Apply(g, in[0], recurrent.Options{})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, y, in[1])}
	})
	ids, late := make([]int, steps*batch), make([]int, steps*batch)
	for i := range ids {
		ids[i] = (i*i/7 + i) % tokens
		if i >= batch {
			late[i] = ids[i-batch]
		}
	}
	x, y, adam := graph.Ints(ids, steps, batch), graph.Ints(late, steps, batch), &optim.Adam{}
	for i := range 60 {
		out, err := f.Grad(x, y)
		if err != nil {
			return 0, 0, err
		}
		if last = graph.Scalar(out[0]); i == 0 {
			first = last
		}
		if _, err := optim.Update(adam, p, 0.02, 1); err != nil {
			return 0, 0, err
		}
	}
	return first, last, nil
}

// What the kernels reach of the arithmetic that a processor could do at most, from machines with AVX2 and AVX-512: those
// of Intel with two units for it come to less of their larger limit than those of AMD.
const usualLeast, usualMost = 0.6, 0.95

func (d *diagnosis) print(w io.Writer) error {
	limit := ""
	if d.Limit > 0 {
		limit = fmt.Sprintf(", the best of %d runs (normal here, when no other program runs: %.0f to %.0f)",
			rounds, usualLeast*d.Limit, usualMost*d.Limit)
	}
	verdict := "it learns"
	if d.LastLoss > d.FirstLoss/2 {
		verdict = "IT DOES NOT LEARN"
	}
	repeat := "repeats to the bit"
	if !d.Repeats {
		repeat = "DOES NOT REPEAT"
	}
	rows := []string{
		fmt.Sprintf("unroll\t%s, %s, %s", d.Version, d.Go, d.Platform),
		fmt.Sprintf("threads\t%d, of %d processors", d.Threads, d.CPUs),
		"kernels\t" + kernelNames(d.Kernels),
		fmt.Sprintf("products\t%.0f GFLOP/s%s", d.Product, limit),
		"--precision bf16\t" + d.Rounded["bf16"],
		"--precision bf16x3\t" + d.Rounded["bf16x3"],
		fmt.Sprintf("tanh\t%.2f ns an element", d.TanhNs),
		fmt.Sprintf("a small LSTM\tloss %.3f to %.3f: %s, and %s", d.FirstLoss, d.LastLoss, verdict, repeat),
	}
	for _, name := range []string{"UNROLL_KERNEL", "UNROLL_PASSES", "UNROLL_DATA", "GOMAXPROCS", "GOGC", "GOMEMLIMIT"} {
		if v, ok := d.Settings[name]; ok {
			rows = append(rows, name+"\t"+v)
		}
	}
	return table(w, rows)
}

// kernelNames says what a set of kernels is.
func kernelNames(set string) string {
	name, rest, _ := strings.Cut(set, " ")
	long := map[string]string{
		"avx512+amx": "AVX-512, the fastest there are, and AMX",
		"avx512":     "AVX-512, the fastest there are",
		"avx2":       "AVX2 with FMA",
		"neon":       "NEON, the fastest there are for arm64",
		"generic":    "Go loops: ten times slower than the kernels for AVX2, AVX-512 or NEON",
	}[name]
	if rest != "" {
		long += " " + rest
	}
	return long
}
