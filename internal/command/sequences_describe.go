package command

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// describe says how the table was read, and what of it is strange.
func (t *sequenceTable) describe(w io.Writer) {
	what := ""
	switch {
	case t.Labels != nil:
		what = fmt.Sprintf(", classes in %q (%s)", t.columns.target, quotedList(distinctOf(t.Labels)))
	case t.Numbers != nil:
		what = fmt.Sprintf(", numbers in %q (%.4g to %.4g)", t.columns.target, slices.Min(t.Numbers), slices.Max(t.Numbers))
	}
	tell(w, "Table", "%s: %s in %q%s", t.Name, count(t.Len(), "sequence", "sequences"), t.columns.id, what)
	tell(w, "Format", "%s", t.format)
	shortest := t.Longest()
	for i := range t.IDs {
		shortest = min(shortest, t.Steps(i))
	}
	lengths := strconv.Itoa(shortest)
	if shortest < t.Longest() {
		lengths = fmt.Sprintf("%d to %d", shortest, t.Longest())
	}
	when := "in the table's order"
	if t.columns.time != noColumn {
		when = fmt.Sprintf("by the times in %q", t.columns.time)
	}
	tell(w, "Steps", "%s rows each, %s (--time)", lengths, when)
	var names []string
	for _, c := range t.Columns {
		name := c.Name
		if c.Categories != nil {
			name += fmt.Sprintf(" (%d words)", len(c.Categories))
		}
		names = append(names, name)
	}
	tell(w, "Values", "%s; %s missing (--features)", quotedList(names), percent(t.Missing()))
	note := func(format string, args ...any) { tell(w, "Note", ""+format+"", args...) }
	if len(t.left) > 0 {
		note("left out, as they have no numbers: %s (--features takes their words)", quotedList(t.left))
	}
	if t.cut > 0 {
		note("longer than --max-rows, so that the last rows are taken: %s", count(t.cut, "sequence", "sequences"))
	}
	t.describeTargets(note)
}

// describeTargets notes targets that are few, or may be something else.
func (t *sequenceTable) describeTargets(note func(format string, args ...any)) {
	if t.Labels == nil {
		return
	}
	have := map[string]int{}
	numbers := true
	for _, l := range t.Labels {
		have[l]++
		_, err := strconv.ParseFloat(l, 64)
		numbers = numbers && err == nil
	}
	var one []string
	for _, l := range slices.Sorted(maps.Keys(have)) {
		if have[l] == 1 {
			one = append(one, l)
		}
	}
	if len(one) > 0 {
		note("classes that only one sequence has: %s", quotedList(one))
	}
	if numbers {
		note("few whole numbers are taken for classes (--target-kind number, if not)")
	}
}

// distinctOf are the different values of a list, in order.
func distinctOf(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// percent writes a share.
func percent(share float64) string {
	if share == 0 {
		return "none is"
	}
	return fmt.Sprintf("%.3g %% are", 100*share)
}
