package models

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// side is one side of the pairs: how its texts become tokens, and tokens texts.
type side struct {
	kind       string // of the tokens
	lower      bool
	tokens     datasets.Tokenizer
	start, end int
}

// sidesOf makes the tokens of pairs.
func sidesOf(c Config, p Pairs) (source, target side, err error) {
	lower := c.Translate.Lower
	if c.Translate.Joint {
		both := slices.Concat(p.Sources, p.Targets)
		source, err = sideOf(c.Tokens, c.Vocabulary, lower, both)
		return source, source, err
	}
	if source, err = sideOf(c.Tokens, c.Vocabulary, lower, p.Sources); err != nil {
		return source, target, errors.WithMessage(err, "the sources")
	}
	target, err = sideOf(c.targetTokens(), c.Vocabulary, lower, p.Targets)
	return source, target, errors.WithMessage(err, "the targets")
}

// sideOf makes the tokens of texts, at most so many words or byte pairs.
func sideOf(kind string, limit int, lower bool, texts []string) (side, error) {
	s := side{kind: kind, lower: lower}
	if kind == BytePairs {
		special := []string{datasets.Padding, datasets.Start, datasets.End}
		t := datasets.BPETrainer{Size: max(limit, 256+len(special)), Special: special, Compose: true, PrefixSpace: true}
		tokens, err := t.Train(s.readable(strings.Join(texts, "\n")))
		if err != nil {
			return s, err
		}
		return s.with(tokens)
	}
	b := datasets.VocabularyBuilder{Kind: vocabularyKind(kind)}
	if kind == datasets.Word {
		b.Limit, b.MinCount = limit, 2
	}
	for _, t := range texts {
		var err error
		if t = s.readable(t); kind == Symbols {
			if err = free(t); err != nil {
				return s, err
			}
		}
		if kind == datasets.Word {
			err = b.AddTokens(datasets.CutWords(t)...)
		} else {
			err = b.Add(t)
		}
		if err != nil {
			return s, err
		}
	}
	v, err := b.Vocabulary()
	if err != nil {
		return s, err
	}
	if v, err = v.WithSpecials(); err != nil {
		return s, err
	}
	return s.with(v)
}

// free refuses symbols that stand for something else.
func free(text string) error {
	for symbol := range strings.FieldsSeq(text) {
		if slices.Contains([]string{datasets.Padding, datasets.Unknown, datasets.Start, datasets.End}, symbol) {
			return errors.Errorf("the symbol %q stands for something else in a translator; write another", symbol)
		}
	}
	return nil
}

// vocabularyKind is what datasets calls a kind of token.
func vocabularyKind(kind string) string {
	if kind == Symbols || kind == datasets.Word {
		return datasets.Label
	}
	return kind
}

// with is the side with its tokens, which must have those that begin and end a target.
func (s side) with(t datasets.Tokenizer) (side, error) {
	var begins, ends bool
	s.tokens = t
	s.start, begins = t.ID(datasets.Start)
	s.end, ends = t.ID(datasets.End)
	if !begins || !ends {
		return s, errors.Errorf("models: the tokens lack %s or %s, which begin and end a target", datasets.Start, datasets.End)
	}
	return s, nil
}

// readable is a text as it is cut into tokens.
func (s side) readable(text string) string {
	text = strings.TrimSpace(datasets.Normalize(text))
	if s.lower {
		text = strings.ToLower(text)
	}
	return text
}

// encode maps a text to ids.
func (s side) encode(text string) ([]int, error) {
	text = s.readable(text)
	if v, ok := s.tokens.(*datasets.Vocabulary); ok && s.kind == datasets.Word {
		if !utf8.ValidString(text) {
			return nil, errors.New("the text is not UTF-8")
		}
		return v.EncodeTokens(datasets.CutWords(text))
	}
	return s.tokens.Encode(text)
}

// decode maps ids to a text. Unknown words are left out.
func (s side) decode(ids []int) (string, error) {
	if s.kind != datasets.Word {
		text, err := s.tokens.Decode(ids)
		return strings.TrimSpace(text), err
	}
	words, err := s.pieces(ids)
	known := slices.DeleteFunc(words, func(w string) bool { return w == datasets.Unknown })
	return datasets.JoinWords(known), err
}

// pieces are the texts of single tokens. A byte pair may be a part of a character only, which shows as U+FFFD.
func (s side) pieces(ids []int) ([]string, error) {
	out := make([]string, len(ids))
	for i := range ids {
		text, err := s.tokens.Decode(ids[i : i+1])
		if err != nil {
			return nil, err
		}
		out[i] = text
	}
	return out, nil
}

// unwritten are the tokens that a translation never has: those that begin a target or fill up a batch, and those that are
// unknown. Words alone may be: it is better to leave one out than to write another.
func (s side) unwritten() []int {
	var out []int
	for _, special := range []string{datasets.Padding, datasets.Start, datasets.Unknown} {
		if special == datasets.Unknown && s.kind == datasets.Word {
			continue
		}
		if id, ok := s.tokens.ID(special); ok {
			out = append(out, id)
		}
	}
	return out
}
