package datasets

import (
	"bytes"
	"encoding/csv"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// CSV reads comma-separated values (RFC 4180): fields may be quoted, and then have commas, line breaks and doubled
// quotation marks in them. Every row has as many fields as the first.
type CSV struct {
	Comma     rune // between fields; 0 is a comma
	Header    int  // HeaderYes, HeaderNo or HeaderDetect
	MaxRecord int  // the most bytes of a row; 0 is 1 MB
}

// TSV reads values with tabs between, one row a line. Quotation marks mean nothing, as is usual with such files.
type TSV struct {
	Header    int // HeaderYes, HeaderNo or HeaderDetect
	MaxRecord int // the most bytes of a row; 0 is 1 MB
}

// Open opens a file. Close the rows when done.
func (c CSV) Open(path string) (*Rows, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	rows, err := c.Read(f, path)
	return closing(f, rows, err)
}

// Read reads from r; name is what errors call it.
func (c CSV) Read(r io.Reader, name string) (*Rows, error) {
	limit := c.MaxRecord
	if limit <= 0 {
		limit = defaultRecord
	}
	limit = min(limit, math.MaxInt-csvReadsAhead)
	// csv.Reader keeps a whole row, so it must not be given more than one may have, and what it reads ahead.
	source := &rationed{r: r, name: name, max: limit}
	reader := csv.NewReader(source)
	if c.Comma != 0 {
		reader.Comma = c.Comma
	}
	rows := &Rows{name: name, read: func() (row, error) {
		source.left = limit + csvReadsAhead
		fields, err := reader.Read()
		if err != nil {
			return row{}, err
		}
		line, _ := reader.FieldPos(0)
		source.line = line
		for i, f := range fields {
			if !utf8.ValidString(f) {
				return row{}, errors.Errorf("line %d: field %d is not UTF-8", line, i)
			}
			fields[i] = strings.Clone(f) // a field kept keeps no row
		}
		return row{fields, line}, nil
	}}
	return rows.begin(c.Header)
}

// Open opens a file. Close the rows when done.
func (c TSV) Open(path string) (*Rows, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	rows, err := c.Read(f, path)
	return closing(f, rows, err)
}

// Read reads from r; name is what errors call it. Lines that are empty are passed over.
func (c TSV) Read(r io.Reader, name string) (*Rows, error) {
	lines := newLineReader(r, name, c.MaxRecord)
	width := 0
	rows := &Rows{name: name, read: func() (row, error) {
		for {
			line, ok := lines.next()
			if !ok {
				if lines.err == nil {
					return row{}, io.EOF
				}
				return row{}, lines.err
			}
			if len(line) == 0 {
				continue
			}
			fields := strings.Split(string(line), "\t")
			if width == 0 {
				width = len(fields)
			}
			if len(fields) != width {
				lines.fail("%d fields; want %d as in the first row", len(fields), width)
				return row{}, lines.err
			}
			return row{fields, lines.line}, nil
		}
	}}
	return rows.begin(c.Header)
}

// closing makes rows close a file, or closes it if there are none.
func closing(f *os.File, rows *Rows, err error) (*Rows, error) {
	if err != nil {
		f.Close()
		return nil, err
	}
	rows.close = f.Close
	return rows, nil
}

// csvReadsAhead is the buffer of csv.Reader.
const csvReadsAhead = 4096

// rationed gives out no more than left bytes, and no byte order mark.
type rationed struct {
	r     io.Reader
	name  string
	max   int
	left  int
	line  int // where the row before began
	begun bool
}

func (s *rationed) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, errors.Errorf("datasets: %s, after line %d: a row of more than %d bytes; is a quotation mark not closed?", s.name, s.line, s.max)
	}
	if !s.begun {
		s.begun = true
		start := make([]byte, 3)
		n, err := io.ReadFull(s.r, start)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return 0, err
		}
		s.r = io.MultiReader(bytes.NewReader(bytes.TrimPrefix(start[:n], []byte("\ufeff"))), s.r)
	}
	n, err := s.r.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}
