package datasets

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/pkg/errors"
)

// Rows are the rows of a table, read one at a time: of CSV or TSV.
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
// A column without a name, such as the index that pandas writes, is found by its number: Text("0"). There may be
// several.
//
// With HeaderDetect, HasHeader tells whether the first row was taken for a header. It is one if it has one of the
// reader's Names. Otherwise, its filled fields must differ and be neither numbers nor missing values, and one of these
// must hold for the next 200 rows:
//
//   - Some column has only numbers there. If the column has no name, these numbers must count the rows.
//   - No column contains its name again there, and either the values of some column repeat, as labels do (at most
//     one in 50 occurs only once), or all names are words of letters, digits, - and _, and some field below is not
//     such a word.
type Rows struct {
	name     string
	comma    rune
	missing  []string
	decimals *decimals           // nil where they are points
	read     func() (row, error) // io.EOF at the end; other errors say where
	close    func() error
	header   bool
	columns  []string
	index    map[string]int
	ahead    []row // read to detect a header
	now      row
	err      error
}

// row is a row with the number of the line that it begins in.
type row struct {
	fields []string
	line   int
}

// Columns are the names of the columns; "" is one without a name.
func (r *Rows) Columns() []string { return append([]string{}, r.columns...) }

// HasHeader tells whether the first row of the file was taken for a header.
func (r *Rows) HasHeader() bool { return r.header }

// Comma is the separator of the fields.
func (r *Rows) Comma() rune { return r.comma }

// Fields are the fields of the current row, in the order of the columns. They are yours to keep.
func (r *Rows) Fields() []string { return append([]string{}, r.now.fields...) }

// Line is the number of the line that the current row begins in, counted from 1.
func (r *Rows) Line() int { return r.now.line }

// Err is the first error.
func (r *Rows) Err() error { return r.err }

// Text is a field of the current row, as it is in the file but for decimal commas. An unknown name is an error.
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

// Missing tells whether a field is empty or one of the marks for a missing value.
func (r *Rows) Missing(column string) bool { return isMissing(r.Text(column), r.missing) }

// Number is a field as a number; NaN if it is missing. Anything else is an error, an infinite number too.
func (r *Rows) Number(column string) float64 {
	text := r.Text(column)
	if r.err != nil {
		return math.NaN()
	}
	return r.number(text, column)
}

func (r *Rows) number(text, column string) float64 {
	v, err := parseNumber(text, r.missing)
	if err != nil {
		r.fail("column %q: %v", column, err)
	}
	return v
}

// Numbers reads the remaining rows of some columns, or of all, as the values of a Series: row-major.
func (r *Rows) Numbers(columns ...string) ([]float64, error) {
	var values []float64
	for r.Next() {
		for _, c := range columns {
			values = append(values, r.Number(c))
		}
		if len(columns) > 0 {
			continue
		}
		for i, c := range r.columns {
			values = append(values, r.number(r.At(i), c))
		}
	}
	return values, r.Err()
}

// Next moves to the next row. It returns false at the end and after an error.
func (r *Rows) Next() bool {
	if r.read == nil && r.err == nil {
		r.err = errNotOpened
	}
	if r.err != nil {
		return false
	}
	if len(r.ahead) > 0 {
		r.now, r.ahead = r.ahead[0], r.ahead[1:]
	} else {
		now, err := r.read()
		if err != nil {
			if err != io.EOF {
				r.err = err
			}
			return false
		}
		r.now = now
	}
	if len(r.now.fields) != len(r.columns) {
		hint := ""
		if len(r.now.fields) > len(r.columns) && r.comma != '\t' {
			hint = fmt.Sprintf("; a field with %q in it must stand in quotation marks", r.comma)
		}
		r.fail("%d fields; want %d as in the first row%s", len(r.now.fields), len(r.columns), hint)
		return false
	}
	if err := r.decimals.read(r.now.fields, r.columns, r.now.line); err != nil {
		r.fail("%v", err)
		return false
	}
	return true
}

// Close closes the file. Rows of a reader leave it open.
func (r *Rows) Close() error {
	if r == nil || r.close == nil {
		return nil
	}
	return errors.Wrap(r.close(), "datasets")
}

func (r *Rows) fail(format string, args ...any) {
	if r.err == nil {
		r.err = errors.WithMessagef(errors.Errorf(format, args...), "datasets: %s, line %d", r.name, r.now.line)
	}
}

// begin takes the header and returns r.
func (r *Rows) begin(header int, names []string) (*Rows, error) {
	if header < HeaderYes || header > HeaderDetect {
		return nil, errors.Errorf("datasets: %s: header %d; want HeaderYes, HeaderNo or HeaderDetect", r.name, header)
	}
	if err := r.look(header == HeaderDetect); err != nil {
		return nil, err
	}
	if r.decimals != nil {
		for _, row := range r.ahead {
			r.decimals.look(row.fields)
		}
	}
	first := r.ahead[0].fields
	r.header = header == HeaderYes || header == HeaderDetect && isHeader(r.ahead, names, r.missing)
	if r.header {
		r.columns, r.ahead = first, r.ahead[1:]
	} else {
		for i := range first {
			r.columns = append(r.columns, strconv.Itoa(i))
		}
	}
	r.index = make(map[string]int, len(r.columns))
	for i, c := range r.columns {
		if j, ok := r.index[c]; ok && c != "" {
			return nil, errors.Errorf("datasets: %s: columns %d and %d are both named %.40q", r.name, j, i, c)
		}
		r.index[c] = i
	}
	delete(r.index, "")
	for i, c := range r.columns {
		if _, taken := r.index[strconv.Itoa(i)]; c == "" && !taken {
			r.index[strconv.Itoa(i)] = i
		}
	}
	return r, nil
}

// look reads the first row, and with more, those below by which a header is detected: up to defaultRecord bytes of them.
func (r *Rows) look(more bool) error {
	for size := 0; len(r.ahead) == 0 || more && len(r.ahead) <= headerRows && size < defaultRecord; {
		next, err := r.read()
		switch {
		case err == io.EOF && len(r.ahead) == 0:
			return errors.Errorf("datasets: %s is empty", r.name)
		case err != nil && len(r.ahead) == 0:
			return err
		case err != nil: // comes after the rows before it
			r.read = func() (row, error) { return row{}, err }
			return nil
		}
		r.ahead = append(r.ahead, next)
		for _, f := range next.fields {
			size += len(f)
		}
	}
	return nil
}
