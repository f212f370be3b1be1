package models

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// contents are what a file of the model would have beside the configuration and the recurrent weights: vocabularies, labels, and
// the weights whose rows are theirs, in their order.
func (f *Foreign) contents() (own map[string]any, weights []graph.Named, err error) {
	own = map[string]any{}
	head, bias := f.head, f.bias
	if bias == nil {
		bias = graph.Floats(make([]float32, head.Shape()[0]), head.Shape()[0])
	}
	if f.Kind == KindSequence {
		if err := f.columns(own); err != nil {
			return nil, nil, err
		}
		if f.number() {
			own[targetKey] = scale{0, 1}
			return own, headOf(head, bias, nil), nil
		}
	} else {
		vocabulary, rows, err := f.vocabulary()
		if err != nil {
			return nil, nil, err
		}
		weights = append(weights, graph.Named{Name: embeddingWeight, Value: pickRows(f.embed, rows)})
		switch f.Kind {
		case KindLanguage:
			own[vocabularyKey] = vocabulary
			return own, append(weights, headOf(head, bias, rows)...), nil
		case KindTagger:
			own[wordsKey], own[charactersKey] = vocabulary, savedVocabulary{datasets.Character, true, specials}
		default:
			own[tokensKey] = vocabulary
		}
	}
	labels, order, err := f.labels()
	if err != nil {
		return nil, nil, err
	}
	own[labelsKey] = labels
	if f.Kind == KindTagger {
		delete(own, labelsKey)
		own[tagsKey] = labels
	}
	weights = append(weights, headOf(head, bias, order)...)
	if len(f.chain) > 0 {
		weights = append(weights, graph.Named{Name: "crf.transitions", Value: columnsOf(pickRows(f.chain["transitions"], order), order)},
			graph.Named{Name: "crf.start_transitions", Value: pickRows(f.chain["start_transitions"], order)},
			graph.Named{Name: "crf.end_transitions", Value: pickRows(f.chain["end_transitions"], order)})
	}
	return own, weights, nil
}

// headOf are the weights of a head with some rows of another.
func headOf(weight, bias *tensor.Dense, rows []int) []graph.Named {
	return []graph.Named{{Name: "head.weight", Value: pickRows(weight, rows)}, {Name: "head.bias", Value: pickRows(bias, rows)}}
}

// columns are the features of rows, which are taken as they are.
func (f *Foreign) columns(own map[string]any) error {
	in, names := sequenceInputs{}, f.Columns
	if names == nil {
		for i := range f.shape.input {
			names = append(names, fmt.Sprintf("x%d", i+1))
		}
	}
	if len(names) != f.shape.input {
		return errors.Errorf("%d columns; the network reads %d features", len(names), f.shape.input)
	}
	for _, name := range names {
		in.Columns = append(in.Columns, inputColumn{Name: name, Mean: []float64{0}, Deviation: []float64{1}})
	}
	own[inputsKey] = in
	return nil
}

// labels are the labels in order, and which rows of the head are theirs; -1 is a row of zeros. A head with one row is the logit of
// the second of two labels: σ(z) is the second of softmax(0, z).
func (f *Foreign) labels() (labels []string, rows []int, err error) {
	n, given := f.head.Shape()[0], f.Labels
	first := 0
	if n == 1 {
		first, n = -1, 2
	}
	if given == nil {
		for i := range n {
			given = append(given, fmt.Sprintf("%0*d", len(fmt.Sprint(n-1)), i))
		}
	}
	if len(given) != n {
		return nil, nil, errors.Errorf("%d labels; the head has rows for %d", len(given), n)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(given[a], given[b]) })
	for _, i := range order {
		labels, rows = append(labels, given[i]), append(rows, i+first)
	}
	return labels, rows, nil
}

// savedVocabulary is a vocabulary as JSON has it.
type savedVocabulary struct {
	Kind     string   `json:"kind"`
	Specials bool     `json:"specials,omitempty"`
	Tokens   []string `json:"tokens"`
}

// specials are the tokens that the vocabularies of classifiers and taggers begin with.
var specials = []string{datasets.Padding, datasets.Unknown, datasets.Start, datasets.End}

// specialOf is our name of a special token; empty for any other.
func specialOf(token string) string {
	switch strings.ToLower(strings.Trim(token, "<>[]")) {
	case "pad", "padding":
		if token != "pad" && token != "padding" {
			return datasets.Padding
		}
	case "unk", "unknown", "oov":
		if token != "unk" && token != "unknown" && token != "oov" {
			return datasets.Unknown
		}
	case "s", "sos", "bos", "start":
		if strings.ContainsAny(token, "<[") {
			return datasets.Start
		}
	case "/s", "eos", "end":
		if strings.ContainsAny(token, "<[") {
			return datasets.End
		}
	}
	return ""
}

// vocabulary is the model's, and which rows of the embedding are its tokens'; -1 is a row of zeros. That of a language model is
// the file's, whose tokens are also what it predicts; those of others begin with the special tokens, and have words with and
// without the space before them, which texts have.
func (f *Foreign) vocabulary() (savedVocabulary, []int, error) {
	n := f.embed.Shape()[0]
	if f.Vocabulary == nil {
		return savedVocabulary{}, nil, errors.Errorf("the file does not say what its %d tokens are: want a vocabulary", n)
	}
	if len(f.Vocabulary) > n {
		return savedVocabulary{}, nil, errors.Errorf("%d tokens; the embedding has %d rows", len(f.Vocabulary), n)
	}
	given := slices.Clone(f.Vocabulary)
	for i := len(given); i < n; i++ { // rows that are nobody's
		given = append(given, fmt.Sprintf("<unused %d>", i))
	}
	at := map[string]int{}
	for i, t := range given {
		if s := specialOf(t); s != "" {
			if _, taken := at[s]; !taken {
				given[i], at[s] = s, i
			}
		}
	}
	out := savedVocabulary{Kind: f.tokens()}
	var rows []int
	add := func(token string, row int) { out.Tokens, rows = append(out.Tokens, token), append(rows, row) }
	if f.Kind == KindLanguage {
		unknown, ok := at[datasets.Unknown]
		if ok && out.Kind == datasets.Word { // it comes first
			add(datasets.Unknown, unknown)
		}
		for i, t := range given {
			if !(ok && i == unknown && out.Kind == datasets.Word) {
				add(t, i)
			}
		}
		return out, rows, nil
	}
	out.Specials = true
	if f.Kind == KindTagger {
		out.Kind = datasets.Label
	}
	for _, s := range specials {
		i, ok := at[s]
		if !ok {
			i = -1
		}
		add(s, i)
	}
	for i, t := range given {
		if j, ok := at[t]; ok && j == i {
			continue
		}
		if add(t, i); out.Kind == datasets.Word && !strings.HasPrefix(t, " ") {
			add(" "+t, i)
		}
	}
	return out, rows, nil
}

// listOf looks for a list of n texts among plain values: a list, or numbers from 0 by text, or texts by number.
func listOf(values map[string]string, n int) []string {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		var list []string
		if json.Unmarshal([]byte(values[key]), &list) == nil && len(list) == n {
			return list
		}
		var ids map[string]int
		if json.Unmarshal([]byte(values[key]), &ids) == nil && len(ids) == n {
			list = make([]string, n)
			for text, id := range ids {
				if id >= 0 && id < n {
					list[id] = text
				}
			}
			if !slices.Contains(list, "") {
				return list
			}
		}
	}
	return nil
}

// floats32 is a tensor in float32.
func floats32(t *tensor.Dense) *tensor.Dense { return pickRows(t, nil) }

// pickRows are rows of a tensor, in float32; -1 is a row of zeros, and nil all of them.
func pickRows(t *tensor.Dense, rows []int) *tensor.Dense {
	shape := slices.Clone([]int(t.Shape()))
	each := t.DataSize() / shape[0]
	if rows == nil {
		for i := range shape[0] {
			rows = append(rows, i)
		}
	}
	from := dense.Float64s(t)
	out := make([]float32, 0, len(rows)*each)
	for _, r := range rows {
		for k := range each {
			v := 0.0
			if r >= 0 {
				v = from[r*each+k]
			}
			out = append(out, float32(v))
		}
	}
	shape[0] = len(rows)
	return graph.Floats(out, shape...)
}

// columnsOf puts the columns of a square matrix in another order.
func columnsOf(t *tensor.Dense, order []int) *tensor.Dense {
	n := len(order)
	out := make([]float32, 0, n*n)
	for r := range n {
		for _, c := range order {
			out = append(out, t.Float32s()[r*n+c])
		}
	}
	return graph.Floats(out, n, n)
}
