package datasets

import (
	"encoding/json"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// Unknown is the token of words that a vocabulary lacks.
const Unknown = "<unk>"

// Vocabulary numbers the tokens of a text: its characters, or its words.
type Vocabulary struct {
	kind   string // "character" or "word"
	tokens []string
	ids    map[string]int
}

// The kinds of vocabulary.
const (
	Character = "character"
	Word      = "word"
)

// Characters returns the vocabulary of all characters of a text. A character is what a reader sees as one: a letter
// with its accents, or an emoji with its modifiers (a grapheme cluster). Ids are in the order of the characters' bytes.
// There is no unknown token: encoding another character is an error.
func Characters(text string) (*Vocabulary, error) {
	count := countTokens(Normalize(text), nextCharacter)
	tokens := make([]string, 0, len(count))
	for t := range count {
		tokens = append(tokens, t)
	}
	sort.Strings(tokens)
	return newVocabulary(Character, tokens)
}

// Words returns a vocabulary of the most frequent words of a text, at most limit tokens in all (0 for no limit). Words
// and punctuation marks are tokens, with the space before them if there is one, so decoding gives the text back. Id 0
// is Unknown; the others are in the order of falling frequency, equal ones by their bytes.
func Words(text string, limit int) (*Vocabulary, error) {
	count := countTokens(Normalize(text), nextWord)
	tokens := make([]string, 0, len(count))
	for t := range count {
		if t != Unknown {
			tokens = append(tokens, t)
		}
	}
	sort.Slice(tokens, func(i, j int) bool {
		if a, b := count[tokens[i]], count[tokens[j]]; a != b {
			return a > b
		}
		return tokens[i] < tokens[j]
	})
	if len(tokens) == 0 {
		return nil, errors.New("datasets: no words in an empty text")
	}
	if limit > 0 && len(tokens) > limit-1 {
		tokens = tokens[:limit-1]
	}
	return newVocabulary(Word, append([]string{Unknown}, tokens...))
}

func countTokens(text string, next func(string) string) map[string]int {
	count := map[string]int{}
	for len(text) > 0 {
		t := next(text)
		count[t]++
		text = text[len(t):]
	}
	return count
}

func newVocabulary(kind string, tokens []string) (*Vocabulary, error) {
	v := &Vocabulary{kind: kind, tokens: tokens, ids: make(map[string]int, len(tokens))}
	if len(tokens) == 0 {
		return nil, errors.New("datasets: a vocabulary needs at least one token")
	}
	for i, t := range tokens {
		if t == "" || !utf8.ValidString(t) {
			return nil, errors.Errorf("datasets: token %d of the vocabulary is empty or not UTF-8", i)
		}
		if j, ok := v.ids[t]; ok {
			return nil, errors.Errorf("datasets: tokens %d and %d of the vocabulary are both %q", j, i, t)
		}
		v.ids[t] = i
	}
	if kind == Word && tokens[0] != Unknown {
		return nil, errors.Errorf("datasets: token 0 of a word vocabulary is %q; want %q", tokens[0], Unknown)
	}
	return v, nil
}

// Kind is Character or Word.
func (v *Vocabulary) Kind() string { return v.kind }

// Len is the number of tokens.
func (v *Vocabulary) Len() int { return len(v.tokens) }

// ID returns a token's id.
func (v *Vocabulary) ID(token string) (int, bool) {
	id, ok := v.ids[token]
	return id, ok
}

// Token returns an id's token.
func (v *Vocabulary) Token(id int) (string, error) {
	if id < 0 || id >= len(v.tokens) {
		return "", errors.Errorf("datasets: id %d; the vocabulary has 0 to %d", id, len(v.tokens)-1)
	}
	return v.tokens[id], nil
}

// Encode maps a text to ids, after normalising it. A word that the vocabulary lacks becomes Unknown; a character that
// it lacks is an error that says which and where.
func (v *Vocabulary) Encode(text string) ([]int, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("datasets: the text to encode is not UTF-8")
	}
	text = Normalize(text)
	next := nextCharacter
	if v.kind == Word {
		next = nextWord
	}
	ascii := v.asciiIDs()
	ids := make([]int, 0, len(text))
	for rest := text; len(rest) > 0; {
		t := next(rest)
		if len(t) == 1 && ascii[t[0]] >= 0 {
			ids = append(ids, ascii[t[0]])
		} else if id, ok := v.ids[t]; ok {
			ids = append(ids, id)
		} else if v.kind == Word {
			ids = append(ids, 0)
		} else {
			return nil, errors.Errorf("datasets: character %q, number %d of the text, is not in the vocabulary", t, len(ids)+1)
		}
		rest = rest[len(t):]
	}
	return ids, nil
}

// asciiIDs is a table of the ids of one-byte tokens, -1 where there is none.
func (v *Vocabulary) asciiIDs() (table [256]int) {
	for i := range table {
		table[i] = -1
		if id, ok := v.ids[string(rune(i))]; ok && i < utf8.RuneSelf {
			table[i] = id
		}
	}
	return table
}

// Decode maps ids to text. For ids that Encode gave without unknown tokens, it is the normalised text.
func (v *Vocabulary) Decode(ids []int) (string, error) {
	var b strings.Builder
	for _, id := range ids {
		t, err := v.Token(id)
		if err != nil {
			return "", err
		}
		b.WriteString(t)
	}
	return b.String(), nil
}

// vocabularyJSON is the saved form.
type vocabularyJSON struct {
	Kind   string   `json:"kind"`
	Tokens []string `json:"tokens"`
}

// MarshalJSON writes {"kind": ..., "tokens": [...]}, with the tokens in the order of their ids.
func (v *Vocabulary) MarshalJSON() ([]byte, error) {
	return json.Marshal(vocabularyJSON{v.kind, v.tokens})
}

// UnmarshalJSON reads what MarshalJSON wrote, and refuses anything else.
func (v *Vocabulary) UnmarshalJSON(data []byte) error {
	var saved vocabularyJSON
	if err := json.Unmarshal(data, &saved); err != nil {
		return errors.Wrap(err, "datasets: vocabulary")
	}
	if saved.Kind != Character && saved.Kind != Word {
		return errors.Errorf("datasets: a vocabulary of kind %q; want %q or %q", saved.Kind, Character, Word)
	}
	loaded, err := newVocabulary(saved.Kind, saved.Tokens)
	if err != nil {
		return err
	}
	*v = *loaded
	return nil
}
