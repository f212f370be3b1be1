package pretrained

import (
	"encoding/json"
	"path/filepath"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/tokenizer"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// Tokenizer maps texts to ids and back: a *tokenizer.Tokenizer, a *tokenizer.SentencePiece, a *tokenizer.World, or one of your
// own. If it has a method Continue(text string) ([]int, error), as the first two have, that encodes a text that goes on after
// another, unless the last token before it is one of Specials.
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
	if path := filepath.Join(folder, "tokenizer.model"); exists(path) {
		t, err := sentencePiece(folder, path)
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
	m.mute = errors.Errorf("pretrained: %s has no tokenizer: want tokenizer.json, tokenizer.model, or RWKV's %s", folder, worldVocabulary)
}

// sentencePiece reads a tokenizer.model, with a token for the beginning before a text, as transformers puts it there unless
// tokenizer_config.json says otherwise.
func sentencePiece(folder, path string) (*tokenizer.SentencePiece, error) {
	t, err := tokenizer.LoadSentencePiece(path)
	if err != nil {
		return nil, err
	}
	var around struct {
		Begin *bool `json:"add_bos_token"`
		End   *bool `json:"add_eos_token"`
	}
	config := filepath.Join(folder, "tokenizer_config.json")
	if data, err := inputfile.Read(config); err == nil {
		if err := json.Unmarshal(data, &around); err != nil {
			return nil, errors.Wrapf(err, "pretrained: %s", config)
		}
	}
	begin := around.Begin == nil || *around.Begin
	return t.Around(begin, around.End != nil && *around.End)
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
