package serve

import (
	"slices"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/models"
	"github.com/unroll-go/unroll/recurrent/pretrained"
	"gorgonia.org/tensor"
)

// textModel writes texts token by token.
type textModel interface {
	stepModel
	tokens() datasets.Tokenizer
	// prompt is what a text is as ids where it begins one; never empty.
	prompt(text string) ([]int, error)
	// ends are the tokens that end a text.
	ends() []int
}

// trainedText is a language model of package models.
type trainedText struct{ m *models.LanguageModel }

func (t trainedText) step() *graph.Func                        { return t.m.Next() }
func (t trainedText) first(batch int) ([]*tensor.Dense, error) { return t.m.State(batch) }
func (t trainedText) tokens() datasets.Tokenizer               { return t.m.Vocabulary() }
func (t trainedText) ends() []int                              { return nil }

// prompt: an empty text is what the model reads before it writes without a prompt.
func (t trainedText) prompt(text string) ([]int, error) {
	if text == "" {
		text = t.m.Primer()
	}
	ids, err := t.m.Vocabulary().Encode(text)
	if err == nil && len(ids) == 0 {
		ids = []int{0}
	}
	return ids, err
}

// foundationText is a model of package pretrained.
type foundationText struct {
	m *pretrained.Model
	t pretrained.Tokenizer
}

func (f foundationText) step() *graph.Func                        { return f.m.Last() }
func (f foundationText) first(batch int) ([]*tensor.Dense, error) { return f.m.State(batch, 1) }
func (f foundationText) tokens() datasets.Tokenizer               { return f.t }
func (f foundationText) ends() []int                              { return f.m.Ends() }
func (f foundationText) prompt(text string) ([]int, error)        { return f.m.Prompt(text) }

func newFoundationText(m *pretrained.Model) (*foundationText, error) {
	t, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	return &foundationText{m, t}, nil
}

// grows tells whether a model's state grows with what it reads.
func grows(m *pretrained.Model) bool {
	return slices.ContainsFunc(m.Carries(), func(c pretrained.Carried) bool { return c.Grows })
}
