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

	once  time.Duration // what takes longer is measured in the first round only
	idle  time.Duration // to wait for a quiet machine before each measurement
	meter meter
	vain  int  // waits in vain so far, one after the other
	busy  bool // the machine does not get quiet

	start    time.Time
	done     int // rounds that are complete
	limits   map[int]float64
	results  map[cell]map[int]work.Result // by round
	others   map[int][]float64            // by threads: what other processes took of a processor in each measurement
	failures map[cell]string
	took     map[cell]time.Duration // by a process from its start to its end, the last one
	reports  map[int]work.Report    // what libraries said about themselves
}

// measure runs all rounds, or as many as there is time for until ctx ends. Within a round, the libraries take turns at
// each work, and another one begins in the next round.
func (c *comparison) measure(ctx context.Context) {
	c.results, c.failures = map[cell]map[int]work.Result{}, map[cell]string{}
	c.reports, c.limits = map[int]work.Report{}, map[int]float64{}
	c.others, c.took = map[int][]float64{}, map[cell]time.Duration{}
	for round := range c.rounds {
		for _, threads := range c.threads {
			c.settle(ctx)
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
}

// one measures once, unless the library has failed at this before.
func (c *comparison) one(ctx context.Context, round int, at cell) {
	l := c.libraries[at.library]
	if l.missing != "" || c.failures[at] != "" || ctx.Err() != nil || (c.once > 0 && c.took[at] > c.once) {
		return
	}
	report, text, others, err := c.undisturbed(ctx, l, at)
	what := fmt.Sprintf("round %d of %d, threads %d, %v, %s: ", round+1, c.rounds, at.threads, at.work, c.name(at.library))
	if err != nil {
		if ctx.Err() == nil { // an interrupted process has not failed
			c.failures[at] = err.Error()
			if !errors.Is(err, errUnsupported) {
				fmt.Fprintln(c.progress, what+err.Error())
			}
		}
		return
	}
	if len(report.Build) >= len(c.reports[at.library].Build) { // training tells more than generating
		c.reports[at.library] = report
	}
	if c.results[at] == nil {
		c.results[at] = map[int]work.Result{}
	}
	c.results[at][round] = report.Results[0]
	c.others[at.threads] = append(c.others[at.threads], others)
	fmt.Fprintf(c.progress, "%s%s tokens/s, others took %.0f %%\n", what, thousands(report.Results[0].TokensPerSecond), 100*others)
	if _, err := io.WriteString(c.raw, text); err != nil {
		fmt.Fprintln(c.progress, err)
	}
}

// undisturbed runs a process when the machine is quiet, a few times if it was not for long, and returns what the least
// disturbed one reported.
func (c *comparison) undisturbed(ctx context.Context, l library, at cell) (best work.Report, text string, least float64, err error) {
	for attempt := range attempts {
		c.settle(ctx)
		var o outcome
		start := time.Now()
		others := c.meter.others(func() time.Duration {
			o = l.run(ctx, at.work, at.threads, c.seconds, c.timeout, c.machine.pin(at.threads))
			return o.own
		})
		c.took[at] = time.Since(start)
		if o.err != nil {
			return best, "", 0, o.err
		}
		if attempt == 0 || others < least {
			best, text, least = o.report, o.text, others
		}
		if least <= disturbed || c.busy {
			break
		}
	}
	return best, text, least, nil
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

// outcome is what one process left behind.
type outcome struct {
	report work.Report
	text   string        // the report as it was printed
	own    time.Duration // time on processors
	err    error
}

// run starts the library's program for one measurement.
func (l library) run(ctx context.Context, w work.Work, threads int, seconds float64, timeout time.Duration, pin []string) (o outcome) {
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
	if cmd.ProcessState != nil {
		o.own = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		o.err = fmt.Errorf("not done after %v", timeout)
	case errors.As(err, &exit) && exit.ExitCode() == work.Unsupported:
		o.err = fmt.Errorf("%w (%s)", errUnsupported, lastLine(complaint.String()))
	case err != nil:
		o.err = fmt.Errorf("%w: %s", err, lastLine(complaint.String()))
	default:
		o.text = out.String()
		o.report, o.err = check(o.text, w, threads)
	}
	return o
}

// check reads a report and refuses one about something else than what was asked for.
func check(text string, w work.Work, threads int) (work.Report, error) {
	report, err := work.ParseReport(text)
	if err != nil {
		return report, err
	}
	if r := report.Results[0]; len(report.Results) != 1 || r.Work != w || r.Threads != threads {
		return report, fmt.Errorf("asked for %v with %s, it reported %q", w, plural(threads, "thread"), strings.TrimSpace(text))
	}
	return report, nil
}
