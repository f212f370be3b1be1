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

// classConfig describes a classifier of texts and how it is trained. A checkpoint carries it.
type classConfig struct {
	config
	tableFormat
	Table       string  `json:"table"`
	TextColumn  string  `json:"text_column"`
	LabelColumn string  `json:"label_column"`
	OneWay      bool    `json:"one_way"`
	Pool        string  `json:"pool"`
	TestPart    float64 `json:"test_part"`
	ValidFile   string  `json:"valid_file,omitempty"` // tables of those rows instead of parts of Table
	TestFile    string  `json:"test_file,omitempty"`
}

const bytePairs = "bpe"

var poolings = map[string]recurrent.Pooling{
	"last": recurrent.PoolLast, "max": recurrent.PoolMax, "mean": recurrent.PoolMean, "attention": recurrent.PoolAttention,
}

// classifier says of a text which of some labels it has.
type classifier struct {
	config classConfig
	tokens datasets.Tokenizer
	labels []string
	params *graph.Params
	loss   *graph.Func // ids [T, B], lengths [B], labels [B] to loss, logits [B, labels]
}

func newClassifier(c classConfig, tokens datasets.Tokenizer, labels []string) (*classifier, error) {
	pool, ok := poolings[c.Pool]
	if !ok {
		return nil, bad("pool", "pool", "%q; want last, max, mean or attention", c.Pool)
	}
	cell, err := cellOf(c.config)
	if err != nil {
		return nil, err
	}
	var layer recurrent.Layer = recurrent.Bidirectional{Cell: cell.Cells[0]}
	if c.OneWay {
		layer = recurrent.Unidirectional{Cell: cell.Cells[0]}
	}
	model := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: tokens.Len(), Size: c.Embed}, Layer: recurrent.DeepOf(c.Layers, layer),
		Pool: pool, Classes: len(labels), Dropout: c.Dropout}
	m := &classifier{config: c, tokens: tokens, labels: labels, params: graph.NewParams(c.Seed)}
	m.loss = graph.NewFunc(m.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := model.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, y, in[2]), y}
	})
	m.loss.Keep(256)
	return m, nil
}

// encode maps texts to ids; a text without tokens gets one that stands for nothing, id 0. With an error come the ids of
// the texts before the one at fault.
func (m *classifier) encode(s *samples) ([][]int, error) {
	var out [][]int
	for i, t := range s.texts {
		ids, err := m.tokens.Encode(t)
		if err != nil {
			return out, errors.Wrapf(err, "%s: in its text", s.place(i))
		}
		if len(ids) == 0 {
			ids = []int{0}
		}
		out = append(out, ids)
	}
	return out, nil
}

// labelIDs maps labels to their numbers.
func (m *classifier) labelIDs(s *samples) ([]int, error) {
	out := make([]int, len(s.labels))
	for i, l := range s.labels {
		at, ok := slices.BinarySearch(m.labels, l)
		if !ok {
			return nil, errors.Errorf("%s has the label %q; the model knows %s", s.place(i), l, quotedList(m.labels))
		}
		out[i] = at
	}
	return out, nil
}

// probabilities are those of the labels for each text of some ids, [texts][labels].
func (m *classifier) probabilities(ids [][]int) ([][]float64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	b, err := datasets.LabelledBatches(ids, make([]int, len(ids)), datasets.Batching{Size: 64, Pool: len(ids), RoundTo: 8})
	if err != nil {
		return nil, err
	}
	out := make([][]float64, len(ids))
	for {
		batch, ok := b.Next()
		if !ok {
			return out, nil
		}
		n, k := len(batch.Examples), len(m.labels)
		r, err := m.loss.Run(graph.Ints(batch.Inputs, batch.Steps, n), graph.Ints(batch.Lengths), graph.Ints(batch.Labels))
		if err != nil {
			return nil, err
		}
		for i, example := range batch.Examples {
			out[example] = softmax(r[1].Float32s()[i*k : (i+1)*k])
		}
	}
}

// tokensOf makes the tokens of the training texts.
func tokensOf(c classConfig, texts []string) (datasets.Tokenizer, error) {
	all := strings.Join(texts, "\n")
	if c.Vocabulary == bytePairs {
		return datasets.BPETrainer{Size: max(c.VocabLimit, 256), Compose: true, PrefixSpace: true}.Train(all)
	}
	kind := datasets.Word
	if c.Vocabulary == datasets.Character {
		kind = datasets.Character
	}
	limit := 0
	if kind == datasets.Word {
		limit = c.VocabLimit
	}
	b := datasets.VocabularyBuilder{Kind: kind, Limit: limit}
	if err := b.Add(all); err != nil {
		return nil, err
	}
	v, err := b.Vocabulary()
	if err != nil {
		return nil, err
	}
	return v.WithSpecials()
}

// metadata is what a checkpoint needs beside the weights to be a model again.
func (m *classifier) metadata() (map[string]string, error) {
	out := map[string]string{}
	for key, v := range map[string]interface{}{"classifier": m.config, "tokens": m.tokens, "labels": m.labels} {
		data, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		out[key] = string(data)
	}
	return out, nil
}

// isClassifier tells whether a file's metadata are a classifier's.
func isClassifier(metadata map[string]string) bool { return metadata["classifier"] != "" }

// touch asks for every weight: new ones are drawn, and loaded ones must be there with their shapes.
func (m *classifier) touch() error {
	one := graph.Ints([]int{1})
	_, err := m.loss.Program(false, []*tensor.Dense{graph.Ints([]int{0}, 1, 1), one, one}...)
	return err
}

// check reports settings that make no sense.
func (c classConfig) check() error {
	plain := c.config
	if c.Vocabulary == bytePairs {
		plain.Vocabulary = datasets.Word
	}
	if err := plain.check(); err != nil {
		return err
	}
	if _, ok := poolings[c.Pool]; !ok {
		return bad("pool", "pool", "%q; want last, max, mean or attention", c.Pool)
	}
	if !(c.TestPart >= 0 && c.TestPart <= 0.5) {
		return bad("test-part", "test_part", "%g; want 0 to 0.5", c.TestPart)
	}
	return c.tableFormat.check()
}
