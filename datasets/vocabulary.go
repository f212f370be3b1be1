package datasets

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"golang.org/x/text/unicode/norm"
)

// The special tokens. Every vocabulary of words has Unknown; WithSpecials adds the others.
const (
	Padding = "<pad>"
	Unknown = "<unk>" // a token that the vocabulary lacks
	Start   = "<s>"
	End     = "</s>"
)

// spacedUnknown is an unknown word with a space before it, as most words have one: without it, decoding would lose the
// space.
const spacedUnknown = " " + Unknown

var specialTokens = []string{Padding, Unknown, Start, End}

// The kinds of vocabulary.
const (
	Character = "character"
	Word      = "word"
	Label     = "label" // plain tokens: classes, tags, phonemes
)

// Vocabulary numbers the tokens of a text: its characters, its words, or the labels of a list. It never changes once
// made, so goroutines may share it. Its JSON form is {"kind": "character", "tokens": ["\n", " ", ...]}.
type Vocabulary struct {
	kind     string // Character, Word or Label
	tokens   []string
	ids      map[string]int
	ascii    [utf8.RuneSelf]int // the ids of one-byte tokens, -1 where there is none
	specials bool               // tokens begins with specialTokens
	unknown  int                // ids of Unknown and spacedUnknown, -1 where there is none
	spaced   int
}

// Characters returns the vocabulary of all characters of a text. A character is what a reader sees as one: a letter
// with its accents, or an emoji with its modifiers (a grapheme cluster). Ids are in the order of the characters' bytes.
// There is no unknown token: encoding another character is an error. (See WithSpecials.)
func Characters(text string) (*Vocabulary, error) {
	return vocabularyOf(text, VocabularyBuilder{Kind: Character})
}

// Words returns a vocabulary of the most frequent words of a text, at most limit tokens in all, 2 or more (0 for no
// limit). Words and punctuation marks are tokens, with the space before them if there is one, so decoding gives the
// text back; further blanks and newlines are tokens too. Id 0 is Unknown, id 1 Unknown with a space before it; the
// others are in the order of falling frequency, equal ones by their bytes. VocabularyBuilder has more choices.
func Words(text string, limit int) (*Vocabulary, error) {
	return vocabularyOf(text, VocabularyBuilder{Kind: Word, Limit: limit})
}

func vocabularyOf(text string, b VocabularyBuilder) (*Vocabulary, error) {
	if err := b.Add(text); err != nil {
		return nil, err
	}
	return b.Vocabulary()
}

func newVocabulary(kind string, tokens []string, specials bool) (*Vocabulary, error) {
	if len(tokens) == 0 {
		return nil, errors.New("datasets: a vocabulary needs at least one token")
	}
	v := &Vocabulary{kind: kind, tokens: tokens, ids: make(map[string]int, len(tokens)), specials: specials, unknown: -1, spaced: -1}
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
	if specials && !slices.Equal(tokens[:min(4, len(tokens))], specialTokens) {
		return nil, errors.Errorf("datasets: the vocabulary does not begin with the special tokens %q", specialTokens)
	}
	switch {
	case specials:
		v.unknown = 1
	case kind == Word && tokens[0] != Unknown:
		return nil, errors.Errorf("datasets: token 0 of a word vocabulary is %q; want %q", tokens[0], Unknown)
	case kind == Word:
		v.unknown = 0
	}
	if id, ok := v.ids[spacedUnknown]; ok && kind == Word { // those of old checkpoints lack it
		v.spaced = id
	}
	return v, nil
}

// Kind is Character, Word or Label.
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

// Encode maps a text to ids, after normalising it. A word that the vocabulary lacks becomes Unknown, with the space
// before it if there is one; so does any token with WithSpecials. Otherwise a character or label that it lacks is an
// error that says which and where.
func (v *Vocabulary) Encode(text string) ([]int, error) {
	if problem := notUTF8(text); problem != "" {
		return nil, errors.Errorf("datasets: the text to encode is %s", problem)
	}
	if len(v.tokens) == 0 {
		return nil, errors.New("datasets: encoding with an empty vocabulary")
	}
	text = Normalize(text)
	next, size := nextCharacter, len(text)
	switch v.kind {
	case Label:
		return v.EncodeTokens(strings.Fields(text))
	case Word:
		next, size = nextWord, len(text)/4 // a guess; append corrects it
	}
	ids := make([]int, 0, size)
	for rest := text; len(rest) > 0; {
		t := next(rest)
		id := v.lookUp(t)
		if id < 0 {
			line := 1 + strings.Count(text[:len(text)-len(rest)], "\n")
			return nil, errors.Errorf("datasets: character %q, number %d of the text, in line %d, is not in the vocabulary", t, len(ids)+1, line)
		}
		ids = append(ids, id)
		rest = rest[len(t):]
	}
	return ids, nil
}

// Pieces cuts a text, after normalising it, into what Encode looks up: one piece for each id. Of a word that the vocabulary
// lacks, it tells which it was.
func (v *Vocabulary) Pieces(text string) []string {
	next := nextCharacter
	switch v.kind {
	case Label:
		return strings.Fields(Normalize(text))
	case Word:
		next = nextWord
	}
	var out []string
	for rest := Normalize(text); rest != ""; rest = rest[len(out[len(out)-1]):] {
		out = append(out, next(rest))
	}
	return out
}

// lookUp returns a token's id, that of an unknown one, or -1.
func (v *Vocabulary) lookUp(t string) int {
	if len(t) == 1 && t[0] < utf8.RuneSelf {
		if id := v.ascii[t[0]]; id >= 0 {
			return id
		}
	} else if id, ok := v.ids[t]; ok {
		return id
	}
	if v.spaced >= 0 && len(t) > 1 && t[0] == ' ' {
		return v.spaced
	}
	return v.unknown
}

// Decode maps ids to text. For ids that Encode gave, it is the normalised text, with Unknown in the place of each
// unknown word. Labels have a space between them. Padding, Start and End are left out.
func (v *Vocabulary) Decode(ids []int) (string, error) {
	var b strings.Builder
	for i, id := range ids {
		if id < 0 || id >= len(v.tokens) {
			return "", errors.Errorf("datasets: id %d, number %d of those to decode; the vocabulary has %d tokens, counted from 0",
				id, i+1, len(v.tokens))
		}
		if v.specials && id < len(specialTokens) && id != v.unknown {
			continue
		}
		if v.kind == Label && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.tokens[id])
	}
	return b.String(), nil
}
