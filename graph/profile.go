package graph

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/unroll-go/unroll/internal/compile"
)

// Profile adds up where the time of programs goes, by kind of instruction and by layer. One Profile may serve several
// programs, one after the other.
type Profile struct {
	Runs  int
	kinds map[string]*cost
	paths map[string]*cost
}

// cost is what instructions of one kind took.
type cost struct {
	name  string
	count int
	time  time.Duration
	work  compile.Work
}

// add adds up.
func (c *cost) add(count int, w compile.Work, d time.Duration) {
	c.count += count
	c.time += d
	c.work.FLOPs += w.FLOPs
	c.work.Bytes += w.Bytes
}

// stopwatch hands what programs measure to a profile.
type stopwatch struct{ *Profile }

// Took adds one run of an instruction.
func (f stopwatch) Took(kind, path string, w compile.Work, d time.Duration) {
	if f.kinds == nil {
		f.kinds, f.paths = map[string]*cost{}, map[string]*cost{}
	}
	addCost(f.kinds, kind, w, d)
	addCost(f.paths, path, w, d)
}

func addCost(to map[string]*cost, name string, w compile.Work, d time.Duration) {
	c := to[name]
	if c == nil {
		c = &cost{name: name}
		to[name] = c
	}
	c.add(1, w, d)
}

// String is two tables, by kind of instruction and by layer: time, its share, calls, GFLOP/s of products, and the bytes
// that had to be read and written, with their rate. Bytes count each operand and each result of an instruction once, so the
// caches may have served them, or memory more of them; a rate near that of the memory (the benchmark Read measures it) says
// that faster arithmetic would gain nothing.
func (f *Profile) String() string {
	var b strings.Builder
	table(&b, "instruction", f.kinds, f.Runs)
	b.WriteString("\n")
	table(&b, "layer", f.paths, f.Runs)
	return b.String()
}

func table(b *strings.Builder, head string, costs map[string]*cost, runs int) {
	rows := make([]*cost, 0, len(costs))
	sum := cost{name: "total"}
	for _, c := range costs {
		rows = append(rows, c)
		sum.add(c.count, c.work, c.time)
	}
	sort.Slice(rows, func(i, j int) bool {
		if rows[i].time != rows[j].time {
			return rows[i].time > rows[j].time
		}
		return rows[i].name < rows[j].name
	})
	fmt.Fprintf(b, "%-44s %10s %7s %10s %9s %10s %8s\n", head, "ms/run", "share", "calls/run", "GFLOP/s", "MB/run", "GB/s")
	for _, c := range append(rows, &sum) {
		name := c.name
		if name == "" {
			name = "(top)"
		}
		n := float64(max(runs, 1))
		line := fmt.Sprintf("%-44s %10.3f %6.1f%% %10.4g %9s %10.3f %8s", name, c.time.Seconds()*1e3/n,
			100*float64(c.time)/float64(max(sum.time, 1)), float64(c.count)/n, c.rate(c.work.FLOPs), c.work.Bytes/1e6/n, c.rate(c.work.Bytes))
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
}

// rate is so many in a nanosecond of the cost's time; nothing of nothing.
func (c *cost) rate(n float64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", n/float64(max(c.time, 1)))
}
