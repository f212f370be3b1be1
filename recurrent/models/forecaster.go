package models

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// Forecaster says how series in time go on: one network for all series of a panel. With Config.Forecast.Output a family of
// distributions it is DeepAR, which draws sample paths step by step; else it forecasts the quantiles of all steps at once. See
// forecastNetwork for the network.
type Forecaster struct {
	core
	features *features
}

// NewForecaster returns a model for series like these: with their step and their columns. What Config.Forecast leaves open, it
// finds by them. It is to be trained, see Fit.
func NewForecaster(c Config, p *datasets.Panel) (*Forecaster, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	c = c.complete(KindForecaster)
	c.Forecast = c.Forecast.complete(p)
	if err := c.Check(KindForecaster); err != nil {
		return nil, err
	}
	if err := c.checkWhole(); err != nil {
		return nil, err
	}
	if err := c.Forecast.checkSeries(p); err != nil {
		return nil, err
	}
	if n := longest(p); c.Forecast.Context > n {
		return nil, wrong("Forecast.Context", "%d; want at most %d, the length of the longest series", c.Forecast.Context, n)
	}
	f, err := newFeatures(c.Forecast, p)
	if err != nil {
		return nil, err
	}
	return newForecaster(c, f)
}

func newForecaster(c Config, f *features) (*Forecaster, error) {
	net, err := forecastNetwork(c, f)
	if err != nil {
		return nil, err
	}
	m := &Forecaster{features: f}
	m.core = newCore(c, net, m.whole(net, c))
	m.lend(m.Outputs)
	m.onnx = m.onnxFile
	return m, nil
}

// whole is the network with the smallest inputs that it can be compiled for.
func (m *Forecaster) whole(net network, c Config) whole {
	w := windows{c.Forecast, m.features}
	in := []*tensor.Dense{graph.Floats(make([]float32, w.width()), 1, 1, w.width())}
	if !c.Forecast.steps() {
		x := make([]float32, c.Forecast.Horizon*m.features.ahead())
		in = append(in, graph.Floats(x, c.Forecast.Horizon, 1, m.features.ahead()),
			graph.Floats(make([]float32, c.Forecast.Context), c.Forecast.Context, 1))
	}
	for range m.features.Classes {
		in = append(in, graph.Ints([]int{0}))
	}
	return whole{inputs: in, build: func(g *graph.Graph, in []graph.Node) []graph.Node {
		f, _ := m.flow(g, c, in)
		return []graph.Node{net.build(g, f).x}
	}}
}

// flow gives a network's inputs their names; others follow.
func (m *Forecaster) flow(g *graph.Graph, c Config, in []graph.Node) (flow, []graph.Node) {
	if m.features == nil {
		g.Failf("Forecaster", "there is no model: make one with NewForecaster, or load one")
		return flow{}, nil
	}
	inputs := 1
	if !c.Forecast.steps() {
		inputs = 3
	}
	classes := len(m.features.Classes)
	if len(in) < inputs+classes {
		g.Failf("Forecaster", "%d inputs; want %d and %d numbers of classes", len(in), inputs, classes)
		return flow{}, nil
	}
	f := flow{x: in[0], classes: in[inputs : inputs+classes]}
	if inputs == 3 {
		f.future, f.window = in[1], in[2]
	}
	return f, in[inputs+classes:]
}

// Kind is KindForecaster.
func (m *Forecaster) Kind() Kind { return KindForecaster }

// Frequency is the step of the series that the model forecasts.
func (m *Forecaster) Frequency() datasets.Frequency {
	if m.features == nil {
		return datasets.Frequency{}
	}
	return m.features.step
}

// With is the model with another configuration of its training, which must describe the same network. The weights are
// copied.
func (m *Forecaster) With(c Config) (*Forecaster, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := c.Check(KindForecaster); err != nil {
		return nil, err
	}
	if err := c.checkWhole(); err != nil {
		return nil, err
	}
	if err := m.sameNetwork(KindForecaster, c); err != nil {
		return nil, err
	}
	out, err := newForecaster(c, m.features)
	if err != nil {
		return nil, err
	}
	return out, out.inherit(&m.core)
}

// Outputs returns a new function over the model's weights, from what it reads of some windows to what it says of their steps.
// With a distribution, x [T, B, F], the numbers of the static classes [B] each, and a state map to the outputs of each step
// [T, B, P], see distribution.Family.FromOutputs, and the state after the last; else x [C, B, F], what is known ahead [H, B, A],
// the values of the context [C, B], and the classes map to quantiles [H, B, Q], all at the windows' scales.
func (m *Forecaster) Outputs() *graph.Func {
	return m.function(m.outputs)
}

func (m *Forecaster) outputs(g *graph.Graph, in []graph.Node) []graph.Node {
	f, rest := m.flow(g, m.config, in)
	if !m.config.Forecast.steps() {
		return []graph.Node{m.net.build(g, f).x}
	}
	if len(rest) > 0 {
		f.state = rest
	}
	f = m.net.build(g, f)
	return append([]graph.Node{f.x}, f.state...)
}

// onnxFile has the network alone: what it reads is scaled before, and what it gives is scaled back behind it. With a
// distribution it goes on from a state, so that values that are drawn can be read in turn.
func (m *Forecaster) onnxFile() onnxFile {
	c := m.config.Forecast
	f := onnxFile{build: m.outputs, inputs: []port{rows("x", windows{c, m.features}.width())}, outputs: []string{"output"}}
	if !c.steps() {
		f.inputs = append(f.inputs,
			port{name: "future", axes: []string{"", "batch", ""}, sizes: []int{c.Horizon, 0, m.features.ahead()}},
			port{name: "window", axes: []string{"", "batch"}, sizes: []int{c.Context, 0}})
	}
	for i := range m.features.Classes {
		f.inputs = append(f.inputs, port{name: seriesInput{}.scope(i), axes: []string{"batch"}})
	}
	for _, l := range m.net {
		if r, ok := l.(recurrence); ok && c.steps() {
			f = f.carried(r.layer())
		}
	}
	return f
}

// Loss returns a new function over the model's weights: what Outputs reads, and then the values to come, whether each is known,
// and, with a distribution, the windows' scales [B], map to the mean loss: with a distribution -log p of the values, in nats,
// else the distance of quantiles or of a point.
func (m *Forecaster) Loss() *graph.Func {
	return m.function(func(g *graph.Graph, in []graph.Node) []graph.Node {
		f, rest := m.flow(g, m.config, in)
		want := 2
		if m.config.Forecast.steps() {
			want = 3
		}
		if len(rest) != want {
			return []graph.Node{g.Failf("Forecaster", "%d inputs after what the network reads; want %d", len(rest), want)}
		}
		y := m.net.build(g, f).x
		if m.config.Forecast.steps() {
			family := m.config.Forecast.family()
			return []graph.Node{losses.Likelihood{Family: family, Scale: rest[2], Weights: rest[1]}.Apply(g, y, rest[0])}
		}
		return []graph.Node{m.config.Forecast.distance(g, y, rest[0], rest[1])}
	})
}

// distance is the mean, over the targets [H, B] that the mask counts, of the quantile loss of y [H, B, Q] (see losses.Quantile),
// or of Huber's of a point: near the truth it is smooth, which a few hundred windows are learned better by.
func (f ForecastConfig) distance(g *graph.Graph, y, target, mask graph.Node) graph.Node {
	h, b := target.Dim(0), target.Dim(1)
	d := g.Sub(g.Reshape(target, h, b, 1), y)
	var each graph.Node
	if f.Output == OutputPoint {
		size := g.Abs(d)
		near := g.Clamp(size, 0, 1)
		each = g.Sub(g.Mul(near, size), g.MulScalar(g.Square(near), 0.5)) // d²/2, or |d| - 1/2
	} else {
		q := make([]float32, len(f.Quantiles))
		for i, v := range f.Quantiles {
			q[i] = float32(v)
		}
		each = g.Add(g.Mul(d, g.Const(graph.Floats(q, len(q)))), g.ReLU(g.Neg(d))) // max(q·d, (q-1)·d)
	}
	return g.MeanOver(g.Sum(g.Mul(each, g.Reshape(mask, h, b, 1))), g.MulScalar(g.Sum(mask), float64(y.Dim(2))))
}

// Save writes the model to a file, without the state of a training, replacing one that is there. The file appears whole or
// not at all.
func (m *Forecaster) Save(path string) error { return m.save(path, m.metadata) }

// checkSeries refuses series that the configuration cannot be trained on.
func (f ForecastConfig) checkSeries(p *datasets.Panel) error {
	if f.steps() {
		for _, s := range p.Series {
			if err := f.family().Check(s.Values); err != nil {
				return errors.WithMessagef(err, "models: the series %.40q", s.ID)
			}
		}
	}
	fit, _ := f.Split(p)
	if len(fit) == 0 {
		return errors.Errorf("models: the longest series has %d values; want %d at least: %d to read, %d to forecast, %d to stop by, %d to test",
			longest(p), f.least()+f.Horizon+f.Validation+f.Test, f.least(), f.Horizon, f.Validation, f.Test)
	}
	return nil
}

// least is how many values must be known before a forecast: those of a whole context, or of as many steps as are forecast.
func (f ForecastConfig) least() int { return min(f.Context, max(f.Horizon, 1)) }

// Split tells which series of a panel are long enough to be trained on, by their numbers, and which are not.
func (f ForecastConfig) Split(p *datasets.Panel) (fit, short []int) {
	if p == nil {
		return nil, nil
	}
	for i, s := range p.Series {
		if f.trainable(s.Len()) > 0 {
			fit = append(fit, i)
		} else {
			short = append(short, i)
		}
	}
	return fit, short
}

// trainable is how many windows of a series of n values are trained on.
func (f ForecastConfig) trainable(n int) int {
	return max(0, n-f.Test-f.Validation-f.Horizon-f.least()+1)
}
