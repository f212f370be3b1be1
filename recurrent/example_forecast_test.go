package recurrent_test

import (
	"context"
	"fmt"
	"math"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
)

// A forecast from end to end: from two days of an hourly series, and a second series that goes with it, to the six hours
// that follow.
func ExampleManyToOne_forecast() {
	const window, horizon, goal = 48, 6, 0
	hours := make([]float64, 0, 2*24*40)
	for t := range 24 * 40 { // 40 days: the load follows the day and, hours later, the weather
		weather := func(t int) float64 { return math.Sin(float64(t)/17) + 0.5*math.Sin(float64(t)/5) }
		hours = append(hours, 50+20*math.Sin(2*math.Pi*float64(t)/24)+10*weather(t-6), weather(t))
	}
	all := datasets.Series{Values: hours, Features: 2, Window: window, Horizon: horizon, Goals: []int{goal}}
	fit, check, err := all.Split(0.8)
	if err != nil {
		fmt.Println(err)
		return
	}
	scaler, err := datasets.FitScaler(fit) // what the network sees has mean 0 and deviation 1
	if err != nil {
		fmt.Println(err)
		return
	}
	batches := func(s datasets.Series, shuffle bool) train.Source {
		if s, err = scaler.Scale(s); err != nil {
			return nil
		}
		var b *datasets.Batches
		b, err = s.Batches(datasets.Batching{Size: 32, Shuffle: shuffle, Seed: 1})
		return train.FromBatches(b)
	}
	data, validation := batches(fit, true), batches(check, false)
	if err != nil {
		fmt.Println(err)
		return
	}

	m := recurrent.ManyToOne{
		Layer:   recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 16, ChronoSpan: window}},
		Classes: 1, Horizon: horizon, // [W, B, 2] to [H, B, 1], which is what Future has
	}
	params := graph.NewParams(1)
	loop := &train.Loop{
		Loss: graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
			b := train.BatchOf(g, in)
			forecast, _ := m.Apply(g, b.Values, recurrent.Options{})
			return []graph.Node{losses.MSE{}.Apply(g, forecast, b.Future)}
		}),
		Data: data, Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.01), Clip: train.Clip{Norm: 1},
		Epochs: 8, Validation: train.Validation{Data: validation, KeepBest: true},
	}
	if _, err := loop.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}

	predict := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		forecast, _ := m.Apply(g, in[0], recurrent.Options{})
		return []graph.Node{forecast}
	})
	last, err := scaler.Scale(datasets.Series{Values: hours[len(hours)-2*(window+horizon) : len(hours)-2*horizon], Features: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := make([]float32, len(last.Values))
	for i, v := range last.Values {
		x[i] = float32(v)
	}
	out, err := predict.Run(graph.Floats(x, window, 1, 2))
	if err != nil {
		fmt.Println(err)
		return
	}
	ours, yesterday := 0.0, 0.0           // mean absolute errors
	for h, v := range out[0].Float32s() { // [H, 1, 1]
		at := len(hours)/2 - horizon + h
		truth := hours[2*at+goal]
		ours += math.Abs(scaler.Restore(goal, float64(v))-truth) / horizon
		yesterday += math.Abs(hours[2*(at-24)+goal]-truth) / horizon
	}
	fmt.Println(len(out[0].Float32s()), "hours; less than half as far off as the same hours of the day before:", 2*ours < yesterday)
	// Output:
	// 6 hours; less than half as far off as the same hours of the day before: true
}
