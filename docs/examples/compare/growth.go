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
	for _, T := range e.lengths {
		columns = append(columns, fmt.Sprintf("T = %d", T))
		microseconds, bytes, err := costs(T, batch)
		if err != nil {
			return err
		}
		for i := range families {
			times[i] = append(times[i], fmt.Sprintf("%.1f", microseconds[i]))
			sizes[i] = append(sizes[i], fmt.Sprintf("%.1f", bytes[i]/1000))
		}
	}
	table(fmt.Sprintf("Training time per token, microseconds, %d sequences at once", batch), columns, times)
	table("Memory per token, kB", columns, sizes)

	one, _, err := costs(256, 1)
	if err != nil {
		return err
	}
	many, _, err := costs(256, 32)
	if err != nil {
		return err
	}
	lines := make([][]string, len(families))
	for i, f := range families {
		lines[i] = []string{f.name, fmt.Sprintf("%.1f", one[i]), fmt.Sprintf("%.1f", many[i]), fmt.Sprintf("%.1f", one[i]/many[i])}
	}
	table("Training time per token, microseconds, T = 256", []string{"network", "1 sequence", "32 sequences", "gain by doing 32 at once"}, lines)
	return nil
}

func table(title string, columns []string, lines [][]string) {
	head(title, columns...)
	for _, l := range lines {
		row(l...)
	}
	fmt.Println()
}

// costs are the time and the memory that a token takes each network in training. The networks take turns, and of each the
// median counts: what else the machine does meanwhile meets all of them.
func costs(steps, batch int) (microseconds, bytes []float64, err error) {
	const tokens, turns = 64, 9
	ids := make([]int, steps*batch)
	for i := range ids {
		ids[i] = i * 7 % tokens
	}
	in := []*tensor.Dense{graph.Ints(ids, steps, batch), graph.Ints(ids, steps, batch)}
	functions, times := make([]*graph.Func, len(families)), make([][]float64, len(families))
	for i, f := range families {
		n, err := f.fitted(tokens, tokens)
		if err != nil {
			return nil, nil, err
		}
		functions[i] = graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.CrossEntropy{}.Apply(g, n.everyStep(g, in[0]), in[1])}
		})
		p, err := functions[i].Program(true, in...)
		if err != nil {
			return nil, nil, err
		}
		bytes = append(bytes, float64(p.Bytes())/float64(steps*batch))
	}
	for range turns {
		for i, f := range functions {
			start := time.Now()
			if _, err := f.Grad(in...); err != nil {
				return nil, nil, err
			}
			times[i] = append(times[i], time.Since(start).Seconds()*1e6/float64(steps*batch))
		}
	}
	for _, t := range times {
		microseconds = append(microseconds, median(t))
	}
	return microseconds, bytes, nil
}
