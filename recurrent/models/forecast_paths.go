package models

import (
	"math/rand/v2"
	"slices"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// byPaths forecasts windows with a network that goes step by step: it reads the context, and then draws from the distribution
// of each step the value that the next step reads (ancestral sampling), for all paths of all windows side by side. Each path
// has random numbers of its own, by the seed, the number of the window and that of the path.
func (m *Forecaster) byPaths(f *graph.Func, list []*readSeries, at []place, o Forecasting, first int) ([]Forecast, error) {
	w := windows{m.config.Forecast, m.features}
	in, scales := w.inputs(list, at, false)
	y, err := f.Run(in...)
	if err != nil {
		return nil, err
	}
	n, s := len(at), o.Paths
	state := repeated(y[1:], n, s)
	classes := w.classes(list, repeatedPlaces(at, s))
	paths := make([]samplePath, n*s)
	for i, p := range at {
		for k := range s {
			paths[i*s+k] = samplePath{history{filled: list[p.series].filled[:p.known]}, rand.New(rand.NewPCG(o.Seed, uint64(first+i)<<32|uint64(k)))}
		}
	}
	for h := range o.Horizon {
		var rows []float32
		for i, p := range at {
			for k := range s {
				rows = w.step(rows, list[p.series], p.known+h, paths[i*s+k].history, scales[i])
			}
		}
		step := append([]*tensor.Dense{graph.Floats(rows, 1, n*s, w.width())}, classes...)
		if y, err = f.Run(append(step, state...)...); err != nil {
			return nil, err
		}
		state = clones(y[1:])
		if err := m.drawValues(y[0].Float32s(), paths, scales, s); err != nil {
			return nil, err
		}
	}
	out := make([]Forecast, n)
	for i, p := range at {
		out[i] = m.begin(list[p.series], p.known, o)
		out[i].summarize(paths[i*s:(i+1)*s], o.Keep)
	}
	return out, nil
}

// samplePath is how a series may go on.
type samplePath struct {
	history
	rng *rand.Rand
}

// drawValues draws the next value of each path of the outputs of a step, [windows·paths, P].
func (m *Forecaster) drawValues(outputs []float32, paths []samplePath, scales []windowScale, each int) error {
	family := m.config.Forecast.family()
	n := len(family.Parameters())
	own := make([]float64, n)
	for i := range paths {
		for k := range own {
			own[k] = float64(outputs[i*n+k])
		}
		scale := scales[i/each]
		d, err := family.FromOutputs(own, scale.scale)
		if err != nil {
			return err
		}
		paths[i].drawn = append(paths[i].drawn, scale.location+d.Sample(paths[i].rng))
	}
	return nil
}

// summarize takes mean and quantiles of paths.
func (f *Forecast) summarize(paths []samplePath, keep bool) {
	column := make([]float64, len(paths))
	for h := range f.Mean {
		for k, p := range paths {
			column[k] = p.drawn[h]
			f.Mean[h] += column[k] / float64(len(paths))
		}
		slices.Sort(column)
		for k, level := range f.Levels {
			f.Quantiles[k][h] = quantile(column, level)
		}
	}
	if !keep {
		return
	}
	for _, p := range paths {
		f.Paths = append(f.Paths, slices.Clone(p.drawn))
	}
}

// repeated are states [n, ...] with each row as often as there are paths, [n·paths, ...].
func repeated(states []*tensor.Dense, n, paths int) []*tensor.Dense {
	out := make([]*tensor.Dense, len(states))
	for i, t := range states {
		data := t.Float32s()
		width := len(data) / n
		var rows []float32
		for k := range n {
			for range paths {
				rows = append(rows, data[k*width:(k+1)*width]...)
			}
		}
		shape := append([]int{n * paths}, t.Shape()[1:]...)
		out[i] = graph.Floats(rows, shape...)
	}
	return out
}

func repeatedPlaces(at []place, paths int) []place {
	out := make([]place, 0, len(at)*paths)
	for _, p := range at {
		for range paths {
			out = append(out, p)
		}
	}
	return out
}
