package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// cell is a place in the tables: a library by its number, at one work, with so many threads.
type cell struct {
	library int
	work    work.Work
	threads int
}

// comparison is a whole run of this command.
type comparison struct {
	libraries []library // ours first
	works     []work.Work
	threads   []int
	rounds    int
	seconds   float64
	timeout   time.Duration
	machine   machine
	progress  io.Writer
	raw       io.Writer
	limit     func(processors int) float64 // GFLOP/s

	start, end     time.Time
	before, after  string // load
	done           int    // rounds that are complete
	limits         map[int]float64
	results        map[cell]map[int]work.Result // by round
	failures       map[cell]string
	reports        map[int]work.Report // what libraries said about themselves
}

// measure runs all rounds, or as many as there is time for until ctx ends. Within a round, the libraries take turns at
// each work, and another one begins in the next round.
func (c *comparison) measure(ctx context.Context) {
	c.results, c.failures = map[cell]map[int]work.Result{}, map[cell]string{}
	c.reports, c.limits = map[int]work.Report{}, map[int]float64{}
	c.before = load()
	for round := range c.rounds {
		for _, threads := range c.threads {
			c.limits[threads] = max(c.limits[threads], c.limit(threads))
			for _, w := range c.works {
				for i := range c.libraries {
					c.one(ctx, round, cell{(i + round) % len(c.libraries), w, threads})
				}
			}
		}
		if ctx.Err() != nil {
			break
		}
		c.done++
	}
	c.after, c.end = load(), time.Now()
}

// one runs one process, unless the library has failed at this before.
func (c *comparison) one(ctx context.Context, round int, at cell) {
	l := c.libraries[at.library]
	if l.missing != "" || c.failures[at] != "" || ctx.Err() != nil {
		return
	}
	report, text, err := l.run(ctx, at.work, at.threads, c.seconds, c.timeout, c.machine.pin(at.threads))
	what := fmt.Sprintf("round %d of %d, threads %d, %v, %s: ", round+1, c.rounds, at.threads, at.work, c.name(at.library))
	if err != nil {
		if ctx.Err() == nil { // an interrupted process has not failed
			c.failures[at] = err.Error()
			fmt.Fprintln(c.progress, what+err.Error())
		}
		return
	}
	c.reports[at.library] = report
	if c.results[at] == nil {
		c.results[at] = map[int]work.Result{}
	}
	c.results[at][round] = report.Results[0]
	fmt.Fprintln(c.progress, what+thousands(report.Results[0].TokensPerSecond)+" tokens/s")
	if _, err := io.WriteString(c.raw, text); err != nil {
		fmt.Fprintln(c.progress, err)
	}
}

// name is a library's for the tables' heads.
func (c *comparison) name(i int) string {
	l := c.libraries[i]
	switch {
	case l.label != "":
		return l.label
	case c.reports[i].Library != "":
		return c.reports[i].Library
	}
	return l.path
}

var errUnsupported = errors.New("not offered")

// run starts the library's program for one measurement. It returns the report, also as it was printed.
func (l library) run(ctx context.Context, w work.Work, threads int, seconds float64, timeout time.Duration, pin []string) (work.Report, string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	args := append(append([]string{}, pin...), l.command...)
	args = append(args, "--seconds", strconv.FormatFloat(seconds, 'f', -1, 64), "--threads", strconv.Itoa(threads), w.String())
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = l.environment(threads)
	cmd.WaitDelay = time.Second
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return work.Report{}, "", fmt.Errorf("not done after %v", timeout)
	case errors.As(err, &exit) && exit.ExitCode() == work.Unsupported:
		return work.Report{}, "", fmt.Errorf("%w (%s)", errUnsupported, lastLine(complaint.String()))
	case err != nil:
		return work.Report{}, "", fmt.Errorf("%w: %s", err, lastLine(complaint.String()))
	}
	report, err := work.ParseReport(out.String())
	if err != nil {
		return work.Report{}, "", err
	}
	if r := report.Results[0]; len(report.Results) != 1 || r.Work != w || r.Threads != threads {
		return work.Report{}, "", fmt.Errorf("asked for %v with %d threads, it reported %s", w, threads, strings.TrimSpace(out.String()))
	}
	return report, out.String(), nil
}
