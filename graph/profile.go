package graph

import (
	"fmt"
	"sort"
	"strings"
	"time"
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
	flops float64
}

// stopwatch hands what programs measure to a profile.
type stopwatch struct{ *Profile }

// Took adds one run of an instruction.
func (f stopwatch) Took(kind, path string, flops float64, d time.Duration) {
	if f.kinds == nil {
		f.kinds, f.paths = map[string]*cost{}, map[string]*cost{}
	}
	addCost(f.kinds, kind, flops, d)
	addCost(f.paths, path, flops, d)
}

func addCost(to map[string]*cost, name string, flops float64, d time.Duration) {
	c := to[name]
	if c == nil {
		c = &cost{name: name}
		to[name] = c
	}
	c.count++
	c.time += d
	c.flops += flops
}

// String is two tables: time, its share, calls and GFLOP/s by kind of instruction, and by layer.
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
		sum.count += c.count
		sum.time += c.time
		sum.flops += c.flops
	}
	sort.Slice(rows, func(i, j int) bool {
		if rows[i].time != rows[j].time {
			return rows[i].time > rows[j].time
		}
		return rows[i].name < rows[j].name
	})
	fmt.Fprintf(b, "%-44s %10s %7s %10s %9s\n", head, "ms/run", "share", "calls/run", "GFLOP/s")
	for _, c := range append(rows, &sum) {
		name := c.name
		if name == "" {
			name = "(top)"
		}
		n := float64(max(runs, 1))
		rate := ""
		if c.flops > 0 {
			rate = fmt.Sprintf("%.1f", c.flops/float64(max(c.time, 1)))
		}
		fmt.Fprintf(b, "%-44s %10.3f %6.1f%% %10.4g %9s\n", name, c.time.Seconds()*1e3/n,
			100*float64(c.time)/float64(max(sum.time, 1)), float64(c.count)/n, rate)
	}
}
