package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

// The part of docs/benchmarks.md between these lines is written by this command.
const (
	pageBegins = "<!-- From here to the end: go run ./benchmarks/compare -page, from benchmarks/results. -->\n"
	pagePath   = "docs/benchmarks.md"
	recordsAt  = "benchmarks/results/*.json"
	pictures   = "docs/images"
)

// writePage writes the figures of all recorded machines into the page, with their pictures.
func writePage(root string) error {
	page, drawn, err := makePage(root)
	if err != nil {
		return err
	}
	for name, svg := range drawn {
		if err := atomicfile.WriteBytes(filepath.Join(root, pictures, name), svg); err != nil {
			return err
		}
	}
	return atomicfile.WriteBytes(filepath.Join(root, pagePath), []byte(page))
}

// makePage returns the whole page, and its pictures by file name.
func makePage(root string) (page string, drawn map[string][]byte, err error) {
	text, err := os.ReadFile(filepath.Join(root, pagePath))
	if err != nil {
		return "", nil, err
	}
	before, _, ok := strings.Cut(string(text), pageBegins)
	if !ok {
		return "", nil, fmt.Errorf("compare: %s: want the line %q", pagePath, strings.TrimSpace(pageBegins))
	}
	paths, err := filepath.Glob(filepath.Join(root, recordsAt))
	if err != nil {
		return "", nil, err
	}
	var out strings.Builder
	drawn = map[string][]byte{}
	out.WriteString(before + pageBegins)
	for _, path := range paths {
		r, err := readRecord(path)
		if err != nil {
			return "", nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if err := r.section(&out, name, drawn); err != nil {
			return "", nil, fmt.Errorf("compare: %s: %w", path, err)
		}
	}
	return out.String(), drawn, nil
}

// section is what the page has about a machine.
func (r record) section(out *strings.Builder, name string, drawn map[string][]byte) error {
	fmt.Fprintf(out, "\n### %s\n", r.Machine)
	if r.Source != "" {
		fmt.Fprintf(out, "\n%s\n", r.Source)
	}
	for _, one := range r.Runs {
		if one.Command != "" {
			fmt.Fprintf(out, "\n```sh\n%s\n```\n\n", one.Command)
		}
		if one.Command == "" {
			out.WriteString("\n")
		}
		for _, c := range one.Conditions {
			fmt.Fprintf(out, "- %s\n", c)
		}
		for _, threads := range one.Threads {
			fmt.Fprintf(out, "\n#### %s: %s\n\n", r.Machine, plural(threads, "thread"))
			if points := one.relative(threads); len(points) > 0 {
				file := fmt.Sprintf("benchmarks-%s-%d.svg", name, threads)
				svg, err := picture(points)
				if err != nil {
					return err
				}
				drawn[file] = svg
				fmt.Fprintf(out, "![Speed of others, Unroll's being 1](images/%s)\n\n", file)
			}
			one.table(out, threads)
		}
		if len(one.Missing) > 0 {
			out.WriteString("\nNot run, or not offered:\n\n")
			for _, m := range one.Missing {
				fmt.Fprintf(out, "- %s\n", m)
			}
		}
	}
	return nil
}

// table has a row for every library at every work: the fastest first.
func (r run) table(out *strings.Builder, threads int) {
	out.WriteString("| work | library | tokens a second | Unroll / library | peak MB |\n| --- | --- | --: | --: | --: |\n")
	for _, group := range r.groups(threads) {
		ours := group.of(oursName)
		for i, e := range group {
			name, library, ratio, memory := "", e.Library, "-", "-"
			if i == 0 {
				name = e.Work
			}
			switch {
			case e.Library == oursName:
				library, ratio = "**"+oursName+"**", r.ofLimit(e)
			case ours != nil:
				if v := roundRatios(*ours, e); len(v) > 0 {
					ratio = over(v).ratio()
				}
			}
			if e.PeakMB > 0 {
				memory = thousands(e.PeakMB)
			}
			fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n", name, library, over(measured(e)).number(), ratio, memory)
		}
	}
}

// ofLimit is the share of what the processors' multiply-adds allow.
func (r run) ofLimit(e entry) string {
	w, err := work.Parse(e.Work)
	limit := r.Limits[e.Threads]
	if err != nil || limit == 0 {
		return ""
	}
	perToken := w.FLOPs() / float64(w.Tokens())
	return fmt.Sprintf("%.0f %% of the limit", 100*over(measured(e)).median*perToken/1e9/limit)
}

// oursName is this library's in the results.
const oursName = "Unroll"

// group has what libraries did at one work.
type group []entry

func (g group) of(library string) *entry {
	for i := range g {
		if g[i].Library == library {
			return &g[i]
		}
	}
	return nil
}

// groups are the results with so many threads by work, in order; the fastest library of each comes first.
func (r run) groups(threads int) (all []group) {
	for _, e := range r.Results {
		if e.Threads != threads {
			continue
		}
		if n := len(all); n > 0 && all[n-1][0].Work == e.Work {
			all[n-1] = append(all[n-1], e)
			continue
		}
		all = append(all, group{e})
	}
	for _, g := range all {
		slices.SortStableFunc(g, func(a, b entry) int {
			switch x, y := over(measured(a)).median, over(measured(b)).median; {
			case x > y:
				return -1
			case x < y:
				return 1
			}
			return 0
		})
	}
	return all
}

// measured are the speeds of the rounds that there were.
func measured(e entry) []float64 {
	return slices.DeleteFunc(slices.Clone(e.Speeds), func(v float64) bool { return v == 0 })
}

// roundRatios divides speeds round by round: what both ran next to each other.
func roundRatios(a, b entry) (v []float64) {
	for round := range min(len(a.Speeds), len(b.Speeds)) {
		if a.Speeds[round] > 0 && b.Speeds[round] > 0 {
			v = append(v, a.Speeds[round]/b.Speeds[round])
		}
	}
	return v
}

// point is how fast a library is at a work, this one being 1.
type point struct {
	work, library string
	speed         float64
}

// relative are the points of a picture.
func (r run) relative(threads int) (points []point) {
	for _, g := range r.groups(threads) {
		ours := g.of(oursName)
		if ours == nil {
			continue
		}
		for _, e := range g {
			if v := roundRatios(e, *ours); len(v) > 0 && e.Library != oursName {
				points = append(points, point{e.Work, e.Library, over(v).median})
			}
		}
	}
	return points
}
