package datasets

import (
	"io"
	"strings"
)

// CoNLL reads sentences in columns, the format of the shared tasks CoNLL-2000, 2002 and 2003 and of many later ones:
// one word a line, its form and its tags in columns, and an empty line after each sentence. Lines that begin a
// document, -DOCSTART-, are passed over. Lines are read as by PlainText.
//
//	EU NNP B-ORG
//	rejects VBZ O
//
//	Peter NNP B-PER
type CoNLL struct {
	Separator   string // between columns; "" is any number of blanks and tabs
	Comment     string // the beginning of lines to leave out; "" for none, because # may be a word
	MaxSentence int    // bytes; 0 is 1 MB
}

// Sentences are the sentences of a file in columns, read one at a time. Errors stick: after one, Next returns false, and
// Err tells the file, the line and what is wrong.
type Sentences struct {
	lines   lineReader
	format  CoNLL
	width   int
	from    int
	columns [][]string
}

// Open opens a file. Close the sentences when done.
func (c CoNLL) Open(path string) (*Sentences, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	s := c.Read(f, path)
	s.lines.closer = f
	return s, nil
}

// Read reads from r; name is what errors call it.
func (c CoNLL) Read(r io.Reader, name string) *Sentences {
	lines := newLineReader(r, name, c.MaxSentence)
	c.MaxSentence = lines.max
	return &Sentences{lines: lines, format: c}
}

// Next moves to the next sentence. It returns false at the end and after an error. Every word has as many columns as
// the first of the file. Empty lines between sentences may be several, and the last sentence may lack its own.
func (s *Sentences) Next() bool {
	s.columns, s.from = nil, 0
	size := 0
	for {
		line, ok := s.lines.next()
		switch {
		case s.lines.err != nil:
			s.columns = nil
			return false
		case !ok || blank(line):
			if s.columns != nil || !ok {
				return s.columns != nil
			}
			continue
		case s.format.Comment != "" && strings.HasPrefix(string(line), s.format.Comment):
			continue
		case strings.HasPrefix(string(line), "-DOCSTART-"):
			continue
		}
		if size += len(line); size > s.format.MaxSentence {
			return s.fail("a sentence of more than %d bytes, from line %d on", s.format.MaxSentence, s.from)
		}
		if !s.add(string(line)) {
			return false
		}
	}
}

// add takes a word.
func (s *Sentences) add(line string) bool {
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if s.format.Separator != "" {
		fields = strings.Split(line, s.format.Separator)
	}
	if s.width == 0 {
		s.width = len(fields)
	}
	if len(fields) != s.width {
		return s.fail("%d columns; want %d as in the first line", len(fields), s.width)
	}
	if s.columns == nil {
		s.columns, s.from = make([][]string, s.width), s.lines.line
	}
	for i, f := range fields {
		s.columns[i] = append(s.columns[i], f)
	}
	return true
}

func (s *Sentences) fail(format string, args ...any) bool {
	s.columns = nil
	return s.lines.fail(format, args...)
}

// Column is a column of the current sentence, a field for each of its words: 0 is the first, the words, and -1 the last.
// It is yours to keep. A column that is not there is an error.
func (s *Sentences) Column(i int) []string {
	at := i
	if at < 0 {
		at += len(s.columns)
	}
	if at < 0 || at >= len(s.columns) {
		s.lines.fail("no column %d; there are %d, counted from 0", i, len(s.columns))
		return nil
	}
	return append([]string{}, s.columns[at]...)
}

// Line is the number of the line that the current sentence begins in, counted from 1.
func (s *Sentences) Line() int { return s.from }

// Err is the first error.
func (s *Sentences) Err() error { return s.lines.err }

// Close closes the file. Sentences of a reader leave it open.
func (s *Sentences) Close() error {
	if s == nil {
		return nil
	}
	return s.lines.close()
}
