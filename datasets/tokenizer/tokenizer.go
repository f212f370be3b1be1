// Package tokenizer reads the tokenizers of models that others have trained: tokenizer.json of Hugging Face, tokenizer.model of
// SentencePiece, and the vocabulary of RWKV. What they make of a text are the ids that the Python packages tokenizers,
// sentencepiece and rwkv make of it.
//
//	t, err := tokenizer.Load("tokenizer.json")
//	ids, err := t.Encode("The meaning of life")
//
// A tokenizer.json is a chain: added tokens are found in the text, the rest is normalised, cut into words, each of which a model
// makes tokens of; a template puts tokens before and after them, see Tokenizer.Prompt. Parts of a chain that are not known are
// an error that names them: a tokenizer that is nearly right makes a model worse without a word.
package tokenizer

import (
	"encoding/json"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/internal/subword"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// Tokenizer is a tokenizer.json. It never changes, so goroutines may share it. Load makes one; it is a datasets.Tokenizer.
type Tokenizer struct {
	tokens   []string // by id; empty where there is none
	ids      map[string]int
	special  map[int]bool
	inVocab  int // tokens of the model
	raw      subword.Matcher
	normal   subword.Matcher
	whole    chain // of a text, and of what follows an added token in it
	rest     chain // of what goes on after another text
	model    model
	template template
	decoder  decoder
}

// chain makes words of a text.
type chain struct {
	normal normalizer
	words  splitter
}

// model makes tokens of a word.
type model interface {
	// encode appends the ids of a word's tokens.
	encode(ids []int, word string) ([]int, error)
}

// file is a tokenizer.json.
type file struct {
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []subword.Added `json:"added_tokens"`
	Normalizer    *part           `json:"normalizer"`
	PreTokenizer  *part           `json:"pre_tokenizer"`
	PostProcessor *part           `json:"post_processor"`
	Decoder       *part           `json:"decoder"`
	Model         modelFields     `json:"model"`
}

// Load reads a tokenizer.json.
func Load(path string) (*Tokenizer, error) {
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "tokenizer")
	}
	t, err := parse(data)
	return t, errors.WithMessagef(err, "tokenizer: %s", path)
}

// Parse reads the contents of a tokenizer.json.
func Parse(data []byte) (*Tokenizer, error) {
	t, err := parse(data)
	return t, errors.WithMessage(err, "tokenizer")
}

func parse(data []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, errors.Wrap(err, "it is no tokenizer.json")
	}
	t := &Tokenizer{special: map[int]bool{}}
	var err error
	if t.whole, err = f.chain(part.itself); err != nil {
		return nil, err
	}
	if t.rest, err = f.chain(part.continued); err != nil {
		return nil, err
	}
	if t.decoder, err = decoderOf(f.Decoder); err != nil {
		return nil, errors.WithMessage(err, "decoder")
	}
	if t.model, t.tokens, err = f.Model.read(); err != nil {
		return nil, errors.WithMessage(err, "model")
	}
	t.inVocab = len(t.tokens)
	t.ids = make(map[string]int, len(t.tokens))
	for id, token := range t.tokens {
		if token != "" {
			t.ids[token] = id
		}
	}
	if err := t.add(f.AddedTokens); err != nil {
		return nil, errors.WithMessage(err, "added_tokens")
	}
	t.template, err = templateOf(f.PostProcessor, t.ids)
	return t, errors.WithMessage(err, "post_processor")
}

// chain is that of the file, of which each part is changed by a function.
func (f *file) chain(change func(part) part) (c chain, err error) {
	if c.normal, err = normalizerOf(f.Normalizer, change); err != nil {
		return c, errors.WithMessage(err, "normalizer")
	}
	c.words, err = splitterOf(f.PreTokenizer, change)
	return c, errors.WithMessage(err, "pre_tokenizer")
}

// mostTokens is more than any vocabulary has.
const mostTokens = 1 << 24

// add takes the added tokens, of which some are in the model's vocabulary.
func (t *Tokenizer) add(list []subword.Added) error {
	var raw, normal []subword.Added
	for _, a := range list {
		if a.Content == "" {
			continue
		}
		if id, ok := t.ids[a.Content]; ok && id != a.ID {
			return errors.Errorf("token %q has id %d, and %d in the model's vocabulary", a.Content, a.ID, id)
		}
		if a.ID < 0 || a.ID >= mostTokens {
			return errors.Errorf("token %q has id %d; want 0 to %d", a.Content, a.ID, mostTokens-1)
		}
		for len(t.tokens) <= a.ID {
			t.tokens = append(t.tokens, "")
		}
		if had := t.tokens[a.ID]; had != "" && had != a.Content {
			return errors.Errorf("token %q has id %d, which is %q", a.Content, a.ID, had)
		}
		t.tokens[a.ID], t.ids[a.Content] = a.Content, a.ID
		if a.Special {
			t.special[a.ID] = true
		}
		if !a.Normalized {
			raw = append(raw, a)
			continue
		}
		if a.Content = t.whole.normal.apply(a.Content); a.Content != "" {
			normal = append(normal, a)
		}
	}
	t.raw, t.normal = subword.NewMatcher(raw), subword.NewMatcher(normal)
	return nil
}

// Len is one more than the highest id.
func (t *Tokenizer) Len() int { return len(t.tokens) }

// ID returns a token's id, and whether there is one. Tokens are written as in the file.
func (t *Tokenizer) ID(token string) (int, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Token returns an id's token as the file has it.
func (t *Tokenizer) Token(id int) (string, error) {
	if id < 0 || id >= len(t.tokens) || t.tokens[id] == "" {
		return "", errors.Errorf("tokenizer: id %d; the tokenizer has no such token, of %d", id, len(t.tokens))
	}
	return t.tokens[id], nil
}

// Specials returns the ids of the special tokens, such as <|endoftext|>, in order. Decode leaves them out.
func (t *Tokenizer) Specials() []int {
	var out []int
	for id := range t.special {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Encode maps a text to ids, without the tokens that a template puts around them. Added tokens are recognised in the text.
func (t *Tokenizer) Encode(text string) ([]int, error) { return t.encode(text, t.whole, true) }

// Continue is Encode for a text that goes on after another: no space is put before it, and none at its beginning is taken away.
// Where the two are cut between words, their ids are those of the whole.
func (t *Tokenizer) Continue(text string) ([]int, error) { return t.encode(text, t.rest, false) }

// encode has the text's first part go through a chain; first tells that nothing is before it.
func (t *Tokenizer) encode(text string, c chain, first bool) ([]int, error) {
	if len(t.tokens) == 0 {
		return nil, errors.New("tokenizer: there is no tokenizer: Load makes one")
	}
	ids := make([]int, 0, len(text)/3+1)
	var err error
	t.raw.Split(text, func(piece string, id int) {
		if id >= 0 {
			ids, c, first = append(ids, id), t.whole, false
			return
		}
		t.normal.Split(c.normal.apply(piece), func(piece string, id int) {
			if id >= 0 {
				ids = append(ids, id)
			} else if err == nil {
				ids, err = t.encodePart(ids, piece, c.words, first)
			}
			c, first = t.whole, false
		})
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// encodePart appends the ids of a text without added tokens.
func (t *Tokenizer) encodePart(ids []int, text string, cuts splitter, first bool) ([]int, error) {
	words := []string{text}
	if cuts != nil {
		words = cuts.split(words, first)
	}
	var err error
	for _, w := range words {
		if w == "" {
			continue
		}
		if ids, err = t.model.encode(ids, w); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Prompt is Encode with the tokens before and after a text that the model was trained with, such as one for its beginning.
func (t *Tokenizer) Prompt(text string) ([]int, error) {
	ids, err := t.Encode(text)
	if err != nil {
		return nil, err
	}
	return t.template.around(ids), nil
}

// Decode maps ids to text, without the special tokens. Bytes that are not UTF-8 become U+FFFD; one character may be several
// tokens, so join text that is generated token by token with a Streamer.
func (t *Tokenizer) Decode(ids []int) (string, error) {
	var tokens []string
	for _, id := range ids {
		token, err := t.Token(id)
		if err != nil {
			return "", err
		}
		if !t.special[id] {
			tokens = append(tokens, token)
		}
	}
	return t.decoder.join(tokens), nil
}
