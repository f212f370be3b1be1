package work

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Result is one measurement by one process.
type Result struct {
	Work            Work
	Threads         int
	Steps           int     // how many were timed
	Nanoseconds     float64 // a step, the median
	TokensPerSecond float64
	PeakMB          float64 // the process's largest resident memory, 10⁶ bytes; 0 if unknown
	BaseMB          float64 // the same before the work began: runtime and libraries
}

// Unsupported is the exit status of a program that does not offer the work it was asked for; standard error says why.
const Unsupported = 3

// Report is what a program of the comparison prints, in Go's format of benchmark data: lines "key: value" about the
// program, then a line for every result.
//
//	library: torch 2.15.0
//	build: AVX512, MKL 2024.2
//	BenchmarkTrain/lstm/B32T50I128H128L1V65-1 143 21012345 ns/op 76140 tokens/s 412.3 peak-MB 230.1 base-MB
type Report struct {
	Library string // name and version
	Build   string // what it was built with and uses
	Results []Result
}

// Write prints the report.
func (r Report) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "library: %s\nbuild: %s\n", r.Library, r.Build)
	for _, m := range r.Results {
		fmt.Fprintf(out, "Benchmark%v-%d %d %.0f ns/op %.0f tokens/s", m.Work, m.Threads, m.Steps, m.Nanoseconds, m.TokensPerSecond)
		if m.PeakMB > 0 {
			fmt.Fprintf(out, " %.1f peak-MB %.1f base-MB", m.PeakMB, m.BaseMB)
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

// ParseReport reads what a program printed. Lines that are none of a report's are passed over: libraries like to talk.
func ParseReport(text string) (Report, error) {
	var r Report
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "library: "); ok {
			r.Library = v
		} else if v, ok := strings.CutPrefix(line, "build: "); ok {
			r.Build = v
		} else if v, ok := strings.CutPrefix(line, "Benchmark"); ok {
			m, err := parseResult(v)
			if err != nil {
				return Report{}, fmt.Errorf("work: %w in the line %q", err, line)
			}
			r.Results = append(r.Results, m)
		}
	}
	if len(r.Results) == 0 || r.Library == "" {
		return Report{}, fmt.Errorf("work: want a line \"library: ...\" and a line \"Benchmark...\", found %q", text)
	}
	return r, nil
}

// parseResult reads a line after the word Benchmark: name-threads, steps, then pairs of number and unit.
func parseResult(line string) (m Result, err error) {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 {
		return m, fmt.Errorf("want a name, a count, and pairs of number and unit, found %d fields", len(fields))
	}
	dash := strings.LastIndexByte(fields[0], '-')
	if dash < 0 {
		return m, fmt.Errorf("want the number of threads after the name")
	}
	if m.Work, err = Parse(fields[0][:dash]); err != nil {
		return m, err
	}
	if m.Threads, err = strconv.Atoi(fields[0][dash+1:]); err != nil || m.Threads < 1 {
		return m, fmt.Errorf("want a number of threads, found %q", fields[0][dash+1:])
	}
	if m.Steps, err = strconv.Atoi(fields[1]); err != nil || m.Steps < 1 {
		return m, fmt.Errorf("want a number of steps, found %q", fields[1])
	}
	for i := 2; i < len(fields); i += 2 {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || !(v >= 0 && v <= math.MaxFloat64) {
			return m, fmt.Errorf("want a number before %s, found %q", fields[i+1], fields[i])
		}
		switch fields[i+1] {
		case "ns/op":
			m.Nanoseconds = v
		case "tokens/s":
			m.TokensPerSecond = v
		case "peak-MB":
			m.PeakMB = v
		case "base-MB":
			m.BaseMB = v
		}
	}
	if m.TokensPerSecond == 0 {
		return m, fmt.Errorf("want tokens/s")
	}
	return m, nil
}
