package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/modules"
	"github.com/unroll-go/unroll/recurrent/models"
	"gorgonia.org/tensor"
)

// foreignNet is a network as PyTorch has it.
type foreignNet struct {
	cell             string // LSTM, GRU or RNN
	layers, directed int
	tokens, classes  int // tokens 0 for rows of numbers
	crf              bool
	steps            bool // a prediction at every step
	noBias           bool
}

const foreignHidden, foreignEmbed = 3, 4

// tensors draws the weights.
func (n foreignNet) tensors() []graph.Named {
	var out []graph.Named
	add := func(name string, shape ...int) {
		size := 1
		for _, d := range shape {
			size *= d
		}
		data := make([]float32, size)
		for i := range data {
			data[i] = float32((i*7919+len(out)*131)%101)/60 - 0.83
		}
		out = append(out, graph.Named{Name: name, Value: graph.Floats(data, shape...)})
	}
	gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[n.cell]
	if n.tokens > 0 {
		add("embed.weight", n.tokens, foreignEmbed)
	}
	for l := range n.layers {
		for _, reverse := range []string{"", "_reverse"}[:n.directed] {
			in := foreignEmbed
			if l > 0 {
				in = n.directed * foreignHidden
			}
			suffix := fmt.Sprintf("_l%d%s", l, reverse)
			add("body.weight_ih"+suffix, gates*foreignHidden, in)
			add("body.weight_hh"+suffix, gates*foreignHidden, foreignHidden)
			if !n.noBias {
				add("body.bias_ih"+suffix, gates*foreignHidden)
				add("body.bias_hh"+suffix, gates*foreignHidden)
			}
		}
	}
	add("out.weight", n.classes, n.directed*foreignHidden)
	add("out.bias", n.classes)
	if n.crf {
		add("chain.transitions", n.classes, n.classes)
		add("chain.start_transitions", n.classes)
		add("chain.end_transitions", n.classes)
	}
	return out
}

// run computes the network with package modules, which is compared with PyTorch.
func (n foreignNet) run(t *testing.T, tensors []graph.Named, in *tensor.Dense) *tensor.Dense {
	t.Helper()
	input, first := `{"name": "x", "type": "float", "shape": ["B", "T", 4]}`, ""
	if n.tokens > 0 {
		input, first = `{"name": "x", "type": "int", "shape": ["B", "T"]}`, `{"module": "Embedding", "weights": "embed"},`
	}
	pick := ""
	switch {
	case n.steps:
	case n.directed == 2: // both last states, the forward one first
		pick = `{"module": "select", "from": "body.h_n", "dim": 0, "index": -2, "name": "f"}, {"module": "select", "from": "body.h_n", "dim": 0, "index": -1, "name": "b"},
			{"module": "cat", "from": ["f", "b"], "dim": 1},`
	default:
		pick = `{"module": "select", "from": "body.h_n", "dim": 0, "index": -1},`
	}
	m, err := modules.Open([]byte(`{"inputs": [`+input+`], "layers": [`+first+`{"module": "`+n.cell+`", "weights": "body", "batch_first": true},`+pick+
		`{"module": "Linear", "weights": "out"}, {"module": "softmax", "dim": -1, "name": "y"}], "outputs": ["y"]}`), tensors)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Run(p, in)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// A model that is made of another framework's network computes what that computes, whatever the order of tokens and labels.
func TestForeign(t *testing.T) {
	letters := []string{"<PAD>", "b", "a", "<UNK>", "c"}
	for name, c := range map[string]struct {
		net    foreignNet
		kind   models.Kind
		change func(f *models.Foreign)
	}{
		"language": {foreignNet{cell: "LSTM", layers: 2, directed: 1, tokens: 5, classes: 5, steps: true}, models.KindLanguage, nil},
		"language of words": {foreignNet{cell: "GRU", layers: 1, directed: 1, tokens: 5, classes: 5, steps: true}, models.KindLanguage,
			func(f *models.Foreign) { f.Tokens = "word" }},
		"classifier": {foreignNet{cell: "LSTM", layers: 1, directed: 1, tokens: 5, classes: 3}, models.KindClassifier,
			func(f *models.Foreign) { f.Labels = []string{"c", "a", "b"} }},
		"classifier of words, both ways": {foreignNet{cell: "GRU", layers: 1, directed: 2, tokens: 5, classes: 2}, models.KindClassifier,
			func(f *models.Foreign) { f.Tokens = "word" }},
		"classifier without biases": {foreignNet{cell: "RNN", layers: 2, directed: 1, tokens: 5, classes: 3, noBias: true}, models.KindClassifier, nil},
		"tagger":                    {foreignNet{cell: "LSTM", layers: 2, directed: 2, tokens: 5, classes: 3, crf: true, steps: true}, models.KindTagger, nil},
		"tagger without a CRF": {foreignNet{cell: "LSTM", layers: 1, directed: 2, tokens: 5, classes: 3, steps: true}, models.KindClassifier,
			func(f *models.Foreign) { f.Kind, f.Labels = models.KindTagger, []string{"z", "x", "y"} }},
		"sequences": {foreignNet{cell: "GRU", layers: 2, directed: 2, classes: 3}, models.KindSequence, nil},
	} {
		tensors := c.net.tensors()
		f, err := models.Recognize(tensors, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Kind != c.kind {
			t.Errorf("%s: looks like a %v; want a %v", name, f.Kind, c.kind)
		}
		f.Vocabulary = letters
		if c.change != nil {
			c.change(f)
		}
		m, err := f.Model()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, err := f.Difference(m, func(in *tensor.Dense) (*tensor.Dense, error) { return c.net.run(t, tensors, in), nil })
		if err != nil || !(d < 2e-6) {
			t.Errorf("%s: %g of the largest value away, %v", name, d, err)
		}
		if d, err = f.Difference(m, func(in *tensor.Dense) (*tensor.Dense, error) {
			out := c.net.run(t, tensors, in)
			out.Float32s()[0] += 0.01
			return out, nil
		}); err != nil || !(d > 1e-3) {
			t.Errorf("%s: a difference is not seen: %g, %v", name, d, err)
		}
	}
}

// One row of a head is the logit of the second of two labels.
func TestForeignOfOneRow(t *testing.T) {
	net := foreignNet{cell: "LSTM", layers: 1, directed: 1, tokens: 3, classes: 1}
	f, err := models.Recognize(net.tensors(), map[string]string{"char2id": `{"a": 1, "b": 0, "c": 2}`, "epoch": "3"})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(f.Vocabulary) != "[b a c]" {
		t.Errorf("the vocabulary is %v", f.Vocabulary)
	}
	f.Labels = []string{"no", "yes"}
	m, err := f.Model()
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.(*models.Classifier).Predict([]string{"abc"})
	if err != nil || len(p) != 1 {
		t.Fatal(p, err)
	}
	if labels := m.(*models.Classifier).Labels(); fmt.Sprint(labels) != "[no yes]" {
		t.Errorf("the labels are %v", labels)
	}
}

// What is no such network is refused by the names of all that has no place; what is not told is asked for.
func TestForeignRefuses(t *testing.T) {
	whole := foreignNet{cell: "LSTM", layers: 1, directed: 1, tokens: 5, classes: 3}
	small := func(n ...int) *tensor.Dense {
		size := 1
		for _, d := range n {
			size *= d
		}
		return graph.Floats(make([]float32, size), n...)
	}
	for want, more := range map[string][]graph.Named{
		"conv.weight_v [2 2]; attn.in_proj_weight [6 2]":                 {{Name: "conv.weight_v", Value: small(2, 2)}, {Name: "attn.in_proj_weight", Value: small(6, 2)}},
		"hidden: one layer too many, of shape [2 7]":                     {{Name: "hidden.weight", Value: small(2, 7)}, {Name: "hidden.bias", Value: small(2)}},
		"more: layer 0: a gru of width 3 after one that is another":      {{Name: "more.weight_ih_l0", Value: small(9, 3)}, {Name: "more.weight_hh_l0", Value: small(9, 3)}},
		"more: layer 0: it reads 5 numbers; the layer before it gives 3": {{Name: "more.weight_ih_l0", Value: small(12, 5)}, {Name: "more.weight_hh_l0", Value: small(12, 3)}},
		"norm: it has tensors of another layer":                          {{Name: "norm.weight", Value: small(3)}, {Name: "norm.bias", Value: small(3)}},
	} {
		if _, err := models.Recognize(append(whole.tensors(), more...), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %v; want %q", err, want)
		}
	}
	if _, err := models.Recognize(nil, nil); err == nil || !strings.Contains(err.Error(), "there is no recurrent layer") {
		t.Errorf("of nothing: %v", err)
	}
	for want, change := range map[string]func(f *models.Foreign){
		"does not say what its 5 tokens are": func(*models.Foreign) {},
		"6 tokens; the embedding has 5 rows": func(f *models.Foreign) { f.Vocabulary = strings.Split("abcdef", "") },
		"2 labels; the head has rows for 3":  func(f *models.Foreign) { f.Vocabulary, f.Labels = strings.Split("abcde", ""), []string{"a", "b"} },
		"tokens 4 and 5 of the vocabulary":   func(f *models.Foreign) { f.Vocabulary = strings.Split("aabcd", "") },
		"and no translator":                  func(f *models.Foreign) { f.Kind = models.KindTranslator },
		"is none of a model of sequences":    func(f *models.Foreign) { f.Kind = models.KindSequence },
		`its configuration has pool "sum"`:   func(f *models.Foreign) { f.Vocabulary, f.Pool = strings.Split("abcde", ""), "sum" },
	} {
		f, err := models.Recognize(whole.tensors(), nil)
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		if _, err := f.Model(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %v; want %q", err, want)
		}
	}
	for _, f := range []*models.Foreign{nil, {}} {
		if _, err := f.Model(); err == nil || f.String() != "no network" {
			t.Errorf("of nothing there is a model: %v", f)
		}
	}
}
