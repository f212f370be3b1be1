package main

import (
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
)

// learn trains a network that reads a window and says how much the values to come differ from the goal's last one.
func (d *data) learn() (func(at int) ([]float64, error), error) {
	rows := func(from, to int) datasets.Series {
		s := d.all
		s.Values = s.Values[from*s.Features : to*s.Features]
		return s
	}
	scaler, err := datasets.FitScaler(rows(0, d.fitRows))
	if err != nil {
		return nil, err
	}
	source := func(from, to int, shuffle bool) (train.Source, error) {
		scaled, err := scaler.Scale(rows(from, to))
		if err != nil {
			return nil, err
		}
		b, err := scaled.Batches(datasets.Batching{Size: 32, Shuffle: shuffle, Seed: *seed, DropLast: shuffle})
		return train.FromBatches(b), err
	}
	fit, err := source(0, d.fitRows, true)
	if err != nil {
		return nil, err
	}
	check, err := source(d.fitRows-d.window, d.endRows, false)
	if err != nil {
		return nil, err
	}
	params := graph.NewParams(*seed)
	network := recurrent.ManyToOne{Layer: recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 64, ChronoSpan: d.window}},
		Classes: 1, Horizon: d.horizon, Dropout: 0.1}
	forecast := func(g *graph.Graph, x graph.Node) graph.Node { // [W, B, F] to [H, B, 1]
		steps := x.Dim(0)
		goal := g.Slice(x, 2, d.goal, d.goal+1)
		last := g.Slice(goal, 0, steps-1, steps) // [1, B, 1]
		seen := g.Concat(2, g.Sub(goal, last), g.Slice(x, 2, 0, x.Dim(2)))
		if d.all.Features == 1 { // a trend leads out of the range that was seen: differences do not
			seen = g.Sub(goal, last)
		}
		change, _ := network.Apply(g, seen, recurrent.Options{}) // [H, B, 1]
		return g.Add(change, last)
	}
	const epochs = 30
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		b := train.BatchOf(g, in)
		return []graph.Node{losses.Huber{}.Apply(g, forecast(g, b.Values), b.Future)}
	})
	if _, err := study.Fit(&train.Loop{Loss: loss, Data: fit, Seed: *seed, Optimizer: optim.AdamW(0.01),
		Schedule: optim.Cosine{Start: 0.003, End: 0.0001, Steps: epochs * fit.Len()}, Clip: train.Clip{Norm: 1}, Epochs: epochs,
		Validation: train.Validation{Data: check, KeepBest: true}}); err != nil {
		return nil, err
	}
	predict := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{forecast(g, in[0])} })
	return func(at int) ([]float64, error) {
		scaled, err := scaler.Scale(rows(at-d.window, at))
		if err != nil {
			return nil, err
		}
		x := make([]float32, len(scaled.Values))
		for i, v := range scaled.Values {
			x[i] = float32(v)
		}
		out, err := predict.Run(graph.Floats(x, d.window, 1, d.all.Features))
		if err != nil {
			return nil, err
		}
		y := make([]float64, d.horizon)
		for i, v := range out[0].Float32s() {
			y[i] = scaler.Restore(d.goal, float64(v))
		}
		return y, nil
	}, nil
}
