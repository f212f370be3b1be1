package datasets

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// Tokenizer maps a text to ids and back: a *Vocabulary, a *BPE, or one of your own.
type Tokenizer interface {
	// Len is the number of tokens; ids are below it.
	Len() int
	Encode(text string) ([]int, error)
	Decode(ids []int) (string, error)
	// ID returns a token's id, and whether there is one.
	ID(token string) (int, bool)
	Token(id int) (string, error)
}

// partTokenizer encodes a text part by part as it would the whole.
type partTokenizer interface {
	// cut returns a place, above 0, at which a text may be cut into parts, or 0 if there is none.
	cut(text string) int
	// encodePart encodes a part; first says whether the text begins with it.
	encodePart(text string, first bool) ([]int, error)
}

// EncodeStream encodes a text of any length and calls give with its ids, part by part in their order; give may keep
// the slice. The ids are the same as those of the whole text. Memory is a few times the size of a part, about
// 1 MB. A part ends before a line break or a space, so a text with neither in 16 MB is an error.
func EncodeStream(r io.Reader, t Tokenizer, give func(ids []int) error) error {
	return encodeParts(r, "the text", t, give)
}

func encodeParts(r io.Reader, name string, t Tokenizer, give func(ids []int) error) error {
	if absent(t) {
		return errNoTokenizer
	}
	if give == nil {
		return errors.Errorf("datasets: nothing to give the ids of %s to: the function is nil", name)
	}
	cut, encode := cutBeforeBlank, func(text string, first bool) ([]int, error) { return t.Encode(text) }
	if p, ok := t.(partTokenizer); ok {
		cut, encode = p.cut, p.encodePart
	}
	parts := newTextParts(r, name, cut)
	for first := true; parts.next(); first = false {
		ids, err := encode(parts.text, first)
		if err != nil {
			err = errors.WithMessagef(err, "%s, counted from line %d", name, parts.line)
		}
		if err == nil {
			err = give(ids)
		}
		if err != nil {
			return err
		}
	}
	return parts.err
}

var partSize = 1 << 20 // bytes of a part; tests set it

const partGrowth = 16 // times as long is a part whose end is hard to find

// textParts reads a text in parts that are valid UTF-8.
type textParts struct {
	text string // the part that next moved to
	line int    // its first line's number
	err  error

	r      io.Reader
	name   string
	cut    func(text string) int
	rest   []byte // read, and not part of any part yet
	offset int64  // of text
	atEnd  bool
}

func newTextParts(r io.Reader, name string, cut func(string) int) *textParts {
	p := &textParts{r: r, name: name, cut: cut, line: 1}
	if absent(r) {
		p.err = errNoReader(name)
	}
	return p
}

// next moves to the next part. At the end of the text, or after an error, it returns false.
func (p *textParts) next() bool {
	if p.err != nil {
		return false
	}
	p.offset += int64(len(p.text))
	p.line += strings.Count(p.text, "\n")
	p.text = ""
	for size := partSize; ; size *= 2 {
		if size > partSize*partGrowth {
			p.err = errors.Errorf("datasets: %s, offset %d: no place to cut it into parts in %d bytes; want line breaks or spaces",
				p.name, p.offset, partSize*partGrowth)
			return false
		}
		if p.err = p.fill(size); p.err != nil || len(p.rest) == 0 {
			return false
		}
		n := len(p.rest)
		if !p.atEnd {
			n = p.cut(string(p.rest))
		}
		if n > 0 {
			p.text = string(p.rest[:n])
			p.rest = append(p.rest[:0], p.rest[n:]...)
			break
		}
	}
	if at := badUTF8(p.text); at >= 0 {
		p.err = errors.Errorf("datasets: %s is not UTF-8: byte %#02x at offset %d, line %d",
			p.name, p.text[at], p.offset+int64(at), p.line+strings.Count(p.text[:at], "\n"))
		p.text = ""
		return false
	}
	return true
}

// fill reads until rest has size bytes, or the text ends.
func (p *textParts) fill(size int) error {
	have := len(p.rest)
	if p.atEnd || have >= size {
		return nil
	}
	if cap(p.rest) < size {
		p.rest = append(make([]byte, 0, size), p.rest...)
	}
	n, err := io.ReadFull(p.r, p.rest[have:size])
	p.rest = p.rest[:have+n]
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		p.atEnd = true
		return nil
	}
	return errors.Wrapf(err, "datasets: read %s", p.name)
}

// cutBeforeBlank cuts before the last line break that follows no other white space, or else before the last space that
// follows a printable character of ASCII. Nothing joins across these places: no character, no word, no composition of
// letters and accents, and no piece of a byte-pair encoding.
func cutBeforeBlank(text string) int { return lastCut(text, func(int) bool { return true }) }

// lastCut is cutBeforeBlank at a place that is also good.
func lastCut(text string, good func(at int) bool) int {
	for i := strings.LastIndexByte(text, '\n'); i > 0; i = strings.LastIndexByte(text[:i], '\n') {
		if r, _ := utf8.DecodeLastRuneInString(text[:i]); !unicode.IsSpace(r) && good(i) {
			return i
		}
	}
	for i := strings.LastIndexByte(text, ' '); i > 0; i = strings.LastIndexByte(text[:i], ' ') {
		if c := text[i-1]; '!' <= c && c <= '~' && good(i) {
			return i
		}
	}
	return 0
}

func (v *Vocabulary) cut(text string) int { return cutBeforeBlank(text) }

func (v *Vocabulary) encodePart(text string, _ bool) ([]int, error) { return v.Encode(text) }

// cut keeps added tokens whole, and with the blanks after them. Without a cut into words a text is one piece.
func (b *BPE) cut(text string) int {
	if b.noSplit {
		return 0
	}
	return lastCut(text, func(at int) bool {
		for _, a := range b.added {
			for k := 1; k <= len(a.Content); k++ {
				head, tail := a.Content[:k], a.Content[k:]
				meets := strings.HasPrefix(text[at:], tail) || strings.HasPrefix(tail, text[at:])
				if meets && strings.HasSuffix(text[:at], head) {
					return false
				}
			}
		}
		return true
	})
}
