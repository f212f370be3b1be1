package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// config describes a language model and how it is trained. A checkpoint carries it.
type config struct {
	Text       string  `json:"text"` // a file, or empty for the text that comes with the library
	TextHash   string  `json:"text_sha256"`
	Vocabulary string  `json:"vocabulary"` // character or word
	VocabLimit int     `json:"vocabulary_limit"`
	Cell       string  `json:"cell"`
	Layers     int     `json:"layers"`
	Hidden     int     `json:"hidden"`
	Embed      int     `json:"embed"`
	Dropout    float64 `json:"dropout"`
	Seq        int     `json:"seq"`
	Batch      int     `json:"batch"`
	Optimizer  string  `json:"optimizer"`
	Rate       float64 `json:"lr"`
	Clip       float64 `json:"clip"`
	Epochs     int     `json:"epochs"`
	Steps      int     `json:"steps"`
	Patience   int     `json:"patience"`
	Seed       uint64  `json:"seed"`
}

// model is a language model: embedding, stacked recurrent cells, softmax head.
type model struct {
	config config
	vocab  *datasets.Vocabulary
	primer string // a piece of the training text, read before generating without a prompt
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
	cells := map[string]recurrent.Cell{
		"rnn":  recurrent.RNN{Hidden: c.Hidden},
		"lstm": recurrent.LSTM{Hidden: c.Hidden},
		"gru":  recurrent.GRU{Hidden: c.Hidden},
	}
	cell, ok := cells[c.Cell]
	if !ok {
		return recurrent.Stack{}, usage("--cell %q; want rnn, lstm or gru", c.Cell)
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

// loadModel reads a model, with its weights, from a file that train or import wrote.
func loadModel(path string) (*model, error) {
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	if isClassifier(metadata) {
		return nil, errors.Errorf("%s is a classifier of texts; want a language model", path)
	}
	if metadata["config"] == "" || metadata["vocabulary"] == "" {
		return nil, errors.Errorf("%s is no model of this command: it has no configuration and vocabulary", path)
	}
	var c config
	if err := json.Unmarshal([]byte(metadata["config"]), &c); err != nil {
		return nil, errors.Wrapf(err, "%s: its configuration cannot be read", path)
	}
	vocab := new(datasets.Vocabulary)
	if err := json.Unmarshal([]byte(metadata["vocabulary"]), vocab); err != nil {
		return nil, errors.Wrapf(err, "%s: its vocabulary cannot be read", path)
	}
	m, err := newModel(c, vocab)
	if err != nil {
		return nil, err
	}
	m.primer = metadata["primer"]
	tensors = slices.DeleteFunc(tensors, func(t graph.Named) bool { return strings.HasPrefix(t.Name, "train/") })
	if err := m.params.SetAll(tensors); err != nil {
		return nil, errors.Wrap(err, path)
	}
	m.params.Seal()
	// A first run finds weights that are missing or have other shapes.
	if _, err := m.next.Program(false, append([]*tensor.Dense{graph.Ints([]int{0}, 1, 1)}, m.state(1)...)...); err != nil {
		return nil, errors.Wrapf(err, "%s: its weights do not fit its configuration", path)
	}
	return m, nil
}
