package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// TestMain lets the test's own program stand for libraries: with FAKE_LIBRARY set, it does as that says.
func TestMain(m *testing.M) {
	if kind := os.Getenv("FAKE_LIBRARY"); kind != "" {
		os.Exit(fake(kind, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fake is a program of the comparison, called as --seconds S --threads N name.
func fake(kind string, args []string) int {
	w, err := work.Parse(args[4])
	if err != nil || args[0] != "--seconds" || args[2] != "--threads" || os.Getenv("OMP_NUM_THREADS") != args[3] {
		fmt.Fprintln(os.Stderr, "called with", args)
		return 2
	}
	tokens := map[string]int{"fast": 3000, "slow": 1000, "deaf": 1000}[kind]
	switch kind {
	case "choosy":
		fmt.Fprintln(os.Stderr, "not for me")
		return work.Unsupported
	case "broken":
		fmt.Fprintln(os.Stderr, "Traceback\nout of luck")
		return 1
	case "hanging":
		time.Sleep(time.Minute)
	case "mumbling":
		fmt.Println("hello")
		return 0
	case "deaf":
		w.H++
	}
	fmt.Printf("library: %s 1.0\nbuild: none\nBenchmark%v-%s 10 5 ns/op %d tokens/s 20.0 peak-MB 5.0 base-MB\n", kind, w, args[3], tokens)
	return 0
}

func fakes(t *testing.T, kinds ...string) []library {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var all []library
	for _, kind := range kinds {
		all = append(all, library{path: kind, command: []string{self}, env: []string{"FAKE_LIBRARY=" + kind}})
	}
	return all
}

// silent is a machine on which nobody else works.
func silent() (float64, bool) { return 0, true }

func small(t *testing.T, kinds ...string) (*comparison, *strings.Builder, *strings.Builder) {
	w, err := work.Parse("Train/gru/B1T2I3H4L1V5")
	if err != nil {
		t.Fatal(err)
	}
	var progress, raw strings.Builder
	return &comparison{
		libraries: fakes(t, kinds...), works: []work.Work{w}, threads: []int{1, 2}, rounds: 2, seconds: 0.5, timeout: time.Minute,
		meter: silent, progress: &progress, raw: &raw, limit: func(int) float64 { return 0 }, start: time.Now(),
	}, &progress, &raw
}

func TestMeasure(t *testing.T) {
	c, progress, raw := small(t, "fast", "slow", "choosy", "broken", "mumbling", "deaf")
	c.libraries = append(c.libraries, library{label: "gone", missing: "no such file"})
	c.measure(context.Background())
	for _, threads := range c.threads {
		for i, want := range []float64{3000, 1000} {
			at := cell{i, c.works[0], threads}
			for round := range 2 {
				if r := c.results[at][round]; r.TokensPerSecond != want || r.PeakMB != 20 || r.Threads != threads {
					t.Errorf("library %d, %d threads, round %d: %+v", i, threads, round, r)
				}
			}
		}
		for i, want := range map[int]string{2: "not offered (not for me)", 3: "exit status 1: out of luck", 4: "want a line", 5: "asked for Train/gru/B1T2I3H4L1V5"} {
			at := cell{i, c.works[0], threads}
			if got := c.failures[at]; !strings.Contains(got, want) || len(c.results[at]) != 0 {
				t.Errorf("library %d: failure %q, want %q", i, got, want)
			}
		}
	}
	if c.done != 2 || len(c.others[1]) != 4 {
		t.Errorf("%d rounds are done, %d measurements with one thread; want 2, 4", c.done, len(c.others[1]))
	}
	if n := strings.Count(progress.String(), "out of luck"); n != 2 { // once for each number of threads
		t.Errorf("the broken one ran %d times, want 2:\n%s", n, progress)
	}
	if r, err := work.ParseReport(raw.String()); err != nil || len(r.Results) != 8 {
		t.Errorf("the raw lines have %d results, %v; want 8", len(r.Results), err)
	}
	if c.name(0) != "fast 1.0" || c.name(3) != "broken" || c.name(6) != "gone" {
		t.Errorf("names %q, %q, %q", c.name(0), c.name(3), c.name(6))
	}
}

func TestMeasureGivesUp(t *testing.T) {
	c, _, _ := small(t, "hanging")
	c.timeout = 300 * time.Millisecond
	c.measure(context.Background())
	if got := c.failures[cell{0, c.works[0], 2}]; got != "not done after 300ms" {
		t.Errorf("failure %q", got)
	}
}

func TestMeasureStopsWhenInterrupted(t *testing.T) {
	c, _, _ := small(t, "fast")
	ctx, cancel := context.WithCancel(context.Background())
	c.limit = func(threads int) float64 {
		if threads == 2 {
			cancel()
		}
		return 1
	}
	c.measure(ctx)
	if n := len(c.results[cell{0, c.works[0], 1}]); n != 1 || c.done != 0 || len(c.failures) != 0 {
		t.Errorf("%d results, %d rounds, failures %v; want 1, 0, none", n, c.done, c.failures)
	}
	if got := c.missing(); len(got) != 1 || !strings.Contains(got[0], "not begun in time: Train/gru/B1T2I3H4L1V5 (threads: 2)") {
		t.Errorf("missing %q", got)
	}
}

// TestMeasureAgainWhenDisturbed has others at work in the first two attempts, less in the second.
func TestMeasureAgainWhenDisturbed(t *testing.T) {
	c, _, _ := small(t, "fast")
	c.rounds, c.threads = 1, []int{1}
	readings, seconds := 0, 0.0
	c.meter = func() (float64, bool) { // before and after every attempt
		readings++
		if readings%2 == 0 {
			seconds += 1000 / float64(readings)
		}
		return seconds, true
	}
	c.measure(context.Background())
	if readings != 2*attempts {
		t.Errorf("%d readings, want %d", readings, 2*attempts)
	}
	if len(c.others[1]) != 1 || c.others[1][0] < disturbed {
		t.Errorf("others took %v, want one share above %v", c.others[1], disturbed)
	}
}

// TestSlowOnesAreMeasuredOnce has a library whose processes take longer than -once: it has results of the first round only.
func TestSlowOnesAreMeasuredOnce(t *testing.T) {
	c, _, _ := small(t, "fast", "slow")
	c.threads, c.once = []int{1}, time.Nanosecond
	c.measure(context.Background())
	for i := range c.libraries {
		if r := c.results[cell{i, c.works[0], 1}]; len(r) != 1 || r[0].TokensPerSecond == 0 {
			t.Errorf("library %d has the rounds %v, want the first alone", i, r)
		}
	}
	if c.done != 2 {
		t.Errorf("%d rounds are done, want 2", c.done)
	}
}
