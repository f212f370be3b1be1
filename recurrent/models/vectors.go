package models

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// Words are the words that a model has embeddings of, by their ids, without the spaces before them: those to ask
// datasets.ReadWordVectors for. They are nil for a model whose tokens are no words.
func Words(m Model) []string {
	b, ok := m.(built)
	if !ok {
		return nil
	}
	if t := b.base().config.Tokens; t != "" && t != datasets.Word { // a tagger says nothing: it always reads words
		return nil
	}
	words := named(rowsIn(m), embeddingWeight).rows
	if words == nil {
		return nil
	}
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.TrimPrefix(w, " ")
	}
	return out
}

// SetVectors begins a model's embeddings with vectors of its Words, which must be as wide as Config.Embed. Words without a
// vector keep what they have. To leave the vectors as they are in training, name "embedding" in Config.Freeze.
func SetVectors(m Model, v *datasets.WordVectors) error {
	words := Words(m)
	if words == nil {
		return errors.New("models: SetVectors: the model's tokens are no words: Config.Tokens must be word")
	}
	c := m.(built).base()
	if v == nil || len(v.Values) != len(words) {
		return errors.Errorf("models: SetVectors: want a vector, or nil, for each of the model's %d words", len(words))
	}
	if v.Width != c.config.Embed {
		return wrong("Embed", "%d; want %d, as wide as the word vectors", c.config.Embed, v.Width)
	}
	if err := c.draw(); err != nil {
		return err
	}
	table := weights.Of(c.params.Get(embeddingWeight)).Clone().(*tensor.Dense)
	for i, row := range v.Values {
		if row != nil && len(row) != v.Width {
			return errors.Errorf("models: SetVectors: the vector of %q has %d numbers; want %d", words[i], len(row), v.Width)
		}
		copy(table.Float32s()[i*v.Width:], row)
	}
	return c.params.SetAll([]graph.Named{{Name: embeddingWeight, Value: table}})
}
