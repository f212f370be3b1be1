package datasets

import (
	"sort"
	"strings"

	"github.com/pkg/errors"
	"golang.org/x/text/unicode/norm"
)

// VocabularyBuilder counts the tokens of texts, one after another, and makes a vocabulary of them.
//
//	words := datasets.VocabularyBuilder{Kind: datasets.Word, MinCount: 2}
//	for _, sentence := range sentences {
//		err := words.Add(sentence)
//	}
//	vocab, err := words.Vocabulary()
type VocabularyBuilder struct {
	Kind     string // Character (also ""), Word or Label
	Limit    int    // keep the most frequent, this many tokens with those for unknown words; 0 for all
	MinCount int    // keep tokens that are there this often; 0 for all

	count map[string]int
}

// Add counts the tokens of a text, after normalising it. The tokens of kind Label are separated by white space.
func (b *VocabularyBuilder) Add(text string) error {
	if problem := notUTF8(text); problem != "" {
		return errors.Errorf("datasets: the text of a vocabulary is %s", problem)
	}
	if b.count == nil {
		b.count = map[string]int{}
	}
	text = Normalize(text)
	next := nextCharacter
	switch b.Kind {
	case Label:
		for t := range strings.FieldsSeq(text) {
			b.one(t)
		}
		return nil
	case Word:
		next = nextWord
	}
	for len(text) > 0 {
		t := next(text)
		b.one(t)
		text = text[len(t):]
	}
	return nil
}

// AddTokens counts tokens that need no cutting, such as the words of a treebank or the labels of a data set. They are
// brought to normalisation form C.
func (b *VocabularyBuilder) AddTokens(tokens ...string) error {
	if b.count == nil {
		b.count = map[string]int{}
	}
	for _, t := range tokens {
		if t == "" || notUTF8(t) != "" {
			return errors.Errorf("datasets: the token %q is empty or not UTF-8", t)
		}
		b.one(norm.NFC.String(t))
	}
	return nil
}

func (b *VocabularyBuilder) one(token string) {
	if n, ok := b.count[token]; ok {
		b.count[token] = n + 1
	} else {
		b.count[strings.Clone(token)] = 1 // not a view of the whole text, which may be freed
	}
}

// Vocabulary makes the vocabulary of all that was added: characters in the order of their bytes; words and labels in
// the order of falling frequency, equal ones by their bytes, words after Unknown and Unknown with a space before it.
func (b *VocabularyBuilder) Vocabulary() (*Vocabulary, error) {
	kind := b.Kind
	var tokens []string
	switch kind {
	case "":
		kind = Character
	case Character, Label:
	case Word:
		tokens = []string{Unknown, spacedUnknown}
	default:
		return nil, errors.Errorf("datasets: a vocabulary of kind %q; want %q, %q or %q", kind, Character, Word, Label)
	}
	if b.Limit < 0 || b.Limit > 0 && b.Limit < len(tokens) {
		return nil, errors.Errorf("datasets: a limit of %d %ss; want %d or more, or 0 for none", b.Limit, kind, max(1, len(tokens)))
	}
	if b.MinCount < 0 {
		return nil, errors.Errorf("datasets: a minimum count of %d; want 0 or more", b.MinCount)
	}
	if len(b.count) == 0 {
		return nil, errors.New("datasets: a vocabulary of an empty text")
	}
	found := make([]string, 0, len(b.count))
	for t, n := range b.count {
		if n >= b.MinCount {
			found = append(found, t)
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if a, b := b.count[found[i]], b.count[found[j]]; a != b {
			return a > b
		}
		return found[i] < found[j]
	})
	if b.Limit > 0 && len(found) > b.Limit-len(tokens) {
		found = found[:b.Limit-len(tokens)]
	}
	if kind == Character {
		sort.Strings(found)
	}
	// A text that has "<unk>" in it does not clash: the marks around the letters are words of their own.
	return newVocabulary(kind, append(tokens, found...), false)
}

// Labels returns the vocabulary of a list of plain tokens, such as classes, tags or phonemes: their ids are their
// places in the list. Encode takes them with white space between; ID and EncodeTokens also take labels with spaces in
// them.
func Labels(tokens []string) (*Vocabulary, error) {
	composed := make([]string, len(tokens))
	for i, t := range tokens {
		composed[i] = norm.NFC.String(t)
	}
	return newVocabulary(Label, composed, false)
}

// WithSpecials returns the vocabulary with Padding, Unknown, Start and End as ids 0 to 3, before the tokens that it
// has, as models of sequences need them. Encode gives Unknown for every token that it lacks, Decode leaves the three
// others out.
func (v *Vocabulary) WithSpecials() (*Vocabulary, error) {
	if v.specials {
		return v, nil
	}
	tokens := append([]string{}, specialTokens...)
	for _, t := range v.tokens {
		if v.kind != Word || t != Unknown {
			tokens = append(tokens, t)
		}
	}
	return newVocabulary(v.kind, tokens, true)
}

// EncodeTokens maps tokens to ids, one each, where Encode would cut a text. They are looked up in normalisation form C.
func (v *Vocabulary) EncodeTokens(tokens []string) ([]int, error) {
	ids := make([]int, len(tokens))
	for i, t := range tokens {
		id := v.lookUp(norm.NFC.String(t))
		if id < 0 {
			return nil, errors.Errorf("datasets: token %d, %q, is not in the vocabulary", i, t)
		}
		ids[i] = id
	}
	return ids, nil
}
