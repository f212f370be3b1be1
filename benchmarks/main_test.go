package benchmarks

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// columns is how wide a line of results is: as a terminal.
const columns = 80

// briefly is how long a benchmark runs unless -benchtime says otherwise, so that all of them take some minutes.
const briefly = "200ms"

// TestMain cuts the lines of results to a terminal's width, and ends with what they mean. With -benchmem or UNROLL_BENCH=wide lines
// are as the testing package writes them.
func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["test.bench"] {
		os.Exit(m.Run())
	}
	if !given["test.benchtime"] {
		if err := flag.Set("test.benchtime", briefly); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(withLegend(os.Stdout, given["test.benchmem"] || os.Getenv("UNROLL_BENCH") == "wide", m.Run))
}

// withLegend runs benchmarks, with their lines cut unless they are to be wide, and explains those that there were.
func withLegend(to *os.File, wide bool, run func() int) int {
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Stdout = w
	ended := make(chan *legend)
	go func() {
		l := &legend{}
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadString('\n')
			if !wide {
				line = fit(line)
			}
			l.see(line)
			_, _ = io.WriteString(to, line)
			if err != nil {
				break
			}
		}
		ended <- l
	}()
	status := run()
	_ = w.Close()
	l := <-ended
	os.Stdout = to
	_, _ = io.WriteString(to, l.String())
	return status
}

// preferred are the units of results, those first that a narrow line has room for.
var preferred = []string{"ns/op", "tokens/s", "theirs/ours", "ms", "of-limit", "of-bound", "GFLOP/s", "MB/s", "B/op", "allocs/op"}

// fit writes a line of results anew, in the format of Go's benchmarks, which benchstat reads, with as many results as fit.
func fit(line string) string {
	part := strings.Fields(line)
	if !strings.HasPrefix(line, "Benchmark") || len(part) < 4 || len(part)%2 != 0 {
		return line
	}
	var results []int // places of values
	for i := 2; i < len(part); i += 2 {
		results = append(results, i)
	}
	rank := func(i int) int {
		if r := slices.Index(preferred, part[i+1]); r >= 0 {
			return r
		}
		return len(preferred)
	}
	slices.SortStableFunc(results, func(a, b int) int { return rank(a) - rank(b) })
	out := part[0] + " " + part[1]
	for n, i := range results {
		more := " " + part[i] + " " + part[i+1]
		if n > 0 && len(out)+len(more) > columns {
			break
		}
		out += more
	}
	return out + "\n"
}

// legend explains what was seen of the results.
type legend struct{ text strings.Builder }

func (l *legend) see(line string) { l.text.WriteString(line) }

// entries are what a legend has, each if its word was seen.
var entries = []struct{ word, means string }{
	{"BenchmarkTrain", "a training step on one batch: gradients, clipping, Adam"},
	{"BenchmarkTrainBF16", "the same with products in bfloat16"},
	{"BenchmarkRagged", "the same with sequences of 5 to T tokens"},
	{"BenchmarkInfer", "the logits of one batch, without gradients"},
	{"BenchmarkGenerate", "one token of one sequence"},
	{"BenchmarkGenerateInt8", "the same with weights in 8 bits"},
	{"BenchmarkCustom", "a training step of a cell written in the test file"},
	{"BenchmarkCompile", "building, differentiating and compiling a training step"},
	{"BenchmarkChunks", "a training step of a recurrence in chunks"},
	{"BenchmarkLayers", "a training step of two bidirectional layers"},
	{"BenchmarkVocabulary", "a training step with 100,000 words"},
	{"BenchmarkShipped", "a file that people ship, and ONNX Runtime with it"},
	{"BenchmarkGemm", "a matrix product"},
	{"BenchmarkPack", "packing a weight for products"},
	{"BenchmarkRead", "reading a weight, which bounds products of one row"},
	{"BenchmarkUpdate", "a step of the optimiser"},
	{"ns/op", "nanoseconds that one of these takes; less is better"},
	{"tokens/s", "symbols a second; more is better"},
	{"of-limit", "share of what multiply-adds allow, 1 at most"},
	{"of-bound", "share of what multiply-adds and memory allow"},
	{"GFLOP/s", "10^9 operations of matrix products a second"},
	{"theirs/ours", "ONNX Runtime's time over ours; above 1 we are faster"},
}

func (l *legend) String() string {
	seen := l.text.String()
	if !strings.Contains(seen, "/op") {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nLegend\n")
	for _, e := range entries {
		if regexp.MustCompile(`(?m)(^|\s)` + e.word + `($|[-/\s])`).MatchString(seen) {
			fmt.Fprintf(&b, "  %-13s %s\n", strings.TrimPrefix(e.word, "Benchmark"), e.means)
		}
	}
	b.WriteString(`  B32T50I128H128L1V65: batch, time steps, widths of the embedding and of the
  hidden state, layers, vocabulary; -2 at a name's end: processors.
  All results of a line: -benchmem, or UNROLL_BENCH=wide. What got slower:
  go run ./benchmarks/slower old.txt new.txt
`)
	return b.String()
}

func TestFit(t *testing.T) {
	for line, want := range map[string]string{
		"goos: linux\n": "goos: linux\n",
		"PASS\n":        "PASS\n",
		"BenchmarkA-2   \t     143\t  21012345 ns/op\t 12.5 GFLOP/s\t         0.71 of-limit\t     76140 tokens/s\t 10 B/op\n": "BenchmarkA-2 143 21012345 ns/op 76140 tokens/s 0.71 of-limit 12.5 GFLOP/s\n",
		"BenchmarkTrain/lstm/B32T50I128H128L1V65-2 \t 143\t 21012345 ns/op\t 12.5 GFLOP/s\t 76140 tokens/s\n":                 "BenchmarkTrain/lstm/B32T50I128H128L1V65-2 143 21012345 ns/op 76140 tokens/s\n",
		"BenchmarkX-2\n": "BenchmarkX-2\n",
	} {
		if got := fit(line); got != want {
			t.Errorf("%q:\n%q, want\n%q", line, got, want)
		}
		if got := fit(line); strings.HasPrefix(got, "Benchmark") && len(got) > columns+1 {
			t.Errorf("%d columns: %s", len(got)-1, got)
		}
	}
}

// The legend has what was seen, within the width of a terminal, and benchmarks without results have none.
func TestLegend(t *testing.T) {
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	saved := os.Stdout
	status := withLegend(out, false, func() int {
		fmt.Println("BenchmarkInfer/lstm/B32T50I128H128L1V65-2   \t 143\t 21012345 ns/op\t 12.5 GFLOP/s\t 76140 tokens/s")
		return 3
	})
	os.Stdout = saved // it was out's in the end
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if status != 3 || !strings.Contains(string(text), "Infer         the logits") || strings.Contains(string(text), "Gemm") {
		t.Errorf("status %d:\n%s", status, text)
	}
	for line := range strings.Lines(string(text)) {
		if len(line) > columns+1 {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
	if text := (&legend{}).String(); text != "" {
		t.Errorf("a legend of nothing: %s", text)
	}
}

// Every benchmark is in the legend.
func TestLegendHasEveryBenchmark(t *testing.T) {
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, n := range names {
		if !strings.HasSuffix(n.Name(), "_test.go") {
			continue
		}
		raw, err := os.ReadFile(n.Name())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			rest, ok := strings.CutPrefix(line, "func Benchmark")
			name, _, _ := strings.Cut(rest, "(")
			if !ok {
				continue
			}
			found++
			if !slices.ContainsFunc(entries, func(e struct{ word, means string }) bool { return e.word == "Benchmark"+name }) {
				t.Errorf("the legend lacks %s", name)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d benchmarks were found", found)
	}
}
