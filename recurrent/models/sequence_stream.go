package models

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// SequenceStream predicts while rows come in: after each, what the rows so far say. It remembers a state of the network and
// what was observed last, however many rows there are. It serves one goroutine at a time; SequenceModel.Stream makes one.
type SequenceStream struct {
	m      *SequenceModel
	walker *walker
	first  []*tensor.Dense
	stream *graph.Stream
	row    []float32
}

// Stream begins a sequence whose rows come one by one. It is for models that read forward and take the last state: with OneWay
// (or the cell grud) and the pooling "last".
func (m *SequenceModel) Stream() (*SequenceStream, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	if c := m.config; !c.forward() || c.Pool != "last" {
		return nil, errors.Errorf("models: Stream: the model reads %s and pools by %s; "+
			"want one that reads forward alone, and takes the last state", c.ways(), c.Pool)
	}
	r, err := m.layers()
	if err != nil {
		return nil, err
	}
	first, err := graph.NewFunc(m.params, func(g *graph.Graph, _ []graph.Node) []graph.Node { return r.layer().Begin(g, 1) }).Run()
	if err != nil {
		return nil, err
	}
	s := &SequenceStream{m: m, first: clones(first)}
	width := m.config.inputLayout().width(m.own.inputs.features())
	next := m.function(func(g *graph.Graph, in []graph.Node) []graph.Node {
		f := m.net.build(g, flow{x: in[0], state: in[1:]})
		return append([]graph.Node{f.x}, f.state...)
	})
	if s.stream, err = next.Stream(s.first, graph.Floats(make([]float32, width), 1, 1, width)); err != nil {
		return nil, err
	}
	return s, s.Begin()
}

// layers are the recurrent layers.
func (m *SequenceModel) layers() (recurrence, error) {
	for _, l := range m.net {
		if r, ok := l.(recurrence); ok {
			return r, nil
		}
	}
	return recurrence{}, errors.New("models: the network has no recurrent layers")
}

// Begin begins another sequence.
func (s *SequenceStream) Begin() error {
	if s == nil || s.stream == nil {
		return errors.New("models: there is no SequenceStream: SequenceModel.Stream makes one")
	}
	in := &s.m.own.inputs
	from, err := in.match(in.columns())
	if err != nil {
		return err
	}
	s.walker = in.walk(s.m.config.inputLayout(), from)
	return s.stream.Reset(s.first...)
}

// Row takes the next row: a value for each of SequenceModel.Columns, NaN where it is missing, and when it was measured. The time
// is passed over if the model knows none.
func (s *SequenceStream) Row(values []float64, when float64) (SequencePrediction, error) {
	if s == nil || s.stream == nil {
		return SequencePrediction{}, errors.New("models: there is no SequenceStream: SequenceModel.Stream makes one")
	}
	in := &s.m.own.inputs
	one := Sequences{Columns: in.columns(), IDs: []string{"row"}, Values: [][]float64{values}}
	if len(values) != len(in.Columns) {
		return SequencePrediction{}, errors.Errorf("models: Row: %d values; want %d", len(values), len(in.Columns))
	}
	if err := one.checkOne(0); err != nil {
		return SequencePrediction{}, err
	}
	if in.Unit > 0 && (math.IsNaN(when) || math.IsInf(when, 0) || s.walker.begun && when < s.walker.when) {
		return SequencePrediction{}, errors.Errorf("models: Row: the time is %g, after %g; want finite times, none before the one above",
			when, s.walker.when)
	}
	s.row = s.walker.row(s.row[:0], values, when)
	out, err := s.stream.Step(graph.Floats(s.row, 1, 1, len(s.row)))
	if err != nil {
		return SequencePrediction{}, err
	}
	return s.m.prediction(out[0].Float32s()), nil
}
