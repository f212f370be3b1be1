package main

import (
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// example has three rounds of two works on two libraries with one thread and two, one library that does only some of
// it, and one that is not there.
func example(t *testing.T) *comparison {
	var works []work.Work
	for _, name := range []string{"Generate/gru/B1T1I8H8L1V9", "Train/lstm/B32T50I128H128L1V65"} {
		w, err := work.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		works = append(works, w)
	}
	c := &comparison{
		libraries: []library{{label: "Unroll"}, {path: "/usr/bin/python3", env: []string{"A=1"}}, {label: "Gorgonia"},
			{label: "gone", missing: "no such file"}},
		works: works, threads: []int{1, 2}, rounds: 3, seconds: 2, done: 3,
		start:   time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC),
		machine: machine{model: "Abacus", flags: []string{"fma"}, system: "linux/amd64", cpus: []int{0, 1}, pinnable: true},
		limits:  map[int]float64{1: 100, 2: 0},
		others:  map[int][]float64{1: {0.01, 0.03, 0.5}},
		reports: map[int]work.Report{0: {Library: "unroll abc", Build: "go1"}, 1: {Library: "torch 2", Build: "AVX512"}},
		failures: map[cell]string{
			{2, works[0], 1}: "not offered (small)", {2, works[0], 2}: "not offered (small)", {2, works[1], 2}: "not done after 3m",
		},
		results: map[cell]map[int]work.Result{},
	}
	put := func(library, w, threads int, peak float64, tokens ...float64) {
		at := cell{library, works[w], threads}
		c.results[at] = map[int]work.Result{}
		for round, v := range tokens {
			if v > 0 {
				c.results[at][round] = work.Result{Work: works[w], Threads: threads, TokensPerSecond: v, PeakMB: peak, BaseMB: 10}
			}
		}
	}
	put(0, 0, 1, 30, 8000, 9000, 10000)
	put(1, 0, 1, 210, 4000, 3000, 2000)
	put(0, 1, 1, 50, 90000, 90000, 90000)
	put(1, 1, 1, 250, 60000, 0, 45000)
	put(2, 1, 1, 0, 10000)
	put(0, 1, 2, 50, 180000, 135000, 180000)
	put(1, 1, 2, 250, 90000, 90000, 90000)
	return c
}

const wantTables = `- 2025-03-04 05:06 UTC, 3 rounds in turn, 2 s each; 3 of them complete
- Abacus (fma), N processors, linux/amd64
- 1 thread: pinned with taskset -c 0, limit of multiply-adds 100 GFLOP/s, other processes took 3 % of a processor (median; at most 50 %)
- 2 threads: pinned with taskset -c 0,1
- Unroll: unroll abc; go1
- torch 2: AVX512; A=1
- Gorgonia: never ran to the end

### Tokens a second, 1 thread

| work | Unroll | of the limit | torch 2 | Gorgonia | Unroll / torch 2 | Unroll / Gorgonia |
| --- | --: | --: | --: | --: | --: | --: |
| Generate/gru/B1T1I8H8L1V9 | 9,000 ±11 % | 0 % | 3,000 ±33 % | - | **3.00** (2.00 to 5.00) | - |
| Train/lstm/B32T50I128H128L1V65 | 90,000 | 75 % | 52,500 ±14 % | 10,000 | **1.75** (1.50 to 2.00) | 9.00 |

### Peak memory in MB, 1 thread

| work | Unroll | torch 2 | Gorgonia | Unroll / torch 2 | Unroll / Gorgonia |
| --- | --: | --: | --: | --: | --: |
| Generate/gru/B1T1I8H8L1V9 | 30 (20) | 210 (200) | - | 0.14 (0.10) | - |
| Train/lstm/B32T50I128H128L1V65 | 50 (40) | 250 (240) | - | 0.20 (0.17) | - |

### Tokens a second, 2 threads

| work | Unroll | torch 2 | Gorgonia | Unroll / torch 2 | Unroll / Gorgonia |
| --- | --: | --: | --: | --: | --: |
| Train/lstm/B32T50I128H128L1V65 | 180,000 ±12 % | 90,000 | - | **2.00** (1.50 to 2.00) | - |

### Peak memory in MB, 2 threads

| work | Unroll | torch 2 | Gorgonia | Unroll / torch 2 | Unroll / Gorgonia |
| --- | --: | --: | --: | --: | --: |
| Train/lstm/B32T50I128H128L1V65 | 50 (40) | 250 (240) | - | 0.20 (0.17) | - |

### Speed by threads, 1 = 1

| work | Unroll, 2 | torch 2, 2 | Gorgonia, 2 |
| --- | --: | --: | --: |
| Train/lstm/B32T50I128H128L1V65 | **2.00** (1.50 to 2.00) | **1.75** (1.50 to 2.00) | - |

### Not measured

- Unroll: not begun in time: Generate/gru/B1T1I8H8L1V9 (threads: 2)
- torch 2: not begun in time: Generate/gru/B1T1I8H8L1V9 (threads: 2)
- Gorgonia: not offered (small)
- Gorgonia: not done after 3m: Train/lstm/B32T50I128H128L1V65 (threads: 2)
- gone: no such file
`

func TestMarkdown(t *testing.T) {
	got := strings.Split(example(t).markdown(), "\n")
	for i, want := range strings.Split(wantTables, "\n") {
		if i >= len(got) {
			t.Fatalf("line %d is missing: %q", i+1, want)
		}
		if before, after, ok := strings.Cut(want, "N processors"); ok && strings.HasPrefix(got[i], before) && strings.HasSuffix(got[i], after) {
			continue // their number is this machine's
		}
		if got[i] != want {
			t.Errorf("line %d:\n%s\nwant\n%s", i+1, got[i], want)
		}
	}
}

// TestMarkdownHasRectangularTables counts the cells of every row, with and without a limit known.
func TestMarkdownHasRectangularTables(t *testing.T) {
	columns := 0
	for line := range strings.Lines(example(t).markdown()) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		if n := strings.Count(line, "|"); columns == 0 {
			columns = n
		} else if n != columns {
			t.Errorf("%d bars, want %d: %s", n, columns, line)
		}
	}
}
