package datasets

import (
	"io"
	"strconv"
	"strings"
)

// CoNLLU reads treebanks in the CoNLL-U format (https://universaldependencies.org/format.html): sentences with their
// words, parts of speech and dependencies.
type CoNLLU struct {
	MaxSentence int // bytes; 0 is 1 MB
}

// TreebankWord is a syntactic word. An underscore in the file, for nothing, is "" here, except in Form and Lemma, where
// it may be the word itself.
type TreebankWord struct {
	Form, Lemma string
	UPOS, XPOS  string // the universal part of speech, and the language's own
	Features    string // "Case=Nom|Number=Sing"
	Head        int    // the word that this one depends on, counted from 1; 0 for the root, -1 for nothing
	Relation    string
	Deps, Misc  string
}

// TreebankToken is a token that stands for several words, as "don't" for do and n't.
type TreebankToken struct {
	First, Last int // words, counted from 1
	Form, Misc  string
}

// TreebankSentence is a sentence of a treebank. Empty nodes, which enhanced dependencies have, are left out.
type TreebankSentence struct {
	Line     int      // the first line's number, counted from 1
	Comments []string // without the # before them
	Words    []TreebankWord
	Tokens   []TreebankToken // those of several words
}

// Forms are the words, for AddTokens and EncodeTokens.
func (s TreebankSentence) Forms() []string {
	return s.column(func(w TreebankWord) string { return w.Form })
}

// Tags are the universal parts of speech of the words.
func (s TreebankSentence) Tags() []string {
	return s.column(func(w TreebankWord) string { return w.UPOS })
}

func (s TreebankSentence) column(of func(TreebankWord) string) []string {
	list := make([]string, len(s.Words))
	for i, w := range s.Words {
		list[i] = of(w)
	}
	return list
}

// Comment returns the value of a comment "name = value", such as "sent_id" or "text".
func (s TreebankSentence) Comment(name string) (string, bool) {
	for _, c := range s.Comments {
		if key, value, ok := strings.Cut(c, "="); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// Treebank gives the sentences of a file, one at a time. Errors stick: after one, Next returns false, and Err tells the
// file, the line and what is wrong.
type Treebank struct {
	lines lineReader
	max   int
	now   TreebankSentence
}

// Open opens a file. Close the treebank when done.
func (c CoNLLU) Open(path string) (*Treebank, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	t := c.Read(f, path)
	t.lines.closer = f
	return t, nil
}

// Read reads from r; name is what errors call it.
func (c CoNLLU) Read(r io.Reader, name string) *Treebank {
	lines := newLineReader(r, name, c.MaxSentence)
	return &Treebank{lines: lines, max: lines.max}
}

// Sentence is the current sentence. It is yours to keep.
func (t *Treebank) Sentence() TreebankSentence { return t.now }

// Err is the first error.
func (t *Treebank) Err() error { return t.lines.err }

// Close closes the file. A treebank of a reader leaves it open.
func (t *Treebank) Close() error {
	if t == nil {
		return nil
	}
	return t.lines.close()
}

// Next moves to the next sentence. It returns false at the end and after an error. Blank lines between sentences may be
// several, and the last may lack its own.
func (t *Treebank) Next() bool {
	s := TreebankSentence{}
	size, inside := 0, false
	for {
		raw, ok := t.lines.next()
		if t.lines.err != nil {
			return false
		}
		if !ok || blank(raw) {
			if !inside && ok {
				continue
			}
			if !inside {
				return false
			}
			return t.finish(s)
		}
		if !inside {
			inside, s.Line = true, t.lines.line
		}
		if size += len(raw); size > t.max {
			return t.lines.fail("a sentence of more than %d bytes, from line %d on", t.max, s.Line)
		}
		if !t.add(&s, string(raw)) {
			return false
		}
	}
}

// finish checks what only a whole sentence shows.
func (t *Treebank) finish(s TreebankSentence) bool {
	if len(s.Words) == 0 {
		return t.lines.fail("the sentence of line %d has no words", s.Line)
	}
	for i, w := range s.Words {
		if w.Head > len(s.Words) {
			return t.lines.fail("the sentence of line %d: word %d has head %d of %d words", s.Line, i+1, w.Head, len(s.Words))
		}
	}
	for _, k := range s.Tokens {
		if k.Last > len(s.Words) {
			return t.lines.fail("the sentence of line %d: token %d-%d of %d words", s.Line, k.First, k.Last, len(s.Words))
		}
	}
	t.now = s
	return true
}

// add takes a line of a sentence.
func (t *Treebank) add(s *TreebankSentence, line string) bool {
	if comment, ok := strings.CutPrefix(line, "#"); ok {
		if len(s.Words) > 0 || len(s.Tokens) > 0 {
			return t.lines.fail("a comment among the words")
		}
		s.Comments = append(s.Comments, strings.TrimSpace(comment))
		return true
	}
	f := strings.Split(line, "\t")
	if len(f) != 10 {
		return t.lines.fail("%d columns; want 10, with tabs between", len(f))
	}
	if f[1] == "" {
		return t.lines.fail("an empty form")
	}
	next := len(s.Words) + 1
	switch first, last, isToken := strings.Cut(f[0], "-"); {
	case isToken:
		a, err := strconv.Atoi(first)
		b, err2 := strconv.Atoi(last)
		covered := len(s.Tokens) > 0 && s.Tokens[len(s.Tokens)-1].Last >= a
		if err != nil || err2 != nil || a != next || b < a || covered {
			return t.lines.fail("token %.20q; want %d to a later word", f[0], next)
		}
		s.Tokens = append(s.Tokens, TreebankToken{First: a, Last: b, Form: f[1], Misc: filled(f[9])})
		return true
	case strings.Contains(f[0], "."):
		if n, _, _ := strings.Cut(f[0], "."); n != strconv.Itoa(next-1) {
			return t.lines.fail("empty node %.20q after word %d", f[0], next-1)
		}
		return true
	}
	if f[0] != strconv.Itoa(next) {
		return t.lines.fail("word %.20q; want %d", f[0], next)
	}
	head := -1
	if f[6] != "_" {
		n, err := strconv.Atoi(f[6])
		if err != nil || n < 0 || n == next {
			return t.lines.fail("head %.20q of word %d; want the number of another word, or 0", f[6], next)
		}
		head = n
	}
	s.Words = append(s.Words, TreebankWord{
		Form: f[1], Lemma: f[2], UPOS: filled(f[3]), XPOS: filled(f[4]), Features: filled(f[5]),
		Head: head, Relation: filled(f[7]), Deps: filled(f[8]), Misc: filled(f[9]),
	})
	return true
}

// filled is a column's value, "" for an underscore.
func filled(s string) string {
	if s == "_" {
		return ""
	}
	return s
}
