package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// markdown writes everything that was found, and what was not.
func (c *comparison) markdown() string {
	var out strings.Builder
	out.WriteString(c.conditions())
	for _, threads := range c.threads {
		fmt.Fprintf(&out, "\n### Tokens a second, %s\n\n", plural(threads, "thread"))
		out.WriteString(c.speeds(threads))
		fmt.Fprintf(&out, "\n### Peak memory in MB, %s\n\n", plural(threads, "thread"))
		out.WriteString(c.memory(threads))
	}
	if len(c.threads) > 1 {
		fmt.Fprintf(&out, "\n### Speed by threads, %d = 1\n\n", c.threads[0])
		out.WriteString(c.scaling())
	}
	if missing := c.missing(); len(missing) > 0 {
		out.WriteString("\n### Not measured\n\n")
		for _, m := range missing {
			fmt.Fprintf(&out, "- %s\n", m)
		}
	}
	return out.String()
}

// neverRan is said of a library that did no work.
const neverRan = "never ran to the end"

// conditions is the list above the tables: when, where, with what.
func (c *comparison) conditions() string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, "- "+format+"\n", args...) }
	line("%s, %s in turn, %v s each; %d of them complete", c.start.UTC().Format("2006-01-02 15:04 MST"),
		plural(c.rounds, "round"), c.seconds, c.done)
	line("%v", c.machine)
	for _, threads := range c.threads {
		pin, limit := "not pinned", ""
		if p := c.machine.pin(threads); p != nil {
			pin = "pinned with " + strings.Join(p, " ")
		}
		if c.limits[threads] > 0 {
			limit = fmt.Sprintf(", limit of multiply-adds %.0f GFLOP/s", c.limits[threads])
		}
		noise := c.write(c.others[threads], func(s spread) string {
			return fmt.Sprintf(", other processes took %.0f %% of a processor (median; at most %.0f %%)", 100*s.median, 100*s.high)
		})
		line("%s: %s%s%s", plural(threads, "thread"), pin, limit, noise)
	}
	if c.wasBusy() {
		line("**the machine was busy**: figures are lower than they could be, and ratios less sure; repeat what matters on a quiet one")
	}
	for i, l := range c.libraries {
		if l.missing != "" {
			continue
		}
		about := []string{neverRan}
		if r, ok := c.reports[i]; ok {
			about = []string{r.Library, r.Build}
		}
		if len(l.env) > 0 && about[0] != neverRan {
			about = append(about, strings.Join(l.env, " "))
		}
		if about[0] == c.name(i) {
			about = about[1:]
		}
		line("%s: %s", c.name(i), strings.Join(about, "; "))
	}
	return out.String()
}

// wasBusy tells whether other processes disturbed most measurements, with some number of threads.
func (c *comparison) wasBusy() bool {
	for _, others := range c.others {
		if len(others) > 0 && over(others).median > disturbed {
			return true
		}
	}
	return c.busy
}

// speeds has a column for every library, with the share of the processors' limit for ours, then our ratio to each.
func (c *comparison) speeds(threads int) string {
	columns := c.running()
	head := []string{"work"}
	for _, i := range columns {
		head = append(head, c.name(i))
		if i == 0 && c.limits[threads] > 0 {
			head = append(head, "of the limit")
		}
	}
	return c.table(append(head, c.against(columns)...), func(w work.Work) (row []string) {
		for _, i := range columns {
			at := cell{i, w, threads}
			row = append(row, c.write(c.values(at, speed), spread.number))
			if limit := c.limits[threads]; i == 0 && limit > 0 {
				perToken := w.FLOPs() / float64(w.Tokens())
				row = append(row, c.write(c.values(at, speed), func(s spread) string {
					return fmt.Sprintf("%.0f %%", 100*s.median*perToken/1e9/limit)
				}))
			}
		}
		for _, i := range columns[1:] {
			row = append(row, c.write(c.ratios(cell{0, w, threads}, cell{i, w, threads}, speed), spread.ratio))
		}
		return row
	})
}

// memory has the same columns; in brackets is what came on top of the runtime and its libraries, and its ratio. Memory
// differs little from round to round, so that medians are enough.
func (c *comparison) memory(threads int) string {
	columns := c.running()
	head := []string{"work"}
	for _, i := range columns {
		head = append(head, c.name(i))
	}
	return c.table(append(head, c.against(columns)...), func(w work.Work) (row []string) {
		for _, i := range columns {
			at := cell{i, w, threads}
			row = append(row, c.write(c.values(at, peak), func(s spread) string {
				if s.median == 0 {
					return "" // the system does not say
				}
				return fmt.Sprintf("%s (%s)", thousands(s.median), thousands(over(c.values(at, grown)).median))
			}))
		}
		for _, i := range columns[1:] {
			ours, theirs := cell{0, w, threads}, cell{i, w, threads}
			row = append(row, c.write(c.ratios(ours, theirs, peak), func(s spread) string {
				if g := c.ratios(ours, theirs, grown); len(g) > 0 {
					return fmt.Sprintf("%s (%s)", significant(s.median), significant(over(g).median))
				}
				return significant(s.median)
			}))
		}
		return row
	})
}

// scaling divides speeds with more threads by those with the first number of threads.
func (c *comparison) scaling() string {
	head := []string{"work"}
	for _, i := range c.running() {
		for _, threads := range c.threads[1:] {
			head = append(head, fmt.Sprintf("%s, %d", c.name(i), threads))
		}
	}
	return c.table(head, func(w work.Work) (row []string) {
		for _, i := range c.running() {
			for _, threads := range c.threads[1:] {
				row = append(row, c.write(c.ratios(cell{i, w, threads}, cell{i, w, c.threads[0]}, speed), spread.ratio))
			}
		}
		return row
	})
}

// running are the libraries that can run at all; ours always can.
func (c *comparison) running() (columns []int) {
	for i, l := range c.libraries {
		if l.missing == "" {
			columns = append(columns, i)
		}
	}
	return columns
}

// against heads the columns of ratios.
func (c *comparison) against(columns []int) (head []string) {
	for _, i := range columns[1:] {
		head = append(head, c.name(0)+" / "+c.name(i))
	}
	return head
}

// write formats values, if there are any.
func (c *comparison) write(values []float64, format func(spread) string) string {
	if len(values) == 0 {
		return ""
	}
	return format(over(values))
}

// table is a row of cells for every work that has some; cells without get a dash.
func (c *comparison) table(head []string, row func(work.Work) []string) string {
	var out strings.Builder
	line := func(cells []string) { fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	line(append([]string{"---"}, slices.Repeat([]string{"--:"}, len(head)-1)...))
	for _, w := range c.works {
		found := row(w)
		if strings.Join(found, "") == "" {
			continue
		}
		cells := append([]string{w.String()}, found...)
		for i := range cells {
			if cells[i] == "" {
				cells[i] = "-"
			}
		}
		line(cells)
	}
	return out.String()
}

// missing names every library that cannot run, and everything that one did not do, with the reason.
func (c *comparison) missing() (lines []string) {
	for i, l := range c.libraries {
		if l.missing != "" {
			lines = append(lines, fmt.Sprintf("%s: %s", c.name(i), l.missing))
			continue
		}
		var reasons []string // in order of appearance
		where := map[string][]string{}
		for _, w := range c.works {
			threads := map[string][]string{}
			for _, n := range c.threads {
				if reason := c.absence(cell{i, w, n}); reason != "" {
					threads[reason] = append(threads[reason], strconv.Itoa(n))
				}
			}
			for _, reason := range slices.Sorted(maps.Keys(threads)) {
				if where[reason] == nil {
					reasons = append(reasons, reason)
				}
				where[reason] = append(where[reason], fmt.Sprintf("%v (threads: %s)", w, strings.Join(threads[reason], ", ")))
			}
		}
		for _, reason := range reasons {
			if strings.HasPrefix(reason, errUnsupported.Error()) { // the dashes tell where
				lines = append(lines, fmt.Sprintf("%s: %s", c.name(i), reason))
				continue
			}
			lines = append(lines, fmt.Sprintf("%s: %s: %s", c.name(i), reason, strings.Join(where[reason], ", ")))
		}
	}
	return lines
}

// absence is why a cell lacks results, of some rounds or all; empty if it does not.
func (c *comparison) absence(at cell) string {
	if reason := c.failures[at]; reason != "" {
		return reason
	}
	if len(c.results[at]) == 0 {
		return "not begun in time"
	}
	return ""
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
