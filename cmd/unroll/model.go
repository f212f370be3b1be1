package main

import (
	"encoding/json"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// model is a language model: embedding, stacked recurrent cells, softmax head.
type model struct {
	config config
	vocab  *datasets.Vocabulary
	primer string // a piece of the training text, read before generating without a prompt
	length int    // of the text that is trained on, in tokens; 0 if none is
	params *graph.Params
	loss   *graph.Func // ids [T, B], targets [T, B], states... to loss, states...
	next   *graph.Func // ids [T, B], states... to logits [T, B, V], states...
}

func newModel(c config, vocab *datasets.Vocabulary) (*model, error) {
	cell, err := cellOf(c)
	if err != nil {
		return nil, err
	}
	m := &model{config: c, vocab: vocab, params: graph.NewParams(c.Seed)}
	logits := func(g *graph.Graph, ids graph.Node, state recurrent.State) (graph.Node, recurrent.State) {
		x := nn.Embedding{Tokens: vocab.Len(), Size: c.Embed}.Apply(g.Scope("embedding"), ids)
		x = nn.Dropout{Rate: c.Dropout}.Apply(g, x)
		y, state := recurrent.Unroll(g.Scope(c.Cell), cell, x, recurrent.Options{Init: state})
		y = nn.Dropout{Rate: c.Dropout}.Apply(g, y)
		return nn.Head{Classes: vocab.Len()}.Apply(g.Scope("head"), y), state
	}
	m.loss = graph.NewFunc(m.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, state := logits(g, in[0], in[2:])
		return append([]graph.Node{losses.CrossEntropy{}.Apply(g, y, in[1])}, state...)
	})
	m.next = graph.NewFunc(m.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, state := logits(g, in[0], in[1:])
		return append([]graph.Node{y}, state...)
	})
	return m, nil
}

func cellOf(c config) (recurrent.Stack, error) {
	kinds := map[string]recurrent.Cell{
		"rnn":  recurrent.RNN{Hidden: c.Hidden},
		"lstm": recurrent.LSTM{Hidden: c.Hidden},
		"gru":  recurrent.GRU{Hidden: c.Hidden},
	}
	cell, ok := kinds[c.Cell]
	if !ok {
		return recurrent.Stack{}, bad("cell", "cell", "%q; want %s", c.Cell, oneOf(cells))
	}
	s := recurrent.Layers(c.Layers, cell)
	s.Dropout = c.Dropout
	return s, nil
}

// state returns zero states for a batch.
func (m *model) state(batch int) []*tensor.Dense {
	perLayer := 1
	if m.config.Cell == "lstm" {
		perLayer = 2
	}
	out := make([]*tensor.Dense, perLayer*m.config.Layers)
	for i := range out {
		out[i] = graph.Floats(make([]float32, batch*m.config.Hidden), batch, m.config.Hidden)
	}
	return out
}

// lineLoss is the mean loss over one line, read from the first state on, in nats a token.
func (m *model) lineLoss(ids []int) (float64, error) {
	n := len(ids) - 1
	in := append([]*tensor.Dense{graph.Ints(ids[:n], n, 1), graph.Ints(ids[1:], n, 1)}, m.state(1)...)
	out, err := m.loss.Run(in...)
	if err != nil {
		return 0, err
	}
	return graph.Scalar(out[0]), nil
}

// metadata is what a checkpoint needs beside the weights to be a model again.
func (m *model) metadata() (map[string]string, error) {
	c, err := json.Marshal(m.config)
	if err != nil {
		return nil, err
	}
	v, err := json.Marshal(m.vocab)
	if err != nil {
		return nil, err
	}
	return map[string]string{"config": string(c), "vocabulary": string(v), "primer": m.primer}, nil
}

// touch asks for every weight: new ones are drawn, and loaded ones must be there with their shapes.
func (m *model) touch() error {
	_, err := m.next.Program(false, append([]*tensor.Dense{graph.Ints([]int{0}, 1, 1)}, m.state(1)...)...)
	return err
}
