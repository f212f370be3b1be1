package datasets

import (
	"bufio"
	"encoding/csv"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// CSV reads comma-separated values (RFC 4180): fields may be quoted, and then have commas, line breaks and doubled
// quotation marks in them; of the line breaks there, CRLF is read as LF. Every row has as many fields as the first.
// Lines are read as by PlainText. A first line such as sep=; that names the Comma, as Excel writes it, is no row.
type CSV struct {
	Comma     rune     // between fields; 0 is a comma, CommaDetect detects it, see Rows.Comma
	Decimal   rune     // in numbers: 0 is a point, ',' a comma, DecimalDetect detects it, see Rows.DecimalCommas
	Header    int      // HeaderYes, HeaderNo or HeaderDetect
	Names     []string // HeaderDetect: a first row with one of these is a header, see Rows
	Missing   []string // what Number takes for a missing value beside an empty field; nil is MissingMarks
	MaxRecord int      // the most bytes of a row; 0 is 1 MB
}

// TSV reads values with tabs between, one row a line. Quotation marks mean nothing, as is usual with such files.
// Lines are read as by PlainText.
type TSV struct {
	Decimal   rune     // as CSV's
	Header    int      // HeaderYes, HeaderNo or HeaderDetect
	Names     []string // as CSV's
	Missing   []string // as CSV's
	MaxRecord int      // the most bytes of a row; 0 is 1 MB
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

// Read reads from r; name is what errors call it. Lines that are empty are passed over.
func (c CSV) Read(r io.Reader, name string) (*Rows, error) {
	if absent(r) {
		return nil, errNoReader(name)
	}
	limit := c.MaxRecord
	if limit <= 0 {
		limit = defaultRecord
	}
	limit = min(limit, math.MaxInt-csvReadsAhead)
	comma := c.Comma
	switch comma {
	case 0:
		comma = ','
	case CommaDetect:
		ahead := bufio.NewReaderSize(r, commaLooksAhead)
		start, err := ahead.Peek(commaLooksAhead)
		comma, r = detectComma(start, err == nil), ahead
	}
	decimals, err := newDecimals(c.Decimal, comma, name)
	if err != nil {
		return nil, err
	}
	// csv.Reader keeps a whole row, so it must not be given more than one may have, and what it reads ahead.
	ration := &rationed{source: newSource(r, true), name: name, max: limit}
	reader := csv.NewReader(ration)
	reader.Comma, reader.FieldsPerRecord = comma, -1
	begun := false
	rows := &Rows{name: name, comma: comma, missing: c.Missing, decimals: decimals, read: func() (row, error) {
		ration.left = limit + csvReadsAhead
		fields, err := reader.Read()
		if err == nil && !begun && namesComma(fields, comma) {
			fields, err = reader.Read()
		}
		if err != nil {
			return row{}, placed(err, name, ration.source)
		}
		begun = true
		line, _ := reader.FieldPos(0)
		line = ration.source.lineOf(line)
		ration.line = line
		for i, f := range fields {
			if !utf8.ValidString(f) {
				return row{}, errors.Errorf("datasets: %s, line %d: field %d is not UTF-8; is the file in another encoding?", name, line, i)
			}
			fields[i] = strings.Clone(f) // a field kept keeps no row
		}
		return row{fields, line}, nil
	}}
	return rows.begin(c.Header, c.Names)
}

// placed is an error of csv.Reader with its place in the file.
func placed(err error, name string, s *source) error {
	var syntax *csv.ParseError
	switch {
	case err == io.EOF || errors.Is(err, errRation):
		return err
	case errors.Is(err, csv.ErrQuote) && errors.As(err, &syntax):
		return errors.Errorf("datasets: %s, line %d: a field in quotation marks, of the row that begins in line %d, does not end, or has "+
			"a quotation mark inside, which is to be written twice", name, s.lineOf(syntax.Line), s.lineOf(syntax.StartLine))
	case errors.Is(err, csv.ErrBareQuote) && errors.As(err, &syntax):
		return errors.Errorf("datasets: %s, line %d: a field has a quotation mark inside: write it twice, and the whole field in quotation marks",
			name, s.lineOf(syntax.Line))
	case errors.As(err, &syntax):
		return errors.Wrapf(syntax.Err, "datasets: %s, line %d", name, s.lineOf(syntax.Line))
	}
	return errors.Wrapf(err, "datasets: %s", name)
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

// Read reads from r; name is what errors call it. Lines that are empty are passed over; CoNLL is for files where they
// end a sentence.
func (c TSV) Read(r io.Reader, name string) (*Rows, error) {
	decimals, err := newDecimals(c.Decimal, '\t', name)
	if err != nil {
		return nil, err
	}
	lines := newLineReader(r, name, c.MaxRecord)
	rows := &Rows{name: name, comma: '\t', missing: c.Missing, decimals: decimals, read: func() (row, error) {
		for {
			line, ok := lines.next()
			if !ok {
				if lines.err == nil {
					return row{}, io.EOF
				}
				return row{}, lines.err
			}
			if len(line) > 0 {
				return row{strings.Split(string(line), "\t"), lines.line}, nil
			}
		}
	}}
	return rows.begin(c.Header, c.Names)
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

// errRation is wrapped by the error of a row that is too long.
var errRation = errors.New("is a quotation mark not closed?")

// rationed gives out no more than left bytes of a source.
type rationed struct {
	source *source
	name   string
	max    int
	left   int
	line   int // where the row before began
}

func (s *rationed) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, errors.WithMessagef(errRation, "datasets: %s, after line %d: a row of more than %d bytes", s.name, s.line, s.max)
	}
	n, err := s.source.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}
