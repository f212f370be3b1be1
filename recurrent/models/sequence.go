package models

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// SequenceModel says of rows of numbers which class they belong to, or which number: recurrent layers in both directions or
// one, pooling over time, and a head.
type SequenceModel struct {
	core
	own    *sequenceContents
	counts []float64 // how much each class counts in the loss; nil for all alike
}

// SequenceOrigin tells which table a SequenceModel was trained on, and how it was read: the fields of SequenceTable.
type SequenceOrigin struct {
	File         string
	IDColumn     string
	TimeColumn   string
	TargetColumn string // empty if the targets are from LabelsFile
	LabelsFile   string // a table of ids and targets
	Features     []string
	Words        []string
	Cut          bool // of sequences with more rows than MaxRows, the last were taken
}

// NewSequenceModel returns a model for the classes, or the numbers, that the sequences have. It measures them: features are
// standardised as they are in these, which are therefore those to train on alone. It is to be trained, see Fit.
func NewSequenceModel(c Config, s Sequences) (*SequenceModel, error) {
	c, err := c.forSequences(s)
	if err != nil {
		return nil, err
	}
	inputs, err := fitInputs(s)
	if err != nil {
		return nil, err
	}
	return sequenceModelOf(c, *inputs, s)
}

// NewSequenceModelOf is NewSequenceModel with the features of a model that is there, standardised as before. The sequences
// must have its columns.
func NewSequenceModelOf(c Config, of *SequenceModel, s Sequences) (*SequenceModel, error) {
	c, err := c.forSequences(s)
	if err != nil {
		return nil, err
	}
	if of == nil {
		return nil, errors.New("models: NewSequenceModelOf: there is no model to take the features of")
	}
	if err := of.made(); err != nil {
		return nil, err
	}
	if _, err := of.own.inputs.match(s.Columns); err != nil {
		return nil, errors.WithMessage(err, s.where())
	}
	return sequenceModelOf(c, of.own.inputs, s)
}

// forSequences is the configuration of a model of such sequences, complete and checked.
func (c Config) forSequences(s Sequences) (Config, error) {
	if err := s.check(); err != nil {
		return c, err
	}
	target := TargetClass
	switch {
	case s.Len() == 0:
		return c, errors.New("models: there are no sequences to train on")
	case s.Labels == nil && s.Numbers == nil:
		return c, errors.New("models: the sequences have neither Labels nor Numbers; want what is to be predicted")
	case s.Numbers != nil:
		target = TargetNumber
	}
	if c.Sequence.TargetKind != "" && c.Sequence.TargetKind != target {
		return c, wrong("Sequence.TargetKind", "%q; want %q, which the sequences have", c.Sequence.TargetKind, target)
	}
	d := Defaults(KindSequence)
	c.Sequence.TargetKind = target
	if c.Sequence.Fill == "" {
		c.Sequence.Fill = d.Sequence.Fill
	}
	if c.Sequence.MaxRows == 0 {
		c.Sequence.MaxRows = d.Sequence.MaxRows
	}
	c = c.complete(KindSequence)
	return c, c.Check(KindSequence)
}

// sequenceModelOf makes a model of some features, for the targets that sequences have.
func sequenceModelOf(c Config, inputs sequenceInputs, s Sequences) (*SequenceModel, error) {
	own := &sequenceContents{inputs: inputs}
	if s.Numbers != nil {
		own.target = scaleOf(s.Numbers)
		return newSequenceModel(c, own)
	}
	own.labels = distinct(s.Labels)
	if len(own.labels) < 2 {
		return nil, errors.Errorf("models: the labels are %q; want two at least", own.labels)
	}
	return newSequenceModel(c, own)
}

func newSequenceModel(c Config, own *sequenceContents) (*SequenceModel, error) {
	net, err := own.network(c)
	if err != nil {
		return nil, err
	}
	width := c.inputLayout().width(own.inputs.features())
	w := wholeOf(net)
	w.inputs = []*tensor.Dense{graph.Floats(make([]float32, width), 1, 1, width), graph.Ints([]int{1})}
	counts, err := c.classWeights(own.labels, nil)
	if err != nil {
		return nil, err
	}
	m := &SequenceModel{core: newCore(c, net, w), own: own, counts: counts}
	m.lend(m.Output)
	m.onnx = m.onnxFile
	return m, nil
}

// sequenceNetwork predicts a class or a number for all rows of a sequence.
func sequenceNetwork(c Config, features, outputs int) (network, error) {
	r, err := c.recurrence("rnn", c.inputLayout().width(features))
	if err != nil {
		return nil, err
	}
	pool, err := poolingOf(c.Pool)
	if err != nil {
		return nil, err
	}
	r.bothWays, r.pooled, r.dropout = !c.forward(), pool == recurrent.PoolLast, c.Dropout
	in := numbers{width: r.input, read: r.input, first: r.reads()}
	if r.kind.observing != nil { // gaps meet weights of their own
		in.read = 2 * features
	}
	field := "labels"
	if c.Sequence.TargetKind == TargetNumber {
		field = "outputs"
	}
	return network{
		in,
		r,
		pooling{c.Pool, pool, r.output()},
		dropout{c.Dropout},
		head{field: field, classes: outputs, width: r.output()},
	}, nil
}

// Kind is KindSequence.
func (m *SequenceModel) Kind() Kind { return KindSequence }

// Columns are those of the rows that the model reads.
func (m *SequenceModel) Columns() []SequenceColumn {
	if m.made() != nil {
		return nil
	}
	return m.own.inputs.columns()
}

// Timed tells whether the model reads the times of rows.
func (m *SequenceModel) Timed() bool { return m.made() == nil && m.own.inputs.Unit > 0 }

// Labels are the classes that the model knows, in order; nil if it predicts a number.
func (m *SequenceModel) Labels() []string {
	if m.made() != nil {
		return nil
	}
	return slices.Clone(m.own.labels)
}

// With is the model with another configuration of its training, which must describe the same network. The weights are
// copied.
func (m *SequenceModel) With(c Config) (*SequenceModel, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := c.Check(KindSequence); err != nil {
		return nil, err
	}
	if err := m.sameNetwork(KindSequence, c); err != nil {
		return nil, err
	}
	own := *m.own
	out, err := newSequenceModel(c, &own)
	if err != nil {
		return nil, err
	}
	return out, out.inherit(&m.core)
}

// ClassWeights is how much each class counts in the loss, in the order of Labels, by Config.ClassWeights; nil if all count alike.
// Balanced weights are known once Loop has counted the sequences to train on.
func (m *SequenceModel) ClassWeights() []float64 { return slices.Clone(m.counts) }

// Loss returns a new function over the model's weights: rows [T, B, I], lengths [B] and the numbers of the classes [B], or of
// a model of numbers those [B, 1], standardised, map to the mean loss and the logits [B, classes], or the predictions [B, 1].
// A train.Loop of one's own wants it; Loop gives the data for it.
func (m *SequenceModel) Loss() *graph.Func {
	counts := m.counts
	return m.ofManyLengths(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) != 3 {
			return []graph.Node{g.Failf("SequenceModel", "%d inputs; want rows, lengths and targets", len(in))}
		}
		y := m.net.build(g, flow{x: in[0], lengths: in[1]}).x
		return []graph.Node{m.lossOf(g, y, in[2], counts), y}
	})
}

func (m *SequenceModel) lossOf(g *graph.Graph, y, target graph.Node, counts []float64) graph.Node {
	c := m.config.Sequence
	switch {
	case c.TargetKind == TargetClass:
		return losses.CrossEntropy{Weights: counts}.Apply(g, y, target)
	case c.Huber > 0:
		return losses.Huber{Delta: c.Huber}.Apply(g, y, target)
	}
	return losses.MSE{}.Apply(g, y, target)
}

// Output returns a new function over the model's weights: rows [T, B, I] and lengths [B] map to logits [B, classes], or of a
// model of numbers to predictions [B, 1], standardised.
func (m *SequenceModel) Output() *graph.Func {
	return m.ofManyLengths(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) != 2 {
			return []graph.Node{g.Failf("SequenceModel", "%d inputs; want rows and lengths", len(in))}
		}
		return m.whole.build(g, in)
	})
}

func (m *SequenceModel) onnxFile() onnxFile {
	width := m.config.inputLayout().width(m.own.inputs.features())
	return onnxFile{build: m.whole.build, inputs: []port{rows("rows", width), lengthsOf("lengths", "batch")}, outputs: []string{"logits"}}
}

// ofManyLengths is a function for batches of many lengths, each of which it compiles for.
func (m *SequenceModel) ofManyLengths(build graph.Build) *graph.Func {
	f := m.function(build)
	f.SetCacheSize(64)
	return f
}

// batching puts sequences of these rows into batches: of a few lengths, each of which is compiled once.
func batching(rows [][]float32, width, size int) datasets.Batching {
	longest, shortest := 1, len(rows[0])/width
	for _, r := range rows {
		longest, shortest = max(longest, len(r)/width), min(shortest, len(r)/width)
	}
	round := max(8, longest/16)
	if longest == shortest {
		round = longest
	}
	return datasets.Batching{Size: min(size, len(rows)), Pool: 20, RoundTo: round}
}

// Save writes the model to a file, without the state of a training, replacing one that is there. The file appears whole or
// not at all.
func (m *SequenceModel) Save(path string) error { return m.save(path, m.metadata) }
