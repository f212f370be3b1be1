package pretrained

import (
	"sync"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// Model is a language model that others have trained. Load makes one.
type Model struct {
	family family
	net    network
	params *graph.Params
	path   string

	read  map[string]bool // the weights that the network reads
	ends  []int           // tokens that end a text
	begin int             // the token before a text; -1 for none

	tokenizer Tokenizer
	mute      error // why there is no tokenizer

	weights graph.WeightFormat
	adapter nn.LoRA   // of rank 0 for none
	judges  sync.Pool // of functions that judge texts, each for one goroutine at a time
}

// Carried is one tensor of what a model carries from token to token.
type Carried struct {
	Name  string // by the names of the weights around it, such as backbone.layers.0.mixer.ssm
	Shape []int  // [B, ...]; of rows that go back in time, oldest first, [rows, B, width]
	Grows bool   // there is a row for each token that attention looks back at
}

// Elements is how many numbers it has.
func (c Carried) Elements() int {
	n := 1
	for _, d := range c.Shape {
		n *= d
	}
	return n
}

// Family is the model_type of its config.json, such as mamba.
func (m *Model) Family() string { return m.family.kind }

// Params is the store of the weights, by the names that they have in the file.
func (m *Model) Params() *graph.Params { return m.params }

// Tokens is the number of tokens that the network tells apart. The tokenizer may have fewer.
func (m *Model) Tokens() int { return m.net.vocab }

// Layers is the number of layers.
func (m *Model) Layers() int { return m.net.layers }

// Next returns a new function over the model's weights: ids [T, B] and a state map to logits [T, B, V] and the state after the
// last step. State and graph.Func.Stream begin one that goes token by token.
func (m *Model) Next() *graph.Func {
	return m.function(1, func(g *graph.Graph, b block, in []graph.Node) []graph.Node {
		return []graph.Node{m.net.logits(b, m.net.hidden(b, in[0]))}
	})
}

// Loss returns a new function over the model's weights: ids [T, B], the ids that follow [T, B] and a state map to the mean
// loss in nats a token and the state after the last step. It is what a train.Loop wants. Ids of -1 that follow do not count.
func (m *Model) Loss() *graph.Func {
	return m.function(2, func(g *graph.Graph, b block, in []graph.Node) []graph.Node {
		none := -1
		return []graph.Node{losses.CrossEntropy{Ignore: &none}.Apply(g, m.net.logits(b, m.net.hidden(b, in[0])), in[1])}
	})
}

// last is Next for the last step alone: logits [B, V].
func (m *Model) last() *graph.Func {
	return m.function(1, func(g *graph.Graph, b block, in []graph.Node) []graph.Node {
		h := m.net.hidden(b, in[0])
		if g.Err() != nil {
			return []graph.Node{h}
		}
		n, batch := in[0].Dim(0), in[0].Dim(1)
		return []graph.Node{m.net.logits(b, g.Reshape(g.Slice(h, 0, n-1, n), batch, h.Dim(-1)))}
	})
}

// function is one of some inputs and a state. Its outputs are followed by the state after the last step.
func (m *Model) function(inputs int, build func(g *graph.Graph, b block, in []graph.Node) []graph.Node) *graph.Func {
	f := graph.NewFunc(m.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) < inputs || !in[0].IsIDs() || in[0].Rank() != 2 {
			return []graph.Node{g.Failf("Model", "want ids [T, B] and a state")}
		}
		state := &carry{given: append([]graph.Node{}, in[inputs:]...), batch: in[0].Dim(1), back: m.room(in[inputs:])}
		out := build(g, block{g: m.adapted(g), state: state}, in)
		if n := len(state.slots); g.Err() == nil && n != len(state.given) {
			return []graph.Node{g.Failf("Model", "%d parts of a state; want %d", len(state.given), n)}
		}
		return append(out, state.after()...)
	})
	if m.params != nil {
		_ = f.SetWeightFormat(m.weights) // SetWeightFormat has tried it
	}
	return f
}

// room is how many tokens a state has room for where attention looks back at all of the past.
func (m *Model) room(state []graph.Node) int {
	for i, s := range m.carried(1, 1) {
		if s.Grows && i < len(state) && state[i].Rank() > 0 {
			return state[i].Dim(0)
		}
	}
	return 1
}

// SetWeightFormat chooses how functions that are made from now on read weights, see graph.WeightFormat.
func (m *Model) SetWeightFormat(w graph.WeightFormat) error {
	if err := m.made(); err != nil {
		return err
	}
	if err := m.Next().SetWeightFormat(w); err != nil {
		return err
	}
	m.weights = w
	for m.judges.Get() != nil { // which read weights as before
	}
	return nil
}

// made tells whether Load made the model.
func (m *Model) made() error {
	if m == nil || m.params == nil {
		return errors.New("pretrained: there is no model: Load makes one")
	}
	return nil
}

// Carries lists what the model carries from token to token for each sequence.
func (m *Model) Carries() []Carried {
	if m.made() != nil {
		return nil
	}
	var out []Carried
	for _, s := range m.carried(1, 1) {
		out = append(out, s.Carried)
	}
	return out
}

// carried are the parts of the state for a batch, with room for so many tokens.
func (m *Model) carried(batch, back int) []*slot {
	state, err := m.try(batch, back)
	if err != nil {
		return nil // Load has tried it
	}
	return state.slots
}

// try builds one step of the network, and says what is wrong with its weights.
func (m *Model) try(batch, back int) (*carry, error) {
	read := map[string]bool{}
	g := m.adapted(graph.New(m.params)).Transform(func(name string, w graph.Node) graph.Node {
		read[name] = true
		return w
	})
	b := block{g: g, state: &carry{batch: batch, back: back, read: read}}
	m.net.logits(b, m.net.hidden(b, g.InputIDs("ids", 1, batch)))
	return b.state, g.Err()
}

// State is the state before the first token, for a batch of sequences. Where attention looks back at all of the past, it has
// room for so many tokens; back is passed over by models without such layers.
func (m *Model) State(batch, back int) ([]*tensor.Dense, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if batch < 1 || back < 1 {
		return nil, errors.Errorf("pretrained: State: %d sequences, room for %d tokens; want 1 or more of each", batch, back)
	}
	out, err := graph.NewFunc(m.params, func(g *graph.Graph, _ []graph.Node) []graph.Node {
		b := block{g: g, state: &carry{batch: batch, back: back}}
		m.net.hidden(b, g.Const(graph.Ints(make([]int, batch), 1, batch)))
		first := make([]graph.Node, len(b.state.slots))
		for i, s := range b.state.slots {
			first[i] = s.last
		}
		return first
	}).Run()
	if err != nil {
		return nil, errors.Wrap(err, "pretrained: State")
	}
	own := make([]*tensor.Dense, len(out))
	for i, v := range out {
		own[i] = v.Clone().(*tensor.Dense)
	}
	return own, nil
}
