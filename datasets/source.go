package datasets

import (
	"bytes"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// source is the text of a file as all readers of lines and rows here want it: without a byte order mark, and with \n at
// the end of every line.
//
// Lines end with LF, CRLF, CR alone (old spreadsheets) or CRCRLF (Python's csv module on Windows): a run of carriage
// returns before a line feed is one end, any other is one each. NEL, U+2028 and U+2029 are characters of a line, as they
// are to Python's files and to every editor that counts lines. UTF-16 is read where a byte order mark says so.
type source struct {
	r      io.Reader
	quotes bool // what is between quotation marks keeps its carriage returns
	begun  bool
	buf    []byte
	in     []byte // read and not given out
	err    error  // comes after in
	inside bool   // between quotation marks
	crs    int    // carriage returns that wait for what follows them
	owed   int    // ends of lines to give out
	lines  int    // ends of lines given out
	extra  []kept // see lineOf
	passed int    // lines that are no longer in extra
}

// kept is how many lines of the file end between quotation marks, with \r, within one line that was given out.
type kept struct{ line, ends int }

const sourceBuffer = 1 << 12

func newSource(r io.Reader, quotes bool) *source { return &source{r: r, quotes: quotes} }

// begin passes over a byte order mark, and decodes what it says is UTF-16.
func (s *source) begin() {
	s.begun = true
	s.buf = make([]byte, sourceBuffer)
	start := make([]byte, 3)
	n, err := io.ReadFull(s.r, start)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		s.err = err
	}
	start = start[:n]
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		decoder := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		s.r = transform.NewReader(io.MultiReader(bytes.NewReader(start), s.r), decoder)
	default:
		s.in = bytes.TrimPrefix(start, []byte("\ufeff"))
	}
}

func (s *source) Read(p []byte) (int, error) {
	if !s.begun {
		s.begin()
	}
	n := 0
	for n < len(p) {
		switch {
		case s.owed > 0:
			p[n] = '\n'
			n, s.owed, s.lines = n+1, s.owed-1, s.lines+1
		case len(s.in) > 0:
			n += s.take(p[n:])
		case n > 0:
			return n, nil
		case s.err != nil && s.crs > 0 && !s.inside:
			s.owed, s.crs = s.crs, 0
		case s.err != nil:
			return 0, s.err
		default:
			var k int
			k, s.err = s.r.Read(s.buf)
			s.in = s.buf[:k]
		}
	}
	return n, nil
}

// take gives out some of what was read, and returns how many bytes that is.
func (s *source) take(p []byte) int {
	c := s.in[0]
	switch {
	case c == '\r' && s.inside:
		s.crs++
		p[0], s.in = c, s.in[1:]
		return 1
	case c == '\r':
		s.crs, s.in = s.crs+1, s.in[1:]
		return 0
	case s.crs > 0 && c != '\n' && s.inside:
		s.keep(s.crs)
	case s.crs > 0 && c != '\n':
		s.owed, s.crs = s.crs, 0
		return 0
	}
	s.crs = 0
	ordinary := len(s.in) // bytes up to the next that needs a look
	switch {
	case s.quotes && c == '\n':
		s.lines++
		ordinary = 1
	case s.quotes && c == '"':
		s.inside = !s.inside
		ordinary = 1
	case s.quotes:
		if at := bytes.IndexAny(s.in, "\r\n\""); at >= 0 {
			ordinary = at
		}
	default:
		if at := bytes.IndexByte(s.in, '\r'); at >= 0 {
			ordinary = at
		}
	}
	n := copy(p, s.in[:ordinary])
	s.in = s.in[n:]
	return n
}

// keep notes lines of the file that end within a line that is given out.
func (s *source) keep(ends int) {
	if last := len(s.extra) - 1; last >= 0 && s.extra[last].line == s.lines+1 {
		s.extra[last].ends += ends
		return
	}
	s.extra = append(s.extra, kept{s.lines + 1, ends})
}

// lineOf is the file's line in which a line of what was given out begins, both counted from 1. Lines are asked for in
// their order.
func (s *source) lineOf(line int) int {
	for len(s.extra) > 0 && s.extra[0].line < line {
		s.passed += s.extra[0].ends
		s.extra = s.extra[1:]
	}
	return line + s.passed
}
