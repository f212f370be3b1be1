package datasets

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// defaultRecord is the most bytes of a record where the reader's configuration does not say. A file that is not what it
// is taken for, as one with a quotation mark that is never closed, ends with an error and not with all memory.
const defaultRecord = 1 << 20

// lineReader reads a file of UTF-8 line by line, with bounded memory and errors that say where.
type lineReader struct {
	name   string
	r      *bufio.Reader
	closer io.Closer // nil for a reader that is the caller's
	max    int
	buf    []byte
	line   int // of what next returned
	err    error
}

func newLineReader(r io.Reader, name string, max int) *lineReader {
	if max <= 0 {
		max = defaultRecord
	}
	return &lineReader{name: name, r: bufio.NewReaderSize(r, 1<<16), max: max}
}

// openFile opens a file for a reader that closes it.
func openFile(path string) (*os.File, error) {
	f, err := os.Open(path)
	return f, errors.Wrap(err, "datasets")
}

// next returns the next line without its end, which holds until the next call, or false at the end or after an error.
func (l *lineReader) next() ([]byte, bool) {
	if l.err != nil {
		return nil, false
	}
	l.buf = l.buf[:0]
	l.line++
	for {
		part, err := l.r.ReadSlice('\n')
		l.buf = append(l.buf, part...)
		if len(l.buf)-2 > l.max {
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
			l.err = errors.Wrapf(err, "datasets: read %s", l.name)
			return nil, false
		}
		break
	}
	line := bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r"))
	if l.line == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	if !utf8.Valid(line) {
		return nil, l.fail("not UTF-8")
	}
	return line, true
}

// fail records an error of the current line. It returns false.
func (l *lineReader) fail(format string, args ...any) bool {
	if l.err == nil {
		l.err = errors.WithMessagef(errors.Errorf(format, args...), "datasets: %s, line %d", l.name, l.line)
	}
	return false
}

func (l *lineReader) close() error {
	if l.closer == nil {
		return nil
	}
	err := l.closer.Close()
	l.closer = nil
	return errors.Wrap(err, "datasets")
}
