package datasets

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"golang.org/x/text/unicode/norm"
)

// Unknown is the token of words that a vocabulary lacks.
const Unknown = "<unk>"

// The kinds of vocabulary.
const (
	Character = "character"
	Word      = "word"
)

// Vocabulary numbers the tokens of a text: its characters, or its words. It never changes once made, so goroutines may
// share it. Its JSON form is {"kind": "character", "tokens": ["\n", " ", ...]}.
type Vocabulary struct {
	kind   string // Character or Word
	tokens []string
	ids    map[string]int
	ascii  [utf8.RuneSelf]int // the ids of one-byte tokens, -1 where there is none
}

// Characters returns the vocabulary of all characters of a text. A character is what a reader sees as one: a letter
// with its accents, or an emoji with its modifiers (a grapheme cluster). Ids are in the order of the characters' bytes.
// There is no unknown token: encoding another character is an error.
func Characters(text string) (*Vocabulary, error) {
	count, err := countTokens(text, nextCharacter)
	if err != nil {
		return nil, err
	}
	tokens := make([]string, 0, len(count))
	for t := range count {
		tokens = append(tokens, t)
	}
	sort.Strings(tokens)
	return newVocabulary(Character, tokens)
}

// Words returns a vocabulary of the most frequent words of a text, at most limit tokens in all, 2 or more (0 for no
// limit). Words and punctuation marks are tokens, with the space before them if there is one, so decoding gives the
// text back; further blanks and newlines are tokens too. Id 0 is Unknown; the others are in the order of falling
// frequency, equal ones by their bytes.
func Words(text string, limit int) (*Vocabulary, error) {
	if limit < 0 || limit == 1 {
		return nil, errors.Errorf("datasets: a limit of %d words; want 2 or more, or 0 for none", limit)
	}
	count, err := countTokens(text, nextWord)
	if err != nil {
		return nil, err
	}
	tokens := make([]string, 0, len(count))
	for t := range count {
		tokens = append(tokens, t)
	}
	sort.Slice(tokens, func(i, j int) bool {
		if a, b := count[tokens[i]], count[tokens[j]]; a != b {
			return a > b
		}
		return tokens[i] < tokens[j]
	})
	if limit > 0 && len(tokens) > limit-1 {
		tokens = tokens[:limit-1]
	}
	// A text that has "<unk>" in it does not clash: the marks around the letters are words of their own.
	return newVocabulary(Word, append([]string{Unknown}, tokens...))
}

// countTokens counts the tokens of a text, normalised.
func countTokens(text string, next func(string) string) (map[string]int, error) {
	if problem := notUTF8(text); problem != "" {
		return nil, errors.Errorf("datasets: the text of a vocabulary is %s", problem)
	}
	text = Normalize(text)
	if text == "" {
		return nil, errors.New("datasets: a vocabulary of an empty text")
	}
	count := map[string]int{}
	for len(text) > 0 {
		t := next(text)
		count[t]++
		text = text[len(t):]
	}
	return count, nil
}

func newVocabulary(kind string, tokens []string) (*Vocabulary, error) {
	if len(tokens) == 0 {
		return nil, errors.New("datasets: a vocabulary needs at least one token")
	}
	v := &Vocabulary{kind: kind, tokens: tokens, ids: make(map[string]int, len(tokens))}
	for i := range v.ascii {
		v.ascii[i] = -1
	}
	for i, t := range tokens {
		if t == "" || !utf8.ValidString(t) {
			return nil, errors.Errorf("datasets: token %d of the vocabulary is empty or not UTF-8", i)
		}
		if !norm.NFC.IsNormalString(t) {
			return nil, errors.Errorf("datasets: token %d of the vocabulary, %+q, is not in normalisation form C: no text has it", i, t)
		}
		if j, ok := v.ids[t]; ok {
			return nil, errors.Errorf("datasets: tokens %d and %d of the vocabulary are both %q", j, i, t)
		}
		t = strings.Clone(t) // not a view of the whole text, which may be freed
		v.tokens[i], v.ids[t] = t, i
		if len(t) == 1 {
			v.ascii[t[0]] = i
		}
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

// ID returns a token's id, and whether there is one. The token is looked up as it is, not normalised.
func (v *Vocabulary) ID(token string) (int, bool) {
	id, ok := v.ids[token]
	return id, ok
}

// Token returns an id's token.
func (v *Vocabulary) Token(id int) (string, error) {
	if id < 0 || id >= len(v.tokens) {
		return "", errors.Errorf("datasets: id %d; the vocabulary has %d tokens, counted from 0", id, len(v.tokens))
	}
	return v.tokens[id], nil
}

// Encode maps a text to ids, after normalising it. A word that the vocabulary lacks becomes Unknown; a character that
// it lacks is an error that says which and where.
func (v *Vocabulary) Encode(text string) ([]int, error) {
	if problem := notUTF8(text); problem != "" {
		return nil, errors.Errorf("datasets: the text to encode is %s", problem)
	}
	if len(v.tokens) == 0 {
		return nil, errors.New("datasets: encoding with an empty vocabulary")
	}
	text = Normalize(text)
	next, size := nextCharacter, len(text)
	if v.kind == Word {
		next, size = nextWord, len(text)/4 // a guess; append corrects it
	}
	ids := make([]int, 0, size)
	for rest := text; len(rest) > 0; {
		t := next(rest)
		id := -1
		if len(t) == 1 {
			id = v.ascii[t[0]]
		} else if known, ok := v.ids[t]; ok {
			id = known
		}
		if id < 0 && v.kind == Word {
			id = 0 // Unknown
		}
		if id < 0 {
			line := 1 + strings.Count(text[:len(text)-len(rest)], "\n")
			return nil, errors.Errorf("datasets: character %q, number %d of the text, in line %d, is not in the vocabulary", t, len(ids)+1, line)
		}
		ids = append(ids, id)
		rest = rest[len(t):]
	}
	return ids, nil
}

// Decode maps ids to text. For ids that Encode gave, it is the normalised text, with Unknown in the place of each
// unknown word (and of the space before it).
func (v *Vocabulary) Decode(ids []int) (string, error) {
	var b strings.Builder
	for i, id := range ids {
		if id < 0 || id >= len(v.tokens) {
			return "", errors.Errorf("datasets: id %d, number %d of those to decode; the vocabulary has %d tokens, counted from 0", id, i+1, len(v.tokens))
		}
		b.WriteString(v.tokens[id])
	}
	return b.String(), nil
}
