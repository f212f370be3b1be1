package models

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses/distribution"
)

// weeks are daily series with a week, a trend and noise; counts if the noise is of counts. Those that may have columns have one of
// each kind.
func weeks(t *testing.T, series, days int, columns, counts bool) *datasets.Panel {
	t.Helper()
	p := &datasets.Panel{Frequency: datasets.Frequency{Unit: datasets.UnitDay, Count: 1}}
	if columns {
		p.Past, p.Known, p.Numbers, p.Classes = []string{"weather"}, []string{"sale"}, []string{"size"}, []string{"kind"}
	}
	for i := range series {
		rng := rand.New(rand.NewPCG(5, uint64(i)))
		s := datasets.PanelSeries{ID: fmt.Sprint("s", i), Start: time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC)}
		var past, known []float64
		for day := range days + 10 {
			at := s.Start.AddDate(0, 0, day)
			mean := (20 + 10*float64(i)) * (1 + 0.5*math.Sin(2*math.Pi*float64(at.Weekday())/7))
			sale := float64(rng.IntN(5) / 4)
			if columns {
				mean *= 1 + 0.5*sale
			}
			known = append(known, sale)
			v := mean * (1 + 0.1*rng.NormFloat64())
			if counts {
				d, err := distribution.NegativeBinomial.New(mean, 0.05)
				if err != nil {
					t.Fatal(err)
				}
				v = d.Sample(rng)
			}
			if day < days {
				s.Values = append(s.Values, v)
				past = append(past, rng.NormFloat64())
			}
		}
		s.Values[days/3] = math.NaN()
		if columns {
			past[days/2] = math.NaN()
			s.Past, s.Known, s.Numbers, s.Classes = [][]float64{past}, [][]float64{known}, []float64{float64(i)}, []string{string(rune('a' + i%2))}
		}
		p.Series = append(p.Series, s)
	}
	return p
}

// newForecasts is a model of little work.
func newForecasts(t *testing.T, p *datasets.Panel, c Config) *Forecaster {
	t.Helper()
	c.Hidden, c.Embed, c.Batch = 6, 3, 8
	c.Forecast.Horizon, c.Forecast.Context = 4, 10
	m, err := NewForecaster(c, p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// in64 are a model's weights by their names, as float64.
func in64(m *Forecaster) map[string][]float64 {
	out := map[string][]float64{}
	for _, w := range m.Params().Tensors("") {
		for _, v := range w.Value.Float32s() {
			out[w.Name] = append(out[w.Name], float64(v))
		}
	}
	return out
}

// affine is W·x + b, of the weights in a scope.
func affine(w map[string][]float64, scope string, x []float64) []float64 {
	weight, bias := w[scope+".weight"], w[scope+".bias"]
	out := make([]float64, len(weight)/len(x))
	for i := range out {
		if bias != nil {
			out[i] = bias[i]
		}
		for j, v := range x {
			out[i] += weight[i*len(x)+j] * v
		}
	}
	return out
}

func relu(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = max(v, 0)
	}
	return out
}

// gru is a step of a GRU (Cho et al., 2014) with PyTorch's weights.
func gru(w map[string][]float64, x, h []float64) []float64 {
	n := len(h)
	product := func(name string, v []float64) []float64 {
		return affine(map[string][]float64{".weight": w["rnn.weight_"+name+"_l0"], ".bias": w["rnn.bias_"+name+"_l0"]}, "", v)
	}
	a, b := product("ih", x), product("hh", h)
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	out := make([]float64, n)
	for i := range out {
		r, z := sigmoid(a[i]+b[i]), sigmoid(a[n+i]+b[n+i])
		c := math.Tanh(a[2*n+i] + r*b[2*n+i])
		out[i] = (1-z)*c + z*h[i]
	}
	return out
}

// reads what a network reads of a sequence in a batch of time-major numbers [T, B, F], at step t.
func reads(in []float32, t, b, batch, width int) []float64 {
	out := make([]float64, width)
	for i := range out {
		out[i] = float64(in[(t*batch+b)*width+i])
	}
	return out
}

func embedded(w map[string][]float64, id, width int) []float64 {
	return w["class_0.weight"][id*width : (id+1)*width]
}

func wantNear(t *testing.T, what string, got float32, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 2e-5*max(1, math.Abs(want)) {
		t.Errorf("%s is %g; want %g", what, got, want)
	}
}

// The network of a distribution is a GRU over what is read, and a linear map, in plain loops.
func TestDeepARInPlainLoops(t *testing.T) {
	p := weeks(t, 3, 60, true, false)
	m := newForecasts(t, p, Config{Forecast: ForecastConfig{Output: string(distribution.StudentT), Lags: []int{1, 7, 30}}})
	list, err := m.readAll(p, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := windows{m.config.Forecast, m.features}
	at := []place{{0, 40}, {1, 12}, {2, 6}} // the last begins before its series
	in, scales := w.inputs(list, at, true)
	y, err := m.Outputs().Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	weights, x, width := in64(m), in[0].Float32s(), w.width()
	for b, place := range at {
		h := make([]float64, 6)
		for step := range 14 {
			read := reads(x, step, b, len(at), width)
			h = gru(weights, append(slices.Clone(read), embedded(weights, in[1].Ints()[b], 3)...), h)
			for k, want := range affine(weights, "head", h) {
				wantNear(t, fmt.Sprintf("output %d of step %d of window %d", k, step, b), y[0].Float32s()[(step*len(at)+b)*3+k], want)
			}
			// What is read, from the series themselves.
			day, s := place.known-10+step, list[place.series]
			if day < 0 {
				if slices.Max(read) != 0 {
					t.Errorf("before its series, window %d reads %v", b, read)
				}
				continue
			}
			for k, lag := range []int{1, 7, 30} {
				want := 0.0
				if before := day - lag; before >= 0 {
					v := s.Values[before]
					if math.IsNaN(v) {
						v = s.Values[before-1]
					}
					want = (v - scales[b].location) / scales[b].scale
				}
				wantNear(t, fmt.Sprintf("lag %d of day %d", lag, day), float32(read[k]), want)
			}
			if seen := day > 0 && !math.IsNaN(s.Values[day-1]); (read[3] == 1) != seen {
				t.Errorf("day %d: the value before is seen: %v; want %v", day, read[3], seen)
			}
		}
	}
}

// The network of quantiles, in plain loops.
func TestQuantileNetworkInPlainLoops(t *testing.T) {
	p := weeks(t, 3, 60, true, false)
	m := newForecasts(t, p, Config{Forecast: ForecastConfig{Quantiles: []float64{0.1, 0.5, 0.9}}})
	// A highway that is not zero, as at the start.
	highway := m.Params().Get("highway.weight")
	if highway == nil {
		if err := m.draw(); err != nil {
			t.Fatal(err)
		}
		highway = m.Params().Get("highway.weight")
	}
	line := make([]float32, highway.Len())
	for i := range line {
		line[i] = float32(i%7) / 20
	}
	if err := m.Params().Set("highway.weight", graph.Floats(line, highway.Shape()...)); err != nil {
		t.Fatal(err)
	}
	list, err := m.readAll(p, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := windows{m.config.Forecast, m.features}
	at := []place{{0, 40}, {1, 22}, {2, 7}}
	in, _ := w.inputs(list, at, true)
	y, err := m.Outputs().Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	weights, x := in64(m), in[0].Float32s()
	ahead, window := m.features.ahead(), in[2].Float32s()
	const d = 4 // of 6 hidden
	for b := range at {
		class := embedded(weights, in[3].Ints()[b], 3)
		h := make([]float64, 6)
		for step := range 10 {
			h = gru(weights, append(reads(x, step, b, len(at), w.width()), class...), h)
		}
		contexts := relu(affine(weights, "contexts", append(slices.Clone(h), class...)))
		for step := range 4 {
			seen := append(slices.Clone(contexts[step*d:(step+1)*d]), contexts[4*d:]...)
			seen = append(seen, reads(in[1].Float32s(), step, b, len(at), ahead)...)
			base := float64(window[9*len(at)+b])
			for c := range 10 {
				base += float64(line[step*10+c]) * (float64(window[c*len(at)+b]) - float64(window[9*len(at)+b]))
			}
			for k, own := range affine(weights, "head", relu(affine(weights, "local", seen))) {
				wantNear(t, fmt.Sprintf("quantile %d of step %d of window %d", k, step, b), y[0].Float32s()[(step*len(at)+b)*3+k], own+base)
			}
		}
	}
}

// The quantiles of many paths are those of the distribution that the outputs tell, at the first step.
func TestPathsHaveTheDistributionsQuantiles(t *testing.T) {
	for _, family := range []distribution.Family{distribution.Gaussian, distribution.NegativeBinomial} {
		p := weeks(t, 2, 60, false, true)
		m := newForecasts(t, p, Config{Forecast: ForecastConfig{Output: string(family), Lags: []int{1, 7}}})
		list, err := m.readAll(p, 0)
		if err != nil {
			t.Fatal(err)
		}
		w := windows{m.config.Forecast, m.features}
		// The first step after the context is the context's own network, one step on.
		in, scales := w.inputs(list, []place{{0, 59}}, true)
		y, err := m.Outputs().Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		n := len(family.Parameters())
		own := make([]float64, n)
		for k := range own {
			own[k] = float64(y[0].Float32s()[10*n+k])
		}
		d, err := family.FromOutputs(own, scales[0].scale)
		if err != nil {
			t.Fatal(err)
		}
		cut := *p
		cut.Series = []datasets.PanelSeries{p.Series[0].Until(59)}
		found, err := m.Forecast(context.Background(), &cut, Forecasting{Levels: []float64{0.1, 0.5, 0.9}, Paths: 20000, Horizon: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, level := range found[0].Levels {
			got := found[0].Quantiles[i][0] - scales[0].location
			// The share of the distribution below what was found is the level, up to chance.
			below, at := d.CDF(got), d.CDF(got)
			if family.Counts() { // a count has a probability of its own
				below = d.CDF(got - 1)
			}
			if below > level+0.012 || at < level-0.012 {
				t.Errorf("%s: %g, the quantile %g, has %g to %g below it", family, got, level, below, at)
			}
		}
		if off := math.Abs(found[0].Mean[0] - scales[0].location - d.Mean()); off > 0.03*math.Sqrt(d.Variance()) {
			t.Errorf("%s: the mean is off by %g", family, off)
		}
	}
}

// savedForecaster writes a new model, and returns the file's path.
func savedForecaster(t *testing.T) string {
	t.Helper()
	m := newForecasts(t, weeks(t, 2, 60, true, true), Config{Forecast: ForecastConfig{Output: string(distribution.NegativeBinomial)}})
	path := filepath.Join(t.TempDir(), "forecaster")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}
