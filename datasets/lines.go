package datasets

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// defaultRecord is the most bytes of a record where the reader's configuration does not say. It bounds memory: a
// quotation mark that is never closed is an error instead of one huge field.
const defaultRecord = 1 << 20

// errNotOpened is the error of a reader that nobody has opened.
var errNotOpened = errors.New("datasets: nothing to read: want a reader that Open or Read gave")

// lineReader reads a file of UTF-8 line by line, see source, with bounded memory and errors that say where.
type lineReader struct {
	name   string
	r      *bufio.Reader
	closer io.Closer // nil for a reader that is the caller's
	max    int
	buf    []byte
	line   int // of what next returned
	err    error
	own    bool // the error is of the line alone
	cut    bool // the line was not read to its end
}

func newLineReader(r io.Reader, name string, longest int) lineReader {
	if longest <= 0 {
		longest = defaultRecord
	}
	l := lineReader{name: name, r: bufio.NewReaderSize(newSource(r, false), 1<<16), max: longest}
	if absent(r) {
		l.err = errNoReader(name)
	}
	return l
}

// openFile opens a file for a reader that closes it.
func openFile(path string) (*os.File, error) {
	f, err := inputfile.Open(path)
	return f, errors.Wrap(err, "datasets")
}

// next returns the next line without its end, which holds until the next call, or false at the end or after an error.
func (l *lineReader) next() ([]byte, bool) {
	if l.r == nil && l.err == nil {
		l.err = errNotOpened
	}
	if l.err != nil {
		return nil, false
	}
	l.buf = l.buf[:0]
	l.line++
	for {
		part, err := l.r.ReadSlice('\n')
		l.buf = append(l.buf, bytes.TrimSuffix(part, []byte("\n"))...)
		if len(l.buf) > l.max {
			l.cut = err == bufio.ErrBufferFull
			return nil, l.fail("longer than %d bytes", l.max)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF && len(l.buf) == 0 {
			l.line--
			return nil, false
		}
		if err != nil && err != io.EOF {
			l.err = errors.Wrapf(err, "datasets: %s, line %d", l.name, l.line)
			return nil, false
		}
		break
	}
	if !utf8.Valid(l.buf) {
		at := badUTF8(string(l.buf))
		return nil, l.fail("not UTF-8: byte %#02x at offset %d of the line; is the file in another encoding?", l.buf[at], at)
	}
	return l.buf, true
}

// fail records an error of the current line. It returns false.
func (l *lineReader) fail(format string, args ...any) bool {
	if l.err == nil {
		l.err = errors.WithMessagef(errors.Errorf(format, args...), "datasets: %s, line %d", l.name, l.line)
		l.own = true
	}
	return false
}

// skip takes back an error that is of the current line alone, and returns it.
func (l *lineReader) skip() error {
	if !l.own {
		return nil
	}
	for l.cut { // the rest of the line
		_, err := l.r.ReadSlice('\n')
		l.cut = err == bufio.ErrBufferFull
	}
	err := l.err
	l.err, l.own = nil, false
	return err
}

func (l *lineReader) close() error {
	if l.closer == nil {
		return nil
	}
	err := l.closer.Close()
	l.closer = nil
	return errors.Wrap(err, "datasets")
}

func blank(line []byte) bool { return len(bytes.Trim(line, " \t\r")) == 0 }

// PlainText reads a text line by line.
//
// Here and in the readers of tables, lines end with LF, CRLF, CR or CRCRLF; a byte order mark is passed over; and what
// is not UTF-8, or UTF-16 with such a mark, is an error that tells the line. NEL, U+2028 and U+2029 do not end a line.
type PlainText struct {
	MaxLine int // bytes; 0 is 1 MB
}

// Lines are the lines of a text, read one at a time. Errors stick: after one, Next returns false, and Err tells the
// file, the line and what is wrong.
type Lines struct {
	lines lineReader
	now   []byte
}

// Open opens a file. Close the lines when done.
func (c PlainText) Open(path string) (*Lines, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	l := c.Read(f, path)
	l.lines.closer = f
	return l, nil
}

// Read reads from r; name is what errors call it.
func (c PlainText) Read(r io.Reader, name string) *Lines {
	return &Lines{lines: newLineReader(r, name, c.MaxLine)}
}

// Next moves to the next line. It returns false at the end and after an error.
func (l *Lines) Next() (ok bool) {
	l.now, ok = l.lines.next()
	return ok
}

// Text is the current line without its end.
func (l *Lines) Text() string { return string(l.now) }

// Line is the current line's number, counted from 1.
func (l *Lines) Line() int { return l.lines.line }

// Err is the first error.
func (l *Lines) Err() error { return l.lines.err }

// Skip takes back an error of the current line, so that Next goes on with the line after it, and returns it. It is nil if there
// is no error, or one of the file.
func (l *Lines) Skip() error { return l.lines.skip() }

// Close closes the file. Lines of a reader leave it open.
func (l *Lines) Close() error {
	if l == nil {
		return nil
	}
	return l.lines.close()
}
