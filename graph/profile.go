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

// Profile has every following run measured into prof, which takes about a tenth of a microsecond an instruction; nil
// stops it.
func (p *Program) Profile(prof *Profile) { p.profile = prof }

// execute runs the instructions of a program, from one on, against the clock.
func (f *Profile) execute(p *Program, from int) error {
	if f.kinds == nil {
		f.kinds, f.paths = map[string]*cost{}, map[string]*cost{}
	}
	f.Runs++
	before := time.Now()
	for p.at = from; p.at < len(p.steps); p.at++ {
		s := &p.steps[p.at]
		if err := s.run(); err != nil {
			return s.failed(err)
		}
		now := time.Now()
		f.add(f.kinds, s.kind(), s, now.Sub(before))
		f.add(f.paths, s.values[0].path, s, now.Sub(before))
		before = now
	}
	return nil
}

func (f *Profile) add(to map[string]*cost, name string, s *instruction, d time.Duration) {
	c := to[name]
	if c == nil {
		c = &cost{name: name}
		to[name] = c
	}
	c.count++
	c.time += d
	if s.copies == nil {
		c.flops += flopsOf(s.values[0])
	}
}

// kind is the sort of work that an instruction does.
func (s *instruction) kind() string {
	v := s.values[0]
	_, tiled := v.op.(elementwise)
	switch o := v.op.(type) {
	case matmul:
		if s.copies == nil {
			return o.String()
		}
	case packing:
		return "pack"
	}
	switch {
	case s.copies != nil:
		return "copy"
	case tiled:
		return "element-wise"
	}
	return kindOf(v)
}

// kindOf is the name of an operation for a profile: where a slice lies is left out, or each step of a sequence would be
// a kind of its own.
func kindOf(v *value) string {
	switch o := v.op.(type) {
	case slice:
		return fmt.Sprintf("slice %d of %d", o.end-o.start, o.n)
	case pad:
		return fmt.Sprintf("pad %d to %d", o.end-o.start, o.n)
	}
	return v.opName()
}

// flopsOf counts the floating-point operations of a product.
func flopsOf(v *value) float64 {
	o, ok := v.op.(matmul)
	if !ok {
		return 0
	}
	_, _, k := o.sizes(v.in[0].shape, v.in[1].shape)
	return 2 * float64(v.size()) * float64(k)
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
