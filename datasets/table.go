package datasets

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// Whether a table's first row has the names of its columns.
const (
	HeaderYes    = iota
	HeaderNo     // columns are named "0", "1", ...
	HeaderDetect // by the first rows, see Rows
)

// detectRows is how many rows a header is detected by.
const detectRows = 20

// Rows are the rows of a table, read one at a time: of CSV, TSV or JSONL.
//
//	rows, err := datasets.CSV{}.Open("reviews.csv")
//	defer rows.Close()
//	for rows.Next() {
//		use(rows.Text("review"), rows.Text("label"))
//	}
//	err = rows.Err()
//
// Errors stick: after one, Next returns false, and Err tells the file, the line and what is wrong.
//
// With HeaderDetect, the first row is a header if its fields are filled, differ and are no numbers, and some column has
// only numbers in the rows below, or else, its fields are words of letters, digits, - and _ that their own columns do
// not have in the next 20 rows, and below some field is no such word.
type Rows struct {
	name    string
	read    func() (row, error) // io.EOF at the end
	close   func() error
	columns []string
	index   map[string]int
	ahead   []row // read to detect a header
	now     row
	err     error
}

// row is a row with the number of the line that it begins in.
type row struct {
	fields []string
	line   int
}

// Columns are the names of the columns.
func (r *Rows) Columns() []string { return append([]string{}, r.columns...) }

// Fields are the fields of the current row, in the order of the columns. They are yours to keep.
func (r *Rows) Fields() []string { return append([]string{}, r.now.fields...) }

// Line is the number of the line that the current row begins in, counted from 1.
func (r *Rows) Line() int { return r.now.line }

// Err is the first error.
func (r *Rows) Err() error { return r.err }

// Text is a field of the current row, as it is in the file. A name that is no column's is an error.
func (r *Rows) Text(column string) string {
	i, ok := r.index[column]
	if !ok {
		r.fail("no column %q; there are %.200q", column, r.columns)
		return ""
	}
	return r.At(i)
}

// At is the field of that number, counted from 0.
func (r *Rows) At(i int) string {
	if i < 0 || i >= len(r.now.fields) {
		r.fail("no field %d; there are %d, counted from 0", i, len(r.now.fields))
		return ""
	}
	return r.now.fields[i]
}

// Number is a field as a number; NaN if it is empty, NA, NaN or null. Anything else is an error.
func (r *Rows) Number(column string) float64 {
	text := r.Text(column)
	v, ok := number(text)
	if !ok {
		r.fail("%.40q in column %q is not a number", text, column)
		return math.NaN()
	}
	return v
}

// number reads a number or a mark for a missing one.
func number(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "", "na", "nan", "null":
		return math.NaN(), true
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// Numbers reads the remaining rows of some columns, or of all, as the values of a Series: row-major.
func (r *Rows) Numbers(columns ...string) ([]float64, error) {
	if len(columns) == 0 {
		columns = r.columns
	}
	var values []float64
	for r.Next() {
		for _, c := range columns {
			values = append(values, r.Number(c))
		}
	}
	return values, r.Err()
}

// Next moves to the next row. It returns false at the end and after an error.
func (r *Rows) Next() bool {
	if r.err != nil {
		return false
	}
	if len(r.ahead) > 0 {
		r.now, r.ahead = r.ahead[0], r.ahead[1:]
		return true
	}
	now, err := r.read()
	if err != nil {
		r.end(err)
		return false
	}
	r.now = now
	return true
}

// Close closes the file. Rows of a reader leave it open.
func (r *Rows) Close() error {
	if r.close == nil {
		return nil
	}
	return errors.Wrap(r.close(), "datasets")
}

// end takes the error that ended the rows.
func (r *Rows) end(err error) {
	var syntax *csv.ParseError
	switch {
	case err == io.EOF:
	case strings.HasPrefix(err.Error(), "datasets: "): // it says where
		r.err = err
	case errors.As(err, &syntax):
		r.err = errors.Wrapf(syntax.Err, "datasets: %s, line %d", r.name, syntax.Line)
	default:
		r.err = errors.Wrapf(err, "datasets: %s", r.name)
	}
}

func (r *Rows) fail(format string, args ...any) {
	if r.err == nil {
		r.err = errors.WithMessagef(errors.Errorf(format, args...), "datasets: %s, line %d", r.name, r.now.line)
	}
}

// begin takes the header and returns r.
func (r *Rows) begin(header int) (*Rows, error) {
	if header < HeaderYes || header > HeaderDetect {
		return nil, errors.Errorf("datasets: %s: header %d; want HeaderYes, HeaderNo or HeaderDetect", r.name, header)
	}
	most := 1
	if header == HeaderDetect {
		most = 1 + detectRows
	}
	for len(r.ahead) < most {
		next, err := r.read()
		if err != nil && err != io.EOF && len(r.ahead) == 0 {
			r.end(err)
			return nil, r.err
		}
		if err != nil { // comes after the rows before it
			r.read = func() (row, error) { return row{}, err }
			break
		}
		r.ahead = append(r.ahead, next)
	}
	if len(r.ahead) == 0 {
		return nil, errors.Errorf("datasets: %s is empty", r.name)
	}
	first := r.ahead[0].fields
	if header == HeaderYes || header == HeaderDetect && isHeader(r.ahead) {
		r.columns, r.ahead = first, r.ahead[1:]
	} else {
		for i := range first {
			r.columns = append(r.columns, strconv.Itoa(i))
		}
	}
	r.index = make(map[string]int, len(r.columns))
	for i, c := range r.columns {
		if j, ok := r.index[c]; ok {
			return nil, errors.Errorf("datasets: %s: columns %d and %d are both named %.40q", r.name, j, i, c)
		}
		r.index[c] = i
	}
	return r, nil
}

// isHeader says whether the first of some rows is a header, as Rows tells.
func isHeader(rows []row) bool {
	first, below := rows[0].fields, rows[1:]
	if len(below) == 0 {
		return false
	}
	seen := map[string]bool{}
	for _, f := range first {
		if _, isNumber := number(f); isNumber || seen[f] {
			return false
		}
		seen[f] = true
	}
	numeric, words, repeated := false, true, false
	other := false // some field below is no word
	for i, f := range first {
		words = words && isWord(f)
		all := true
		for _, r := range below {
			if i >= len(r.fields) {
				continue
			}
			_, isNumber := number(r.fields[i])
			all = all && isNumber && r.fields[i] != ""
			repeated = repeated || r.fields[i] == f
			other = other || !isWord(r.fields[i])
		}
		numeric = numeric || all
	}
	return numeric || words && other && !repeated
}

func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if !joinsWords(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != ""
}
