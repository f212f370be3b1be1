package datasets

import (
	"bufio"
	"bytes"
	"io"
	"strconv"

	"github.com/pkg/errors"
)

// lines reads the text formats, and word2vec's binary one, which begins with a line, too.
func (s *vectorSearch) lines(r *bufio.Reader) error {
	first, err := vectorLine(r)
	if err != nil && err != io.EOF {
		return errors.WithMessage(err, "line 1")
	}
	words, width, headed := header(first)
	if !headed {
		s.out.Format = "GloVe text"
		if err := s.width(len(bytes.Fields(first)) - 1); err != nil || !s.isRow(first) {
			return errors.New("no word vectors of GloVe, word2vec or fastText: its first line is no word with numbers, and no two counts")
		}
		if err := s.row(first); err != nil {
			return errors.WithMessage(err, "line 1")
		}
		_, err := s.text(r, 2)
		return err
	}
	if words < 0 {
		return errors.Errorf("line 1 counts %d words", words)
	}
	if err := s.width(width); err != nil {
		return errors.WithMessage(err, "line 1")
	}
	read := s.text
	s.out.Format = "word2vec text"
	if !s.looksLikeText(r) {
		read = func(r *bufio.Reader, _ int) (int, error) { return s.binary(r, words) }
		s.out.Format = "word2vec binary"
	}
	found, err := read(r, 2)
	if err == nil && found != words {
		err = errors.Errorf("line 1 counts %d words; the file has %d", words, found)
	}
	return err
}

// looksLikeText tells whether what comes next is a line with a vector.
func (s *vectorSearch) looksLikeText(r *bufio.Reader) bool {
	next, _ := r.Peek(vectorBuffer)
	if i := bytes.IndexByte(next, '\n'); i >= 0 {
		next = next[:i]
	}
	return len(next) == 0 || s.isRow(next)
}

// isRow tells whether a line is a word and its numbers.
func (s *vectorSearch) isRow(line []byte) bool {
	_, _, err := s.parse(line, func(string) bool { return true })
	return err == nil
}

// text reads lines up to the end of the file, the first of which has a number.
func (s *vectorSearch) text(r *bufio.Reader, number int) (count int, err error) {
	for ; ; number++ {
		line, err := vectorLine(r)
		if err != nil && err != io.EOF {
			return count, errors.WithMessagef(err, "line %d", number)
		}
		if len(line) > 0 {
			if err := s.row(line); err != nil {
				return count, errors.WithMessagef(err, "line %d", number)
			}
			count++
		}
		if err == io.EOF {
			return count, nil
		}
	}
}

// vectorLine reads a line, without its end and the blanks there. At the end of the file it returns io.EOF, with the last line
// or none.
func vectorLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		return nil, errors.Errorf("is longer than %d bytes", vectorBuffer)
	}
	return bytes.TrimRight(line, " \t\r\n"), err
}

// row takes a line.
func (s *vectorSearch) row(line []byte) error {
	word, v, err := s.parse(line, s.wants)
	if err == nil && v != nil {
		s.take(word, v)
	}
	return err
}

// parse reads a line: a word, which may have spaces in it, and its numbers. Those of words that are not wanted are counted,
// and not read.
func (s *vectorSearch) parse(line []byte, wanted func(word string) bool) (word string, v []float32, err error) {
	end := len(line) // of the word
	for n := range s.out.Width {
		at := bytes.LastIndexAny(line[:end], " \t")
		if at < 0 {
			return "", nil, errors.Errorf("has %d numbers; want a word and %d", n, s.out.Width)
		}
		end = at
	}
	word = string(bytes.TrimRight(line[:end], " \t"))
	if !wanted(word) {
		return word, nil, nil
	}
	v = make([]float32, 0, s.out.Width)
	for field := range bytes.FieldsSeq(line[end:]) {
		x, err := strconv.ParseFloat(string(field), 32)
		if err != nil {
			return "", nil, errors.Errorf("has %q as a number of the word %q", field, word)
		}
		v = append(v, float32(x))
	}
	if len(v) != s.out.Width { // blanks beside blanks
		return "", nil, errors.Errorf("has %d numbers; want %d", len(v), s.out.Width)
	}
	return word, v, errors.WithMessagef(finite(v), "the word %q", word)
}

// binary reads word2vec's records: a word, a space, and numbers; the original program ends each with a line break.
func (s *vectorSearch) binary(r *bufio.Reader, words int) (count int, err error) {
	raw := make([]byte, 4*s.out.Width)
	for ; count < words; count++ {
		word, err := r.ReadSlice(' ')
		if err != nil {
			if err == bufio.ErrBufferFull {
				err = errors.Errorf("is longer than %d bytes", vectorBuffer)
			}
			return count, cutOff(err, "at word %d of %d", count+1, words)
		}
		name := string(bytes.TrimLeft(word[:len(word)-1], "\r\n"))
		if _, err := io.ReadFull(r, raw); err != nil {
			return count, cutOff(err, "at word %d of %d, %q", count+1, words, name)
		}
		if s.wants(name) {
			v := floats32(raw)
			if err := finite(v); err != nil {
				return count, errors.WithMessagef(err, "the word %q", name)
			}
			s.take(name, v)
		}
	}
	rest, _ := r.Peek(2)
	if len(bytes.Trim(rest, "\r\n")) > 0 {
		return count, errors.Errorf("line 1 counts %d words, and more follow", words)
	}
	return count, nil
}
