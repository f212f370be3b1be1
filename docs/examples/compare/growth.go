package main

import (
	"fmt"
	"time"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// growth measures what a token costs in sequences of different lengths: time, for loss and gradient, and memory.
func growth(e effort) error {
	const batch = 8
	columns := []string{"network"}
	times, sizes := make([][]string, len(families)), make([][]string, len(families))
	for i, f := range families {
		times[i], sizes[i] = []string{f.name}, []string{f.name}
	}
	var shapes []shape
	for _, T := range e.lengths {
		columns, shapes = append(columns, fmt.Sprintf("T = %d", T)), append(shapes, shape{T, batch})
	}
	microseconds, bytes, err := costs(shapes)
	if err != nil {
		return err
	}
	for s := range shapes {
		for i := range families {
			times[i] = append(times[i], fmt.Sprintf("%.1f", microseconds[s][i]))
			sizes[i] = append(sizes[i], fmt.Sprintf("%.1f", bytes[s][i]/1000))
		}
	}
	table(fmt.Sprintf("Training time per token, microseconds, %d sequences at once", batch), columns, times)
	table("Memory per token, kB", columns, sizes)

	microseconds, _, err = costs([]shape{{256, 1}, {256, 32}})
	if err != nil {
		return err
	}
	one, many := microseconds[0], microseconds[1]
	lines := make([][]string, len(families))
	for i, f := range families {
		lines[i] = []string{f.name, fmt.Sprintf("%.1f", one[i]), fmt.Sprintf("%.1f", many[i]), fmt.Sprintf("%.1f", one[i]/many[i])}
	}
	titles := []string{"network", "1 sequence", "32 sequences", "gain by doing 32 at once"}
	table("Training time per token, microseconds, T = 256", titles, lines)
	return nil
}

func table(title string, columns []string, lines [][]string) {
	head(title, columns...)
	for _, l := range lines {
		row(l...)
	}
	fmt.Println()
}

// shape is that of a batch: sequences side by side, of so many steps.
type shape struct{ steps, batch int }

func (s shape) tokens() float64 { return float64(s.steps * s.batch) }

// ids are tokens below 64.
func (s shape) ids() *tensor.Dense {
	ids := make([]int, s.steps*s.batch)
	for i := range ids {
		ids[i] = i * 7 % 64
	}
	return graph.Ints(ids, s.steps, s.batch)
}

// costs are the time and the memory that a token takes in training: for each shape, one number for each network. All of
// them take turns, and of each the median counts: what else the machine does meanwhile meets all.
func costs(shapes []shape) (microseconds, bytes [][]float64, err error) {
	const turns = 7
	functions := make([]*graph.Func, len(families))
	for i, f := range families {
		n, err := f.fitted(64, 64)
		if err != nil {
			return nil, nil, err
		}
		functions[i] = graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.CrossEntropy{}.Apply(g, n.everyStep(g, in[0]), in[1])}
		})
	}
	times := make([][][]float64, len(shapes))
	for s, shape := range shapes {
		times[s] = make([][]float64, len(families))
		bytes = append(bytes, make([]float64, len(families)))
		for i, f := range functions {
			p, err := f.GradProgram(shape.ids(), shape.ids())
			if err != nil {
				return nil, nil, err
			}
			bytes[s][i] = float64(p.Bytes()) / shape.tokens()
		}
	}
	for range turns {
		for s, shape := range shapes {
			ids := shape.ids()
			for i, f := range functions {
				start := time.Now()
				if _, err := f.Grad(ids, ids); err != nil {
					return nil, nil, err
				}
				times[s][i] = append(times[s][i], time.Since(start).Seconds()*1e6/shape.tokens())
			}
		}
	}
	for s := range shapes {
		microseconds = append(microseconds, make([]float64, len(families)))
		for i := range families {
			microseconds[s][i] = median(times[s][i])
		}
	}
	return microseconds, bytes, nil
}
