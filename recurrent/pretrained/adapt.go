package pretrained

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/peft"
)

// Adapt gives the model an adapter, in place of one that it has: functions that are made from now on compute with it, and a
// train.Loop over Loss trains it alone, since all other weights are frozen. Of weights that stay in their file only those that
// are adapted take memory. A table of embeddings that the head shares is not adapted: PEFT would adapt the look-up alone.
//
//	err := m.Adapt(nn.LoRA{Rank: 8, Targets: []string{"*.in_proj", "*.out_proj"}})
//	loop := train.Loop{Loss: m.Loss(), State: state, Data: windows, Optimizer: &optim.Adam{}, ...}
//	_, err = loop.Run(ctx)
//	err = m.SaveAdapter("folder")
func (m *Model) Adapt(l nn.LoRA) error {
	if err := m.made(); err != nil {
		return err
	}
	l.Tables = append(l.Tables, m.table())
	names, err := l.Adapted(m.params)
	if err != nil {
		return errors.Wrap(err, "pretrained: Adapt")
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !m.read[name] || m.net.tied && name == m.table() })
	var whole []string
	for _, pattern := range l.Whole {
		match := func(name string) bool { return nn.MatchWeight(pattern, name) }
		for _, name := range names {
			if match(name) {
				whole = append(whole, name)
			}
		}
		names = slices.DeleteFunc(names, match)
		if !slices.ContainsFunc(whole, match) {
			return errors.Errorf("pretrained: Adapt: %q names no weight that could be trained whole: the network reads none, or the head shares it",
				pattern)
		}
	}
	l.Targets, l.Whole = names, whole
	if len(l.Targets) == 0 {
		return errors.Errorf("pretrained: Adapt: the network reads none of the weights that the targets name, or the head shares it")
	}
	return m.wear(l)
}

// LoadAdapter gives the model the adapter of a folder that PEFT, or SaveAdapter, wrote for it.
func (m *Model) LoadAdapter(folder string) error {
	if err := m.made(); err != nil {
		return err
	}
	m.params.Unseal()
	l, err := peft.Load(folder, m.params)
	m.params.Seal()
	if err == nil && m.net.tied && slices.Contains(slices.Concat(l.Targets, l.Whole), m.table()) {
		err = errors.Errorf("%s adapts %s, which is the head's weight, too: PEFT means the look-up alone, which this library does not have",
			folder, m.table())
	}
	if err != nil {
		return errors.Wrap(err, "pretrained: LoadAdapter")
	}
	return m.wear(l)
}

// SetAdapterDropout has the functions that Loss makes from now on drop this share of the columns of A, from 0 to below 1, while they
// train, as nn.LoRA.Dropout does. A training that goes on with LoadAdapter needs it: files of PEFT do not tell it for all weights.
func (m *Model) SetAdapterDropout(p float64) error {
	if err := m.made(); err != nil {
		return err
	}
	if m.adapter.Rank == 0 {
		return errors.New("pretrained: SetAdapterDropout: the model has no adapter: Adapt gives it one")
	}
	l := m.adapter
	l.Dropout = p
	return m.wear(l)
}

// wear makes the matrices that an adapter lacks, and freezes the other weights.
func (m *Model) wear(l nn.LoRA) error {
	had := m.adapter
	m.adapter = l
	m.params.Unseal()
	_, err := m.try(1, 1)
	m.params.Seal()
	if err == nil {
		err = l.Freeze(m.params)
	}
	if err != nil {
		m.adapter = had
		return errors.Wrap(err, "pretrained: the adapter")
	}
	for m.judges.Get() != nil { // which have no adapter, or another
	}
	return nil
}

// SaveAdapter writes the model's adapter into a folder, as PEFT reads it.
func (m *Model) SaveAdapter(folder string) error {
	if err := m.made(); err != nil {
		return err
	}
	if m.adapter.Rank == 0 {
		return errors.New("pretrained: SaveAdapter: the model has no adapter: Adapt gives it one")
	}
	return peft.Save(folder, m.adapter, m.params, m.path)
}

// adapted is a view in which weights are adapted, if the model has an adapter.
func (m *Model) adapted(g *graph.Graph) *graph.Graph {
	if m.adapter.Rank == 0 {
		return g
	}
	return m.adapter.Apply(g)
}

// table is the name of the embeddings' table.
func (m *Model) table() string {
	name := m.net.embedding + ".weight"
	if m.net.trunk != "" {
		name = m.net.trunk + "." + name
	}
	return name
}
