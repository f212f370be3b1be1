package pretrained

import (
	"path/filepath"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/tokenizer"
)

// Tokenizer maps texts to ids and back: a *tokenizer.Tokenizer, a *tokenizer.World, or one of your own.
type Tokenizer interface {
	datasets.Tokenizer
	// Prompt is Encode with what the model was trained to see around a text, such as a token for its beginning.
	Prompt(text string) ([]int, error)
	// Specials are the ids that Decode leaves out.
	Specials() []int
}

// worldVocabulary is the file with RWKV's vocabulary.
const worldVocabulary = "rwkv_vocab_v20230424.txt"

// openTokenizer reads the tokenizer that lies in the model's folder, or beside its file. A model without one still takes ids.
func (m *Model) openTokenizer(folder string) {
	if path := filepath.Join(folder, "tokenizer.json"); exists(path) {
		t, err := tokenizer.Load(path)
		if m.mute = err; err == nil {
			m.tokenizer = t
		}
		return
	}
	if path := filepath.Join(folder, worldVocabulary); exists(path) {
		w, err := tokenizer.LoadWorld(path)
		if m.mute = err; err == nil {
			m.tokenizer = w
		}
		return
	}
	m.mute = errors.Errorf("pretrained: %s has no tokenizer: want tokenizer.json, or RWKV's %s", folder, worldVocabulary)
}

// Tokenizer is the model's, or the error that says why it has none.
func (m *Model) Tokenizer() (Tokenizer, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if m.tokenizer == nil {
		return nil, m.mute
	}
	return m.tokenizer, nil
}

// SetTokenizer gives the model another tokenizer.
func (m *Model) SetTokenizer(t Tokenizer) error {
	if err := m.made(); err != nil {
		return err
	}
	if t == nil {
		return errors.New("pretrained: SetTokenizer: the tokenizer is nil")
	}
	m.tokenizer = t
	return nil
}

// prompt encodes a text that begins one; an empty text is the token before a text, or the one that ends another.
func (m *Model) prompt(text string) ([]int, error) {
	t, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	ids, err := t.Prompt(text)
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		return ids, nil
	}
	switch {
	case m.begin >= 0:
		return []int{m.begin}, nil
	case len(m.ends) > 0:
		return m.ends[:1], nil
	}
	return []int{0}, nil
}
