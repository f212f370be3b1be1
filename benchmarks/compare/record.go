package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

// record is what one machine gave: a file of benchmarks/results, from which docs/benchmarks.md is written.
type record struct {
	Machine string `json:"machine"`          // for people, such as "Two virtual cores of an AMD EPYC (Zen 4)"
	Source  string `json:"source,omitempty"` // of figures that were written down by hand
	Runs    []run  `json:"runs"`
}

// run is one call of this command.
type run struct {
	Date       string          `json:"date"`
	Command    string          `json:"command"`
	Threads    []int           `json:"threads"`
	Limits     map[int]float64 `json:"limits"`     // GFLOP/s, by threads; 0 if unknown
	Conditions []string        `json:"conditions"` // what else they depend on, a line of Markdown each
	Missing    []string        `json:"missing"`    // what was not run, and why
	Results    []entry         `json:"results"`    // in the order of works, and of libraries
}

// entry is what a library did at one work with so many threads.
type entry struct {
	Work    string    `json:"work"`
	Threads int       `json:"threads"`
	Library string    `json:"library"`
	Speeds  []float64 `json:"tokens_per_second"` // by round; 0 where it was not measured
	PeakMB  float64   `json:"peak_mb,omitempty"` // median; 0 if unknown
}

// record is the run so far.
func (c *comparison) record(command string) run {
	r := run{Date: c.start.UTC().Format("2006-01-02"), Command: command, Threads: c.threads, Limits: c.limits, Missing: c.missing()}
	for line := range strings.Lines(c.conditions()) {
		if !strings.HasSuffix(line, neverRan+"\n") { // Missing tells why
			r.Conditions = append(r.Conditions, strings.TrimPrefix(strings.TrimSpace(line), "- "))
		}
	}
	for _, threads := range c.threads {
		for _, w := range c.works {
			for _, i := range c.running() {
				at := cell{i, w, threads}
				if len(c.results[at]) == 0 {
					continue
				}
				e := entry{Work: w.String(), Threads: threads, Library: c.name(i), PeakMB: over(c.values(at, peak)).median}
				for round := range c.rounds {
					e.Speeds = append(e.Speeds, c.results[at][round].TokensPerSecond)
				}
				r.Results = append(r.Results, e)
			}
		}
	}
	return r
}

// keep adds a run to the file of a machine. It takes the place of those with the same numbers of threads.
func keep(path string, m machine, r run) error {
	all, err := readRecord(path)
	if errors.Is(err, fs.ErrNotExist) {
		all, err = record{Machine: m.model}, nil
	}
	if err != nil {
		return err
	}
	all.Runs = slices.DeleteFunc(all.Runs, func(old run) bool {
		return !slices.ContainsFunc(old.Threads, func(n int) bool { return !slices.Contains(r.Threads, n) })
	})
	all.Runs = append(all.Runs, r)
	return atomicfile.Write(path, func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		out.SetIndent("", "\t")
		return out.Encode(all)
	})
}

// readRecord reads the file of a machine, and refuses one from which no page can be written.
func readRecord(path string) (r record, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("compare: %s: %w", path, err)
	}
	for _, one := range r.Runs {
		for _, e := range one.Results {
			if _, err := work.Parse(e.Work); err != nil {
				return r, fmt.Errorf("compare: %s: %w", path, err)
			}
			if !slices.ContainsFunc(e.Speeds, func(v float64) bool { return v > 0 }) || slices.Min(e.Speeds) < 0 {
				return r, fmt.Errorf("compare: %s: %s by %s: want speeds above 0, found %v", path, e.Work, e.Library, e.Speeds)
			}
			if !slices.Contains(one.Threads, e.Threads) {
				return r, fmt.Errorf("compare: %s: %s by %s has %d threads, its run %v", path, e.Work, e.Library, e.Threads, one.Threads)
			}
		}
	}
	return r, nil
}
